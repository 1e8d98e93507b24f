public import OuterloopStudy
internal import Synchronization

/// A row of the table of the store laws: a name, and how to make an empty store.
public struct StoreCase: Sendable, CustomStringConvertible {
  /// The name of the row.
  public let name: String
  /// Makes an empty store with the given clock.
  public let make: @Sendable (_ clock: @escaping @Sendable () -> Double) throws -> any StudyStore

  /// A row of the table.
  public init(
    _ name: String,
    make: @escaping @Sendable (_ clock: @escaping @Sendable () -> Double) throws -> any StudyStore
  ) {
    self.name = name
    self.make = make
  }

  public var description: String { name }

  /// The store in memory.
  public static let memory = StoreCase("memory") { MemoryStore(clock: $0) }
}

/// A clock that advances only when moved.
final class ManualClock: Sendable {
  private let time = Mutex(1_700_000_000.0)

  var now: Double { time.withLock { $0 } }
  func move(by seconds: Double) { time.withLock { $0 += seconds } }
}

/// A study in an empty store of a case, with the operations that the laws use.
struct StoreTrial {
  let store: any StudyStore
  let clock = ManualClock()
  let study: StudyID
  let space: SearchSpace
  let name: String

  init(_ row: StoreCase, maxAttempts: Int = 3) async throws {
    let clock = clock
    store = try row.make { clock.now }
    name = row.name
    space = try Self.space()
    study = try await store.create(Self.specification("study", maxAttempts: maxAttempts))
  }

  static func space() throws -> SearchSpace {
    try SearchSpace(
      [
        ParameterDeclaration("x", .float(NumericRange(-1, 1))),
        ParameterDeclaration("units", .int(1, 1 << 52)),
        ParameterDeclaration("act", .categorical(["relu", "t\"a\\n\u{1}h", "über🙂", true, 1.5])),
        ParameterDeclaration("size", .ordinal([16.0, 32.0, 64.5])),
        ParameterDeclaration("momentum", .float(NumericRange(0, 1)), if: "act == relu"),
        ParameterDeclaration("device", .constant("cpu")),
      ], forbidden: ["x > 0.9 and units > 10"])
  }

  static func specification(_ name: String, maxAttempts: Int = 3) throws -> StudySpecification {
    try StudySpecification(
      name: name, space: space(), objectives: [.minimize("loss"), .maximize("accuracy")],
      method: MethodDescription("random", ["gamma": 0.5, "text": "a", "flag": true, "n": 3]),
      seed: .max, epochs: 9, budget: Budget(trials: 10, seconds: 0.5), retries: 1,
      maxAttempts: maxAttempts, attributes: ["command": "python \"train.py\"", "ü": ""])
  }

  func assignment(_ u: Double = 0.5) throws -> Assignment {
    let found = space.assignment { _, domain in domain.value(atUnit: u) }
    guard let found else { throw StoreLaws.Violation("\(name): no configuration") }
    return found
  }

  func suggestion(_ u: Double = 0.5, through: Int = 9) throws -> Event.Kind {
    .suggested(try assignment(u), through: through, seen: 0)
  }

  /// A new trial that is claimed.
  func begin(lease: Double = 10) async throws -> Claim {
    let claim = try await store.add(
      suggestion(), asTrial: nil, to: study, claimedBy: Claimant(worker: "w", lease: lease))
    guard let claim else {
      throw StoreLaws.Violation("\(name): a trial without a wish for a number is refused")
    }
    return claim
  }

  func append(_ kinds: Event.Kind..., to trial: Int) async throws -> Acceptance {
    try await store.append(kinds, to: trial, of: study)
  }

  func trial(_ number: Int) async throws -> Trial {
    let found = try await store.trials(of: study, matching: TrialQuery(from: number, limit: 1))
    guard let trial = found.first else { throw StoreLaws.Violation("\(name): no trial \(number)") }
    return trial
  }

  func events() async throws -> [Event] {
    try await store.events(of: study, after: 0, limit: .max)
  }

  func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    if !holds { throw StoreLaws.Violation("\(name): \(what())") }
  }

  /// The store's trials equal the fold of its events.
  func requireConsistent() async throws {
    let events = try await events()
    try require(events.map(\.revision) == Array(1..<events.count + 1), "revisions have gaps")
    var history = History()
    for event in events {
      do { try history.take(event) } catch {
        try require(false, "\(event) is in the log: \(error)")
      }
    }
    let listed = try await store.trials(of: study, matching: TrialQuery())
    try require(
      listed.map(comparable) == history.trials.map(comparable),
      "the list \(listed) is not the sum of the events \(history.trials)")
    var bare = history.trials
    for index in bare.indices { bare[index].reports = [] }
    let newest = try await store.trials(
      of: study, matching: TrialQuery(newestFirst: true, reports: false))
    try require(newest.map(comparable) == bare.reversed().map(comparable), "newest first")
    let summary = try await store.summary(of: study)
    var counts: [TrialState.Kind: Int] = [:]
    for trial in history.trials { counts[trial.state.kind, default: 0] += 1 }
    try require(summary.counts == counts, "the summary counts \(summary.counts), not \(counts)")
    try require(summary.revision == events.count, "the summary's revision \(summary.revision)")
    try require(summary.lastEvent == events.last?.time, "the summary's last event")
    let best = history.best(for: .minimize("loss"))
    try require(
      summary.best?.trial == best?.number && summary.best?.value == best?.values?.first,
      "the summary's best \(String(describing: summary.best))")
  }

  /// NaN is not equal to itself: texts are. The sign of zero may be lost.
  private func comparable(_ trial: Trial) -> String {
    let reports = trial.reports.map { report in
      let values = report.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value + 0)" }
      return "\(report.epoch) \(values) \(String(describing: report.seconds))"
    }
    var rest = trial
    rest.reports = []
    return "\(rest) \(trial.assignment.values) \(reports)"
  }
}
