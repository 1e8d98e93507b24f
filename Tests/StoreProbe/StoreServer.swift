import Foundation
import OuterloopPlatform
import OuterloopPostgres
import OuterloopStore
import OuterloopStudy
import Synchronization

/// A store, driven line by line by another program. Studies have objectives `v0`, `v1`, ... and a
/// space of one constant: what is kept here is all of a trial but its configuration.
///
///     {"do": "create", "name": "s", "directions": ["minimize"]}   -> {"study": 1}
///     {"do": "studies"}          -> {"studies": [{"study": 1, "name": "s", "directions": [...], "attributes": {}}]}
///     {"do": "delete", "study": 1}                                -> {"done": true}
///     {"do": "attributes", "study": 1, "set": {"key": "text"}}    -> {"done": true}
///     {"do": "add", "study": 1, "claim": true}                    -> {"number": 0}
///     {"do": "claim" | "release" | "prune" | "fail", "study": 1, "trial": 0}
///     {"do": "report", "study": 1, "trial": 0, "epoch": 1, "values": [0.5]}
///     {"do": "complete", "study": 1, "trial": 0, "values": [0.5]} -> {"done": true} or {"refused": "finished"}
///     {"do": "trials", "study": 1, "states": ["complete"], "from": 0, "limit": 10}
///     {"do": "summary", "study": 1}
///     {"do": "import", "path": "optuna.db", "name": "s"}          -> {"study": 2}
///     {"do": "export", "study": 2, "path": "new.db"}              -> {"done": true}
///
/// `"time"` in a line is what the store's clock shows for it. Mistakes are answered by
/// {"error": "..."}. Numbers that JSON cannot write are "inf", "-inf", "nan".
struct StoreServer {
  private struct Line: Decodable {
    var `do`: String
    var study: Int?
    var name: String?
    var directions: [Objective.Direction]?
    var set: [String: String]?
    var trial: Int?
    var claim: Bool?
    var epoch: Int?
    var values: [Double]?
    var states: Set<TrialState.Kind>?
    var from: Int?
    var limit: Int?
    var path: String?
    var time: Double?
  }

  private struct Answer: Encodable {
    struct Study: Encodable {
      var study: Int
      var name: String
      var directions: [Objective.Direction]
      var attributes: [String: String]
    }
    struct Trial: Encodable {
      struct Report: Encodable {
        var epoch: Int
        var values: [String: Double]
      }
      var number: Int
      var state: String
      var created: Double
      var started: Double?
      var ended: Double?
      var values: [Double]?
      var reports: [Report]
    }
    var done: Bool?
    var refused: String?
    var study: Int?
    var number: Int?
    var studies: [Study]?
    var trials: [Trial]?
    var counts: [TrialState.Kind: Int]?
    var best: Int?
  }

  /// What the store's clock shows; nil: the machine's time.
  private final class Clock: Sendable {
    let shown = Mutex<Double?>(nil)
    func now() -> Double { shown.withLock { $0 } ?? SystemClock.now() }
  }

  private let clock: Clock
  private let store: any RestoringStore
  private let encoder = JSONEncoder()
  private let decoder = JSONDecoder()

  /// Opens the store in the file, or at the URL, `path`; creates it if there is none.
  init(path: String) throws {
    let clock = Clock()
    self.clock = clock
    if let address = PostgresAddress(path) {
      store = try PostgresStore(address, .create) { clock.now() }
    } else {
      store = try SQLiteStore(path, .create) { clock.now() }
    }
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }

  /// Answers lines until there are no more.
  func run() async throws {
    while let text = readLine() {
      do {
        let line = try decoder.decode(Line.self, from: Data(text.utf8))
        clock.shown.withLock { $0 = line.time }
        try send(await answer(line))
      } catch {
        try send(["error": "\(error)"])
      }
    }
  }

  private func send(_ value: some Encodable) throws {
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  private func answer(_ line: Line) async throws -> Answer {
    let study = StudyID(rawValue: line.study ?? 0)
    switch line.do {
    case "create":
      let objectives = (line.directions ?? []).enumerated().map { Objective("v\($0)", $1) }
      let space = try SearchSpace([
        ParameterDeclaration("configuration", .constant("elsewhere"))
      ])
      let made = try await store.create(
        StudySpecification(
          name: line.name ?? "", space: space, objectives: objectives,
          method: MethodDescription("random"), seed: 0))
      return Answer(study: made.rawValue)
    case "studies":
      var all: [Answer.Study] = []
      for id in try await store.studies() {
        let specification = try await store.specification(of: id)
        all.append(
          Answer.Study(
            study: id.rawValue, name: specification.name,
            directions: specification.objectives.map(\.direction),
            attributes: specification.attributes))
      }
      return Answer(studies: all)
    case "delete":
      try await store.delete(study)
    case "attributes":
      let set = line.set ?? [:]
      try await store.update(study) { $0.attributes.merge(set) { $1 } }
    case "add":
      let assignment = try await store.specification(of: study).space.assignment([:])
      let claimant = line.claim == true ? Claimant(worker: "optuna", lease: 1e9) : nil
      let claim = try await store.add(
        .enqueued(assignment, through: 1), asTrial: nil, to: study, claimedBy: claimant)
      return Answer(number: claim?.trial.number)
    case "trials":
      let query = TrialQuery(
        states: line.states, from: line.from ?? 0, limit: line.limit ?? .max)
      let trials = try await store.trials(of: study, matching: query)
      return Answer(trials: trials.map(Self.row))
    case "summary":
      let summary = try await store.summary(of: study)
      return Answer(counts: summary.counts, best: summary.best?.trial)
    case "import":
      let read = try OptunaFile.read(line.path ?? "", study: line.name)
      return Answer(
        study: try await store.restore(read.specification, events: read.events).rawValue)
    case "export":
      try await OptunaFile.write(study, of: store, to: line.path ?? "")
    default:
      return try await append(line, study)
    }
    return Answer(done: true)
  }

  /// An event about a trial, in the name of its last attempt.
  private func append(_ line: Line, _ study: StudyID) async throws -> Answer {
    let number = line.trial ?? -1
    let found = try await store.trials(
      of: study, matching: TrialQuery(from: number, limit: 1, reports: false))
    let attempt = found.first { $0.number == number }?.attempt ?? 0
    let kind: Event.Kind
    switch line.do {
    case "claim": kind = .claimed(attempt: attempt + 1, worker: "optuna")
    case "release": kind = .released(attempt: attempt, .cancelled)
    case "prune": kind = .finished(attempt: attempt, .pruned)
    case "fail": kind = .finished(attempt: attempt, .failed(.error, message: nil))
    case "complete": kind = .finished(attempt: attempt, .complete(line.values ?? []))
    case "report":
      let values = (line.values ?? []).enumerated().map { ("v\($0)", $1) }
      kind = .reported(
        attempt: attempt,
        Report(epoch: line.epoch ?? 1, Dictionary(uniqueKeysWithValues: values)))
    default: throw StudyError("there is no `\(line.do)`", "see the head of this server")
    }
    switch try await store.append([kind], to: number, of: study) {
    case .accepted: return Answer(done: true)
    case .refused(let why): return Answer(refused: why.rawValue)
    }
  }

  private static func row(_ trial: Trial) -> Answer.Trial {
    Answer.Trial(
      number: trial.number, state: trial.state.name, created: trial.created,
      started: trial.started, ended: trial.ended, values: trial.values,
      reports: trial.reports.map { Answer.Trial.Report(epoch: $0.epoch, values: $0.values) })
  }
}
