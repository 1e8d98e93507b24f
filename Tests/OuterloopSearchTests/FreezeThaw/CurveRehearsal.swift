import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting

/// A study whose trials are trained epoch by epoch, with checkpoints.
struct CurveRehearsal {
  var study: SearchSimulation
  let loss: @Sendable (Assignment, Int) -> Double

  init(
    _ specification: StudySpecification, by method: SearchMethod = .freezeThaw(),
    loss: @escaping @Sendable (Assignment, Int) -> Double
  ) throws {
    study = try SearchSimulation(specification, method)
    self.loss = loss
  }

  /// Trains a trial through the epoch that it is to reach, and lets it rest or end there.
  mutating func train(_ trial: Trial) throws {
    let metric = study.specification.objectives[0].metric
    for epoch in trial.epoch + 1...trial.through {
      let value = loss(trial.assignment, epoch)
      try study.take(
        .reported(attempt: trial.attempt, Report(epoch: epoch, [metric: value])), of: trial.number)
      guard value.isFinite else {
        return try study.take(
          .finished(attempt: trial.attempt, .failed(.invalid, message: nil)), of: trial.number)
      }
      try study.take(.checkpointed(attempt: trial.attempt, epoch: epoch), of: trial.number)
    }
    let end = study.trials[trial.number].end(
      of: trial.attempt, with: study.trials[trial.number].lastReport, in: study.specification)
    try study.take(end, of: trial.number)
  }

  /// Goes on until so many epochs are trained or there is nothing left to do, `workers` trials at a time: the one
  /// that began first ends first.
  mutating func run(epochs: Int, workers: Int = 1) throws {
    var running: [Trial] = []
    while study.history.epochs + running.count < epochs {
      guard let trial = try study.ask() else {
        guard !running.isEmpty else { return }
        try train(running.removeFirst())
        continue
      }
      running.append(trial)
      if running.count == workers { try train(running.removeFirst()) }
    }
    for trial in running { try train(trial) }
  }

  /// What was decided, step by step.
  var decisions: [String] {
    study.events.compactMap { event in
      switch event.kind {
      case .suggested(let assignment, let through, _): "\(event.trial) \(assignment) \(through)"
      case .continued(let through, _): "\(event.trial) \(through)"
      default: nil
      }
    }
  }
}

extension StudySpecification {
  /// A study of curves.
  static func curves(
    _ space: SearchSpace, _ objective: Objective = .minimize("loss"), epochs: Int,
    budget: Budget = Budget(), seed: UInt64 = 1
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: space, objectives: [objective],
      method: SearchMethod.freezeThaw().description, seed: seed, epochs: epochs, budget: budget)
  }
}

/// Falls from 1 to its distance from 0.3 in all active numbers, faster for larger ones.
@Sendable func fallingLoss(_ assignment: Assignment, _ epoch: Int) -> Double {
  let numbers = assignment.values.compactMap { $0?.number }
  let distance = numbers.reduce(0) { $0 + ($1 - 0.3) * ($1 - 0.3) }
  let rate = 0.2 + 0.5 * (numbers.first ?? 0)
  return distance + (1 - min(distance, 1)) * exp(-rate * Double(epoch))
}
