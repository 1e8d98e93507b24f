import OuterloopStudy
import Synchronization
import Testing

/// Studies run from Swift: what the driver and the store make of objectives that work, fail, report
/// and vanish.
@Suite struct StudyTests {
  /// Proposes x = 0, 1/8, 2/8, ... and ends at 1.
  struct Ladder: Sampler {
    let space: SearchSpace
    func observe(_ event: Event, in history: History) {}
    func suggest(_ number: Int, in history: History) throws -> Assignment? {
      number > 8 ? nil : try space.assignment(["x": .float(Double(number) / 8)])
    }
  }

  static let ladder = SearchMethod(MethodDescription("ladder")) {
    ScheduledSearch(Ladder(space: $0.space), FullTraining(epochs: $0.epochs))
  }

  private func study(
    _ objectives: Objective = .minimize("loss"), retries: Int = 0,
    in store: any StudyStore = MemoryStore()
  ) async throws -> (Study, Handle<Double>) {
    var space = SearchSpace()
    let x = try space.float("x", 0...1)
    return (
      try await Study(space, objectives, by: Self.ladder, retries: retries, in: store), x
    )
  }

  struct Broken: Error {}

  @Test func runsAndKnowsTheBest() async throws {
    let (study, x) = try await study()
    try await study.run(trials: 5) { trial in (trial[x] - 0.25) * (trial[x] - 0.25) }
    #expect(try await study.trials().map(\.state) == Array(repeating: .complete, count: 5))
    #expect(try await study.best()?.assignment[x] == 0.25)
    // The budget is a total.
    try await study.run(trials: 7) { trial in trial[x] - 10 }
    #expect(try await study.trials().count == 7)
    // The space is exhausted after nine.
    try await study.run(trials: 100) { _ in 0 }
    #expect(try await study.trials().count == 9)
  }

  @Test func maximizesToo() async throws {
    let (study, x) = try await study(.maximize("loss"))
    try await study.run(trials: 5) { trial in -trial[x] }
    #expect(try await study.best()?.number == 0)
  }

  @Test func failuresDoNotStopIt() async throws {
    let (study, _) = try await study()
    try await study.run(trials: 6) { trial in
      switch trial.number {
      case 1: throw Broken()
      case 2: return .nan
      case 3: throw TrialFailure(.memory, "too large")
      case 4: return .infinity
      default: return 1
      }
    }
    #expect(
      try await study.trials().map(\.state) == [
        .complete, .failed(.error), .failed(.invalid), .failed(.memory), .failed(.invalid),
        .complete,
      ])
    #expect(try await study.trials()[3].message == "too large")
  }

  @Test func retriesErrorsOnly() async throws {
    let (study, _) = try await study(retries: 2)
    let runs = Mutex<[Int: Int]>([:])
    try await study.run(trials: 3) { trial in
      let run = runs.withLock {
        $0[trial.number, default: 0] += 1
        return $0[trial.number, default: 0]
      }
      if trial.number == 0, run <= 2 { throw Broken() }
      if trial.number == 1 { throw Broken() }
      if trial.number == 2 { return .nan }
      return 1
    }
    #expect(runs.withLock { $0 } == [0: 3, 1: 3, 2: 1])
    #expect(
      try await study.trials().map(\.state) == [.complete, .failed(.error), .failed(.invalid)])
  }

  @Test func whatIsReturnedJoinsTheLastReport() async throws {
    let (study, _) = try await study()
    try await study.run(trials: 1) { trial in
      for epoch in 1...3 {
        _ = try await trial.report(
          epoch: epoch, ["loss": 9, "accuracy": Double(epoch)], gradient: ["x": -1])
      }
      return 0.5
    }
    let trial = try #require(try await study.trials().first)
    #expect(trial.reports.map(\.epoch) == [1, 2, 3])
    #expect(trial.reports.last?.values == ["loss": 0.5, "accuracy": 3, "gradient.x": -1])
    #expect(trial.lastReport?.gradient == ["x": -1])
    #expect(trial.values == [0.5])
  }

  @Test func everyTrialIsRunOnceByManyWorkers() async throws {
    let (study, x) = try await study()
    let runs = Mutex<[Double]>([])
    try await study.run(trials: 9, parallel: 5) { trial in
      runs.withLock { $0.append(trial[x]) }
      try await Task.sleep(for: .milliseconds(5))
      return trial[x]
    }
    #expect(runs.withLock { $0.sorted() } == (0...8).map { Double($0) / 8 })
  }

  @Test func goesOnWithItsStore() async throws {
    let store = MemoryStore()
    let (first, x) = try await study(in: store)
    try await first.run(trials: 3) { $0[x] }
    let (second, _) = try await study(in: store)
    try await second.run(trials: 5) { $0[x] }
    #expect(try await second.trials().map { $0.assignment[x] } == (0...4).map { Double($0) / 8 })
    await #expect(throws: StudyError.self) { try await study(.maximize("loss"), in: store) }
  }

  @Test func manyMayBeginItAtOnce() async throws {
    for _ in 0..<50 {
      let store = MemoryStore()
      let ids = try await withThrowingTaskGroup(of: StudyID.self) { group in
        for _ in 0..<8 { group.addTask { try await self.study(in: store).0.id } }
        return try await group.reduce(into: Set<StudyID>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
    }
  }

  @Test func asksAndTells() async throws {
    let (study, x) = try await study()
    let number = try await study.enqueue(["x": 0.7])
    #expect(number == 0)
    let first = try #require(try await study.ask())
    #expect(first.trial.assignment[x] == 0.7)
    #expect(try await study.tell(first, ["loss": 3]) == .accepted)
    #expect(try await study.tell(first, ["loss": 4]) == .refused(.finished))
    let second = try #require(try await study.ask())
    #expect(try await study.tell(second, failed: .timeout, "slow") == .accepted)
    let third = try #require(try await study.ask())
    #expect(try await study.tell(third, ["other": 1]) == .accepted)
    #expect(
      try await study.trials().map(\.state) == [
        .complete, .failed(.timeout), .failed(.invalid),
      ])
    await #expect(throws: SpaceError.self) { try await study.enqueue(["x": 7]) }
  }

  /// A cancelled run leaves its trials waiting, and the next one takes them up.
  @Test func cancelledTrialsWait() async throws {
    let (study, x) = try await study()
    let running = Task {
      try await study.run(trials: 4, parallel: 2) { trial in
        try await Task.sleep(for: .seconds(60))
        return trial[x]
      }
    }
    while try await study.trials().filter({ $0.state == .running }).count < 2 {
      try await Task.sleep(for: .milliseconds(2))
    }
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(try await study.trials().map(\.state) == [.waiting, .waiting])
    #expect(try await study.trials()[0].attempts.map(\.reason) == [.cancelled])
    try await study.run(trials: 4) { $0[x] }
    #expect(try await study.trials().map(\.state) == Array(repeating: .complete, count: 4))
  }
}
