import Foundation
import Outerloop
import OuterloopTesting

/// Studies without a store, driven line by line by another program:
///
///     {"open": {"space": ..., "objectives": [{"metric": "f", "direction": "minimize"}],
///               "sampler": "tpe", "options": {}, "seed": 1}}       -> {"opened": true}
///     {"ask": true}                                 -> {"number": 0, "params": {...}} or {"exhausted": true}
///     {"enqueue": {"x": 1}}                         -> {"number": 1, "params": {"x": 1}}
///     {"tell": 0, "values": [1.5]}                  -> {"told": true}
///     {"tell": 0, "failed": "error"}                -> {"told": true}
///     {"prune": 0, "epoch": 3, "values": [1.5]}     -> {"told": true}
///
/// `"study": "name"` in a line says which of several studies it is about. Values that JSON cannot
/// write are "inf", "-inf" and "nan". Mistakes are answered by {"error": "..."}.
struct SamplerServer {
  private struct Opening: Decodable {
    var space: SearchSpace
    var objectives: [Objective]
    var sampler: String
    var options: [String: ParameterValue]?
    var seed: UInt64
  }

  private struct Line: Decodable {
    var study: String?
    var open: Opening?
    var ask: Bool?
    var enqueue: [String: ParameterValue]?
    var tell: Int?
    var prune: Int?
    var epoch: Int?
    var values: [Double]?
    var failed: FailureReason?
  }

  private struct Asked: Encodable {
    var number: Int
    var params: [String: ParameterValue]
  }

  private var studies: [String: SearchSimulation] = [:]

  mutating func run() throws {
    let pipe = LinePipe()
    while let line = readLine() {
      do {
        try answer(pipe.decode(Line.self, line), pipe)
      } catch {
        try pipe.send(["error": "\(error)"])
      }
    }
  }

  private mutating func answer(_ line: Line, _ pipe: LinePipe) throws {
    let name = line.study ?? ""
    if let opening = line.open {
      let method = try SearchMethod.named(
        MethodDescription(opening.sampler, opening.options ?? [:]))
      studies[name] = try SearchSimulation(
        StudySpecification(
          name: "served", space: opening.space, objectives: opening.objectives,
          method: method.description, seed: opening.seed), method)
      return try pipe.send(["opened": true])
    }
    guard let specification = studies[name]?.specification, let count = studies[name]?.trials.count
    else { return try pipe.send(["error": "open study `\(name)` first"]) }
    if line.ask == true {
      guard let trial = try studies[name]?.ask() else {
        return try pipe.send(["exhausted": true])
      }
      return try pipe.send(asked(trial))
    }
    if let given = line.enqueue {
      let assignment = try specification.space.assignment(given)
      try studies[name]?.take(.enqueued(assignment, through: 1), of: count)
      try studies[name]?.take(.claimed(attempt: 1, worker: "w"), of: count)
      if let trial = studies[name]?.trials[count] { try pipe.send(asked(trial)) }
      return
    }
    guard let number = line.tell ?? line.prune, 0..<count ~= number else {
      return try pipe.send(["error": "there is no such trial"])
    }
    if line.tell != nil {
      try studies[name]?.tell(
        number, line.failed.map { .failed($0, message: nil) } ?? .complete(line.values ?? []))
    } else {
      if let values = line.values {
        let metrics = specification.objectives.map(\.metric)
        let report = Report(
          epoch: line.epoch ?? 1, Dictionary(uniqueKeysWithValues: zip(metrics, values)))
        try studies[name]?.take(.reported(attempt: 1, report), of: number)
      }
      try studies[name]?.take(.finished(attempt: 1, .pruned), of: number)
    }
    try pipe.send(["told": true])
  }

  private func asked(_ trial: Trial) -> Asked {
    Asked(
      number: trial.number,
      params: Dictionary(uniqueKeysWithValues: trial.assignment.active.map { ($0.name, $0.value) }))
  }
}
