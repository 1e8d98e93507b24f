import Synchronization
import Testing

@testable import OuterloopStudy

/// When a run gives up because the program, not the configurations, is what fails.
@Suite struct FailureWatchTests {
  /// What becomes of each trial, by its number.
  private struct Scripted: TrialWork {
    var failure: @Sendable (TrialRequest) throws -> TrialFailure?

    func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
      if let failure = try failure(request) { throw failure }
      _ = try await reports.report(Report(["loss": 1]))
    }
  }

  private struct Numbers: Sampler {
    let space: SearchSpace
    mutating func observe(_ event: Event, in history: History) {}
    mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
      try space.assignment(["x": .float(Double(number) / 64), "n": .int(number)])
    }
  }

  private func driver(
    _ limit: FailureLimit, parallel: Int = 1, retries: Int = 0,
    in store: MemoryStore = MemoryStore()
  ) throws -> StudyDriver {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    _ = try space.int("n", 0...99)
    let chosen = space
    let method = SearchMethod(MethodDescription("numbers")) {
      ScheduledSearch(Numbers(space: chosen), FullTraining(epochs: $0.epochs))
    }
    let id =
      try store.studies().first
      ?? store.create(
        StudySpecification(
          name: "s", space: space, objectives: [.minimize("loss")], method: method.description,
          seed: 0, budget: Budget(trials: 30), retries: retries))
    var driver = StudyDriver(id, in: store, by: method)
    driver.failureLimit = limit
    driver.parallel = parallel
    driver.pause = 0.001
    return driver
  }

  private typealias Fails = @Sendable (TrialRequest) -> TrialFailure?

  private static let rows: [(FailureLimit, String, Fails, (trials: Int, isFirst: Bool)?)] = [
    (.standard, "all the same", { _ in TrialFailure(.error, "no such file") }, (3, true)),
    (
      .standard, "each with its number", { TrialFailure(.error, "broken \($0.trial * 7)") },
      (10, false)
    ),
    (
      .standard, "each with its value",
      { TrialFailure(.error, "unknown option --x=\($0.assignment["x"]!), exit status 1.") },
      (3, true)
    ),
    (.standard, "the same number as a value", { _ in TrialFailure(.error, "line 2") }, (3, true)),
    (
      .standard, "the same in kind", { TrialFailure(.invalid, "\($0.trial) is none", way: "none") },
      (3, true)
    ),
    (
      .standard, "two kinds", { TrialFailure($0.trial % 2 == 0 ? .error : .timeout, "x") },
      (10, false)
    ),
    (
      .standard, "memory that depends on the configuration",
      { TrialFailure(.memory, "it used \(500 + 3 * $0.trial) MB") }, (10, false)
    ),
    (
      .standard, "some at the beginning", { $0.trial < 2 ? TrialFailure(.error, "x") : nil }, nil
    ),
    (
      .standard, "every second", { $0.trial % 2 == 0 ? TrialFailure(.error, "x") : nil }, nil
    ),
    (
      .standard, "from the fifth on", { $0.trial > 4 ? TrialFailure(.error, "x") : nil },
      (15, false)
    ),
    (.inARow(5), "five", { _ in TrialFailure(.error, "x") }, (5, false)),
    (.inARow(1), "one", { $0.trial == 6 ? TrialFailure(.error, "x") : nil }, (7, false)),
    (.none, "never", { _ in TrialFailure(.error, "x") }, nil),
  ]

  @Test(arguments: rows.indices) func stops(_ index: Int) async throws {
    let (limit, name, fails, end) = Self.rows[index]
    let driver = try driver(limit)
    let ending = try await driver.run(Scripted(failure: fails))
    let trials = try await driver.store.history(of: driver.study).trials
    guard let end else {
      #expect(ending == .budget && trials.count == 30, "\(name): \(ending)")
      return
    }
    guard case .broken(let breakdown) = ending else {
      Issue.record("\(name): \(ending)")
      return
    }
    #expect(trials.count == end.trials && breakdown.isFirst == end.isFirst, "\(name): \(breakdown)")
    #expect(breakdown.trial == trials.count - 1)
    #expect(breakdown.message == trials.last?.message)
    // Whoever goes on gets a new chance.
    #expect(try await driver.run(Scripted { _ in nil }) == .budget)
    #expect(try await driver.store.history(of: driver.study).trials.count == 30)
  }

  /// Trials that still run are waited for; one that does well shows that the program is sound.
  @Test(arguments: [true, false]) func waitsForTheOthers(doesWell: Bool) async throws {
    let driver = try driver(.standard, parallel: 4)
    struct Slow: TrialWork {
      let doesWell: Bool
      func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
        if request.trial == 0 {
          try await Task.sleep(for: .milliseconds(150))
          if doesWell { _ = try await reports.report(Report(["loss": 1])) }
          if doesWell { return }
        }
        if request.trial > 8, doesWell {
          _ = try await reports.report(Report(["loss": 1]))
          return
        }
        throw TrialFailure(.error, "broken")
      }
    }
    let ending = try await driver.run(Slow(doesWell: doesWell))
    let trials = try await driver.store.history(of: driver.study).trials
    if doesWell {
      #expect(ending == .budget && trials.count == 30)
    } else {
      guard case .broken(let breakdown) = ending else {
        Issue.record("\(ending)")
        return
      }
      #expect(breakdown.isFirst && trials.count <= 8)
      #expect(trials.allSatisfy { $0.state == .failed(.error) })
    }
  }

  /// A trial counts once, however often it was tried.
  @Test func retriesCountOnce() async throws {
    let driver = try driver(.standard, retries: 2)
    _ = try await driver.run(Scripted { _ in TrialFailure(.error, "x") })
    let trials = try await driver.store.history(of: driver.study).trials
    #expect(trials.map(\.attempt) == [3, 3, 3])
  }

  /// Each worker has a place of its own, and keeps it.
  @Test func places() async throws {
    let driver = try driver(.none, parallel: 3)
    let taken = Mutex<[Int: Int]>([:])
    struct Place: TrialWork {
      let run: @Sendable (TrialRequest) -> Void
      func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
        run(request)
        try await Task.sleep(for: .milliseconds(2))
        _ = try await reports.report(Report(["loss": Double(request.slot)]))
      }
    }
    let work = Place { request in taken.withLock { $0[request.slot, default: 0] += 1 } }
    _ = try await driver.run(work)
    let counts = taken.withLock(\.self)
    #expect(Set(counts.keys).isSubset(of: [0, 1, 2]) && counts.values.reduce(0, +) == 30)
    for trial in try await driver.store.history(of: driver.study).trials {
      #expect(trial.attempts[0].worker == "worker.\(Int(trial.values?.first ?? -1))")
    }
  }

  /// A clock that is set while a trial runs does not change how long it took.
  @Test func durations() async throws {
    let time = Mutex(1000.0)
    let store = MemoryStore(clock: { time.withLock(\.self) })
    let driver = try driver(.none, in: store)
    let work = Scripted { request in
      time.withLock { $0 += request.trial % 2 == 0 ? 86_400 : -86_400 }
      return request.trial % 3 == 0 ? TrialFailure(.error, "x") : nil
    }
    _ = try await driver.run(work)
    for trial in try await store.history(of: driver.study).trials {
      #expect(trial.workingSeconds >= 0 && trial.workingSeconds < 60)
    }
  }

  /// Failures are the same if they differ in the values of their own trials only.
  @Test func wordings() throws {
    var space = SearchSpace()
    _ = try space.float("rate", -1...1)
    _ = try space.int("layers", 1...9)
    _ = try space.choice("act", ["relu", "tanh"])
    func wording(_ text: String, _ rate: Double, _ layers: Int, _ act: String) throws
      -> FailureWording
    {
      FailureWording(
        text,
        of: try space.assignment(["rate": .float(rate), "layers": .int(layers), "act": .text(act)]))
    }
    for (a, b, isSame) in [
      ("bad rate -7.5e-05.", "bad rate 0.5.", true),
      ("--rate=-0.000075: no", "--rate=0.5: no", true),
      ("line 1", "line 1", true), ("exit status 1: relu", "exit status 1: tanh", true),
      ("relu6 of relu", "relu6 of tanh", true), ("line 12", "line 13", false),
      ("relu6", "tanh6", false),
      ("", "", true), ("a", "a b", false), ("layers 1 of 0.5", "layers 3 of 0.5", true),
      ("ünïcode -7.5e-05\n", "ünïcode 0.5\n", true), ("-7.5e-05", "tanh", false),
    ] {
      #expect(
        try wording(a, -7.5e-5, 1, "relu").matches(wording(b, 0.5, 3, "tanh")) == isSame, "\(a)")
    }
  }
}
