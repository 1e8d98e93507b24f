import Foundation
import Outerloop
import OuterloopTesting

/// One study, driven line by line by another program:
///
///     {"open": {"space": ..., "objectives": [{"metric": "f", "direction": "minimize"}],
///               "sampler": "tpe", "options": {}, "seed": 1}}       -> {"opened": true}
///     {"ask": true}                                 -> {"number": 0, "params": {...}} or {"exhausted": true}
///     {"enqueue": {"x": 1}}                         -> {"number": 1, "params": {"x": 1}}
///     {"tell": 0, "values": [1.5]}                  -> {"told": true}
///     {"tell": 0, "failed": "error"}                -> {"told": true}
///     {"prune": 0, "epoch": 3, "values": [1.5]}     -> {"told": true}
///
/// Mistakes are answered by {"error": "..."}.
struct SamplerServer {
  private struct Opening: Decodable {
    var space: SearchSpace
    var objectives: [Objective]
    var sampler: String
    var options: [String: ParameterValue]?
    var seed: UInt64
  }

  private struct Line: Decodable {
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

  private var study: Rehearsal?

  mutating func run() throws {
    while let line = readLine() {
      do {
        try answer(JSONDecoder().decode(Line.self, from: Data(line.utf8)))
      } catch {
        try send(["error": "\(error)"])
      }
    }
  }

  private mutating func answer(_ line: Line) throws {
    if let opening = line.open {
      let method = try SearchMethod.named(
        MethodDescription(opening.sampler, opening.options ?? [:]))
      study = try Rehearsal(
        StudySpecification(
          name: "served", space: opening.space, objectives: opening.objectives,
          method: method.description, seed: opening.seed), method)
      return try send(["opened": true])
    }
    guard study != nil else { return try send(["error": "open a study first"]) }
    if line.ask == true {
      guard let trial = try study?.ask() else { return try send(["exhausted": true]) }
      return try send(asked(trial))
    }
    if let given = line.enqueue, let space = study?.specification.space {
      let number = study?.trials.count ?? 0
      study?.take(.enqueued(try space.assignment(given), through: 1), of: number)
      study?.take(.claimed(attempt: 1, worker: "w"), of: number)
      if let trial = study?.trials[number] { try send(asked(trial)) }
      return
    }
    if let number = line.tell {
      study?.tell(
        number,
        line.failed.map { .failed($0, message: nil) } ?? .complete(line.values ?? []))
    } else if let number = line.prune, let metrics = study?.specification.objectives.map(\.metric) {
      if let values = line.values {
        let report = Report(
          epoch: line.epoch ?? 1, Dictionary(uniqueKeysWithValues: zip(metrics, values)))
        study?.take(.reported(attempt: 1, report), of: number)
      }
      study?.take(.finished(attempt: 1, .pruned), of: number)
    }
    try send(["told": true])
  }

  private func asked(_ trial: Trial) -> Asked {
    Asked(
      number: trial.number,
      params: Dictionary(uniqueKeysWithValues: trial.assignment.active.map { ($0.name, $0.value) }))
  }

  private func send(_ value: some Encodable) throws {
    print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    fflush(nil)
  }
}
