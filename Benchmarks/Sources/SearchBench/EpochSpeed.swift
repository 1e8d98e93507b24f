import Foundation
import Outerloop
import OuterloopTesting

/// Suggestions of a scheduler that goes on epoch by epoch, after a history that it is given on standard input:
///
///     {"space": ["lr=float(1e-5, 0.1, log)", ...], "metric": "accuracy", "minimize": false, "epochs": 50,
///      "history": [{"params": {"lr": 0.001}, "values": [0.5, 0.6]}, ...]}
///
/// A step is a suggestion and its report, whose value is that of the trial before or the history's first; the first
/// step, which fits the model of all the history, comes first.
struct EpochSpeed {
  let scheduler: String
  let steps: Int
  let seed: UInt64

  private struct Past: Decodable {
    struct Curve: Decodable {
      var params: [String: ParameterValue]
      var values: [Double]
    }

    var space: [String]
    var metric: String
    var minimize: Bool
    var epochs: Int
    var history: [Curve]
  }

  func run() throws -> String {
    let past = try JSONDecoder().decode(
      Past.self, from: FileHandle.standardInput.readDataToEndOfFile())
    let description = try ComponentDescription(parsing: scheduler)
    let kind = try SchedulerKind.named(description.name)
    let method = try SearchMethod.named(
      MethodDescription(
        ComponentDescription(kind.choosesConfigurations ? "none" : "random"), scheduler: description
      ))
    let specification = try StudySpecification(
      name: "speed", space: SearchSpace(past.space.map { try ParameterDeclaration(parsing: $0) }),
      objectives: [past.minimize ? .minimize(past.metric) : .maximize(past.metric)],
      method: method.description, seed: seed, epochs: past.epochs,
      budget: Budget(epochs: past.history.reduce(steps) { $0 + $1.values.count }))
    var study = try SearchSimulation(specification, method)
    for (number, curve) in past.history.enumerated() {
      let assignment = try specification.space.assignment(curve.params)
      try study.take(.enqueued(assignment, through: curve.values.count), of: number)
      try study.take(.claimed(attempt: 1, worker: "w"), of: number)
      try report(curve.values, through: curve.values.count, on: study.trials[number], &study)
    }
    var seconds: [Double] = []
    let clock = ContinuousClock()
    for _ in 0..<steps {
      let start = clock.now
      guard let trial = try study.ask() else { break }
      let value = trial.reports.last?.values[past.metric] ?? past.history[0].values[0]
      try report([value], through: trial.through, on: trial, &study)
      seconds.append(start.duration(to: clock.now) / .seconds(1))
    }
    let fields: [String: Any] = [
      "scheduler": scheduler, "trials": study.trials.count,
      "epochs": study.history.epochs, "seconds": seconds,
    ]
    let json = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    return String(decoding: json, as: UTF8.self)
  }

  private func report(
    _ values: [Double], through epoch: Int, on trial: Trial, _ study: inout SearchSimulation
  ) throws {
    let metric = study.specification.objectives[0].metric
    for (place, value) in values.enumerated() {
      try study.take(
        .reported(
          attempt: trial.attempt, Report(epoch: trial.epoch + place + 1, [metric: value])),
        of: trial.number)
    }
    try study.take(.checkpointed(attempt: trial.attempt, epoch: epoch), of: trial.number)
    let end = study.trials[trial.number].end(
      of: trial.attempt, with: study.trials[trial.number].lastReport, in: study.specification)
    try study.take(end, of: trial.number)
  }
}
