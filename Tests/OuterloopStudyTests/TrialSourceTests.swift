import Synchronization
import Testing

@testable import OuterloopStudy

@Suite struct TrialSourceTests {
  /// Trains every trial for one of three epochs and leaves it at that.
  private struct Parking: Searcher {
    var last: Proposal
    let trials: Int
    let assignment: Assignment

    mutating func observe(_ event: Event, in history: History) {}
    mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
      if let number, number < trials { return .start(assignment, through: 1) }
      return last
    }
    mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
  }

  private struct OneReport: TrialWork {
    func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
      _ = try await reports.report(Report(epoch: request.from + 1, ["loss": 1]))
    }
  }

  private final class Clock: Sendable {
    private let time = Mutex(1000.0)
    func move(by seconds: Double) { time.withLock { $0 += seconds } }
    var now: Double { time.withLock(\.self) }
  }

  private func study(
    budget: Int? = nil, trials: Int = 5, last: Proposal = .wait, in store: MemoryStore
  ) throws -> (StudyID, SearchMethod) {
    let space = try SearchSpace.unit()
    let assignment = try space.assignment(["x": 0.5])
    let method = SearchMethod(MethodDescription("parking")) { _ in
      Parking(last: last, trials: trials, assignment: assignment)
    }
    let specification = try StudySpecification(
      name: "s", space: space, objectives: [.minimize("loss")], method: method.description,
      seed: 0, epochs: 3, budget: Budget(trials: budget))
    return (try store.create(specification), method)
  }

  private static let endings: [(budget: Int?, last: Proposal, ending: StudyDriver.Ending)] = [
    (3, .wait, .budget), (nil, .wait, .exhausted), (nil, .exhausted, .exhausted),
  ]

  /// Trials that rest for good do not keep a study going, however its search has ended.
  @Test(arguments: endings) func endsWithTrialsThatRest(
    _ budget: Int?, _ last: Proposal, _ ending: StudyDriver.Ending
  ) async throws {
    let store = MemoryStore()
    let (id, method) = try study(budget: budget, last: last, in: store)
    var driver = StudyDriver(id, in: store, by: method)
    driver.parallel = 2
    driver.pause = 0.001
    #expect(try await driver.run(OneReport()) == ending)
    let history = try await store.history(of: id)
    #expect(history.trials.count == budget ?? 5)
    #expect(history.trials.allSatisfy { $0.state == .paused })
    #expect(history.openCount == history.trials.count)
    #expect(history.runningCount == 0 && history.claimableCount == 0)
  }

  /// A scheduler that lets trials go on which do not rest is told so, instead of being asked for ever.
  @Test(arguments: [0, 99]) func onlyTrialsThatRestGoOn(_ trial: Int) async throws {
    let store = MemoryStore()
    let (id, method) = try study(trials: 1, last: .advance(trial: trial, through: 2), in: store)
    let source = try await TrialSource(id, in: store, by: method)
    guard case .trial = try await source.next(for: Claimant(worker: "w"), within: Budget()) else {
      Issue.record("there is a trial")
      return
    }
    let error = await #expect(throws: StudyError.self) {
      try await source.next(for: Claimant(worker: "v"), within: Budget())
    }
    #expect(error?.what == "the scheduler lets trial \(trial) go on or end, which does not rest")
  }

  /// Who changes the budget of a study changes that of who runs it.
  @Test func followsTheBudget() async throws {
    let store = MemoryStore()
    let (id, method) = try study(budget: 2, in: store)
    let source = try await TrialSource(id, in: store, by: method)
    let claimant = Claimant(worker: "w")
    for _ in 0..<2 { try await end(source.next(for: claimant), in: store) }
    guard case .finished(.budget) = try await source.next(for: claimant) else {
      Issue.record("two trials are the budget")
      return
    }
    try store.update(id) { $0.budget.trials = 3 }
    try await end(source.next(for: claimant), in: store)
    guard case .finished(.budget) = try await source.next(for: claimant) else {
      Issue.record("three trials are the budget")
      return
    }
    #expect(await source.budget == Budget(trials: 3))
    // Budgets of one's own are one's own.
    guard case .trial = try await source.next(for: claimant, within: Budget(trials: 4)) else {
      Issue.record("there is a fourth trial")
      return
    }
  }

  /// While a study is suspended nothing begins: nothing new, and nothing that waits.
  @Test func waitsWhileSuspended() async throws {
    let store = MemoryStore()
    let (id, method) = try study(in: store)
    let source = try await TrialSource(id, in: store, by: method)
    let claimant = Claimant(worker: "w")
    let first = try await source.next(for: claimant)
    try store.note(.suspended, in: id)
    let trials = try await store.trials(of: id, matching: TrialQuery())
    let assignment = try #require(trials.first?.assignment)
    _ = try store.add(.enqueued(assignment, through: 1), asTrial: nil, to: id, claimedBy: nil)
    for _ in 0..<2 {
      guard case .wait = try await source.next(for: claimant) else {
        Issue.record("a suspended study has nothing to do")
        return
      }
    }
    // What runs is finished.
    try await end(first, in: store)
    #expect(try await store.history(of: id).trials[0].state == .paused)
    try store.note(.resumed, in: id)
    guard case .trial(let claim) = try await source.next(for: claimant) else {
      Issue.record("the study goes on")
      return
    }
    #expect(claim.trial.number == 1)
  }

  private func end(_ work: TrialSource.Work, in store: MemoryStore) async throws {
    guard case .trial(let claim) = work else {
      Issue.record("\(work) is no trial")
      return
    }
    let answer = try store.append(
      [.reported(attempt: 1, Report(epoch: 1, ["loss": 1])), .paused(attempt: 1)],
      to: claim.trial.number, of: claim.study)
    #expect(answer == .accepted)
  }

  /// A driver says once that it waits, and once that it goes on.
  @Test func saysThatItWaits() async throws {
    let store = MemoryStore()
    let (id, method) = try study(budget: 2, in: store)
    try store.note(.suspended, in: id)
    var driver = StudyDriver(id, in: store, by: method)
    (driver.parallel, driver.pause) = (2, 0.001)
    let notices = Mutex<[String]>([])
    let ending = try await driver.run(
      OneReport(),
      notice: { notice in
        switch notice {
        case .suspended:
          notices.withLock { $0.append("suspended") }
          try? store.note(.resumed, in: id)
        case .resumed: notices.withLock { $0.append("resumed") }
        case .began: notices.withLock { $0.append("began") }
        default: break
        }
      })
    #expect(ending == .budget)
    #expect(notices.withLock(\.self).sorted() == ["began", "began", "resumed", "suspended"])
    #expect(notices.withLock(\.first) == "suspended")
  }

  /// Successive halving in small: of three trials the first goes on once all have reported.
  private struct Halving: Searcher {
    let assignment: Assignment

    mutating func observe(_ event: Event, in history: History) {}
    mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
      if number != nil { return .start(assignment, through: 1) }
      let isReady = history.trials.allSatisfy { $0.state == .paused }
      return isReady && history.trials[0].through == 1 ? .advance(trial: 0, through: 3) : .wait
    }
    mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
  }

  /// A budget of trials ends the beginning of new ones, not the training of those there are.
  @Test(arguments: [1, 3]) func advancesWithinTheBudget(parallel: Int) async throws {
    let store = MemoryStore()
    let (id, method) = try study(budget: 3, in: store)
    let assignment = try store.specification(of: id).space.assignment(["x": 0.5])
    var driver = StudyDriver(
      id, in: store,
      by: SearchMethod(method.description) { _ in Halving(assignment: assignment) })
    driver.parallel = parallel
    driver.pause = 0.001
    #expect(try await driver.run(EveryReport()) == .budget)
    let trials = try await store.history(of: id).trials
    #expect(trials.map(\.state) == [.complete, .paused, .paused])
    #expect(trials.map(\.reports.count) == [3, 1, 1])
    #expect(trials.map(\.attempt) == [2, 1, 1])
  }

  private struct EveryReport: TrialWork {
    func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
      for epoch in request.from + 1...request.through {
        _ = try await reports.report(Report(epoch: epoch, ["loss": 1]))
        try await reports.checkpointed(epoch: epoch)
      }
    }
  }

  /// While a trial runs elsewhere there is reason to wait: it may come back.
  @Test func waitsForTrialsThatRun() async throws {
    let clock = Clock()
    let store = MemoryStore(clock: { clock.now })
    let (id, method) = try study(budget: 1, in: store)
    let source = try await TrialSource(id, in: store, by: method)
    let budget = Budget(trials: 1)
    guard case .trial(let claim) = try await source.next(for: Claimant(worker: "a"), within: budget)
    else {
      Issue.record("no trial")
      return
    }
    guard case .wait = try await source.next(for: Claimant(worker: "b"), within: budget) else {
      Issue.record("it does not wait")
      return
    }
    _ = try store.append([.released(attempt: 1, .lost)], to: claim.trial.number, of: id)
    guard case .trial(let again) = try await source.next(for: Claimant(worker: "b"), within: budget)
    else {
      Issue.record("the trial does not come back")
      return
    }
    #expect(again.trial.number == 0 && again.attempt == 2)
  }

  /// A clock that is set forward takes no one's trial away; one who asks for the first time cannot
  /// know that it was.
  @Test func clocksThatJump() async throws {
    let clock = Clock()
    let store = MemoryStore(clock: { clock.now })
    let (id, method) = try study(in: store)
    let source = try await TrialSource(id, in: store, by: method)
    _ = try await source.next(for: Claimant(worker: "a", lease: 60), within: Budget())
    clock.move(by: 86_400)
    _ = try await source.next(for: Claimant(worker: "b", lease: 60), within: Budget())
    #expect(try await store.history(of: id).trials[0].state == .running)
    let other = try await TrialSource(id, in: store, by: method)
    _ = try await other.next(for: Claimant(worker: "c", lease: 60), within: Budget())
    #expect(try await store.history(of: id).trials[0].attempts[0].reason == .lost)
  }

  @Test func clockWatch() {
    var watch = ClockWatch()
    func isSteady(_ store: Double, _ steady: Double) -> Bool {
      watch.isSteady(store: store, steady: steady, lease: 60)
    }
    #expect(isSteady(1000, 0))
    #expect(isSteady(1050, 47), "within the tolerance")
    #expect(isSteady(500, 48), "backwards: leases are cut elsewhere")
    #expect(!isSteady(900, 50))
    #expect(!isSteady(959, 109))
    #expect(isSteady(961, 111), "a lease later")
    #expect(!isSteady(2000, 112))
    #expect(!isSteady(4000, 150), "again, while in doubt")
    #expect(!isSteady(4059, 209))
    #expect(isSteady(4061, 211))
  }

  /// Only workers that vanished count, not attempts that were stopped or failed.
  @Test func endOfLost() throws {
    let store = MemoryStore()
    let (id, _) = try study(in: store)
    let specification = try store.specification(of: id)
    let assignment = try specification.space.assignment(["x": 0.5])
    let kind = Event.Kind.suggested(assignment, through: 1, seen: 0)
    _ = try store.add(kind, asTrial: 0, to: id, claimedBy: nil)
    for reason in [FailureReason.cancelled, .error, .lost, .cancelled, .lost] {
      let claim = try #require(try store.claim(in: id, by: Claimant(worker: "w")))
      let end = specification.endOfLost(claim.trial)
      #expect(end == .released(attempt: claim.attempt, .lost))
      _ = try store.append([.released(attempt: claim.attempt, reason)], to: 0, of: id)
    }
    let last = try #require(try store.claim(in: id, by: Claimant(worker: "w")))
    guard case .finished(6, .failed(.lost, let message), _) = specification.endOfLost(last.trial)
    else {
      Issue.record("it is not given up")
      return
    }
    #expect(message == "its worker was lost 3 times")
  }

  /// A trial that comes to rest in between may lose more workers.
  @Test func lostBetweenRests() throws {
    let store = MemoryStore()
    let (id, _) = try study(in: store)
    let specification = try store.specification(of: id)
    let assignment = try specification.space.assignment(["x": 0.5])
    _ = try store.add(
      .suggested(assignment, through: 1, seen: 0), asTrial: 0, to: id, claimedBy: nil)
    func claim() throws -> Claim {
      try #require(try store.claim(in: id, by: Claimant(worker: "w")))
    }
    for round in 1...3 {
      for _ in 1...2 {
        let claim = try claim()
        let end = specification.endOfLost(claim.trial)
        #expect(end == .released(attempt: claim.attempt, .lost))
        _ = try store.append([end], to: 0, of: id)
      }
      let attempt = try claim().attempt
      _ = try store.append(
        [.paused(attempt: attempt), .continued(through: round + 1, seen: 0)], to: 0, of: id)
    }
    for _ in 1...2 {
      _ = try store.append([specification.endOfLost(try claim().trial)], to: 0, of: id)
    }
    guard case .finished(_, .failed(.lost, _), _) = specification.endOfLost(try claim().trial)
    else {
      Issue.record("it is not given up")
      return
    }
  }

  /// Logs of several batches, whose past changes in the middle, observed by several callers at once.
  @Test func observesLongLogs() async throws {
    let store = MemoryStore()
    let (id, method) = try study(trials: 9000, in: store)
    let assignment = try SearchSpace.unit().assignment(["x": 0.5])
    for number in 0..<9000 {
      let kind = Event.Kind.suggested(assignment, through: 1, seen: 0)
      _ = try store.add(kind, asTrial: number, to: id, claimedBy: Claimant(worker: "w"))
      let report = Event.Kind.reported(attempt: 1, Report(["loss": Double(number)]))
      let fails = number % 1000 == 500
      let outcome: Outcome = fails ? .failed(.error, message: nil) : .complete([Double(number)])
      let end = Event.Kind.finished(attempt: 1, outcome)
      try #require(try store.append([report, end], to: number, of: id) == .accepted)
      if fails, number > 3000 {
        try #require(try store.append([.retried], to: number, of: id) == .accepted)
      }
    }
    let events = try store.events(of: id, after: 0, limit: .max)
    #expect(events.count > 30_000)
    var fold = try SearcherFold(try store.specification(of: id), method)
    while try !fold.take(events) {}

    let source = try await TrialSource(id, in: store, by: method)
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 { group.addTask { try await source.catchUp() } }
      try await group.waitForAll()
    }
    #expect(await source.revision == events.count)
    #expect(await source.history.trials == fold.history.trials)
  }
}

extension SearchSpace {
  /// The space of these studies.
  fileprivate static func unit() throws -> SearchSpace {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    return space
  }
}
