/// Keeps a searcher up to date with a study's events and asks it for work.
///
/// Proposals are computed outside of the store: the searcher sees the events up to some revision,
/// proposes the trial with the next number, and the store takes the proposal if that number is still
/// free. The event records the revision, so a replay that stops there repeats the proposal.
public actor TrialSource {
  /// The study that is asked about.
  public let study: StudyID
  private let store: any StudyStore
  private var fold: SearcherFold
  /// The budget before any event changed it.
  private let firstBudget: Budget
  private var watch: ClockWatch
  private let start = SuspendingClock.now

  /// - Parameter grace: seconds before any lease counts as run out, for callers that suspect the
  ///   store's clock of having just been set forward.
  /// - Throws: `StudyError` if the study does not fit the method, and what access to the store
  ///   throws.
  public init(
    _ study: StudyID, in store: any StudyStore, by method: SearchMethod, grace: Double? = nil
  ) async throws {
    watch = ClockWatch(suspicion: grace)
    self.study = study
    self.store = store
    let specification = try await store.specification(of: study)
    firstBudget = specification.budget
    fold = try SearcherFold(specification, method)
  }

  /// What the searcher has observed: the study's events, where retried failures appear as released
  /// attempts.
  public var history: History { fold.history }

  /// The revision of the last event that has been observed.
  public var revision: Int { history.revision }

  /// Whether the study is suspended, according to the events observed so far.
  public var isSuspended: Bool { history.isSuspended }

  /// The next piece of work.
  public enum Work: Sendable {
    /// A trial to be run.
    case trial(Claim)
    /// Nothing until a running trial ends or reports.
    case wait
    /// Nothing any more: how the study ended.
    case finished(Ending)
  }

  /// Why there is no more work.
  public enum Ending: Sendable, Hashable {
    /// The budget is spent.
    case budget
    /// Every configuration has been tried.
    case exhausted
    /// A rule of the search method ended the study, for this reason.
    case rule(String)
  }

  /// Observes the events since the last call.
  ///
  /// - Throws: what access to the store throws, and `StudyError` for a log that cannot be replayed.
  public func catchUp() async throws {
    var seen = history.revision
    var events = try await store.events(of: study, after: seen, limit: Self.batch)
    while true {
      var isTaken = false
      // Another worker's call may have restarted the fold meanwhile.
      if history.revision >= seen {
        if events.count == Self.batch, let last = events.last?.revision {
          // The next events are read while these are observed.
          async let next = store.events(of: study, after: last, limit: Self.batch)
          isTaken = try fold.take(events)
          (seen, events) = (last, try await next)
        } else if try fold.take(events) {
          return
        }
      }
      if !isTaken {
        seen = history.revision
        events = try await store.events(of: study, after: seen, limit: Self.batch)
      }
    }
  }

  /// How many events are read at a time.
  private static let batch = 10_000

  /// The study's budget, according to the events observed so far.
  public var budget: Budget { history.budget ?? firstBudget }

  /// The next piece of work for `claimant`: a waiting trial, or what the searcher proposes within the
  /// budget. When it allows no more new trials, paused ones may still continue. While the study is
  /// suspended the answer is to wait.
  ///
  /// - Parameters:
  ///   - given: nil: the study's budget, which may change at any time.
  ///   - leavingTime: whether the budget's seconds are ignored, since the caller enforces them.
  /// - Throws: what access to the store and the method throw, and `StudyError` if the scheduler
  ///   moves a trial that is not paused.
  public func next(
    for claimant: Claimant, within given: Budget? = nil, leavingTime: Bool = false
  ) async throws -> Work {
    try await reap(lease: claimant.lease)
    // The revision at which the store rejected a decision about a trial, because it is not paused.
    var refused: (revision: Int, trial: Int)?
    while true {
      try await catchUp()
      if history.isSuspended { return .wait }
      if let claim = try await store.claim(in: study, by: claimant) { return .trial(claim) }
      var budget = given ?? budget
      if leavingTime { budget.seconds = nil }
      if let reason = history.stopReason { return ending(.rule(reason)) }
      if history.isSpent(budget) { return ending(.budget) }
      if let choice = fold.newChoice {
        try await store.note(.chosen(choice), in: study)
        continue
      }
      if let refused, refused.revision == history.revision {
        throw StudyError(
          "the scheduler lets trial \(refused.trial) go on or end, which does not rest",
          "only paused trials can continue: see `TrialState.paused`")
      }
      let number = history.trials.count
      let mayBegin = budget.trials.map { number < $0 } ?? true
      switch try fold.propose(mayBegin ? number : nil) {
      case .start(let assignment, let through):
        guard mayBegin else { return ending(.budget) }
        let kind = Event.Kind.suggested(assignment, through: through, seen: history.revision)
        if let claim = try await store.add(
          kind, asTrial: number, to: study, claimedBy: claimant)
        {
          return .trial(claim)
        }
      case .advance(let trial, let through):
        let kind = Event.Kind.continued(through: through, seen: history.revision)
        let revision = history.revision
        guard history.trials.indices.contains(trial),
          try await store.append([kind], to: trial, of: study) == .accepted
        else {
          refused = (revision, trial)
          continue
        }
      case .prune(let trial):
        let revision = history.revision
        guard history.trials.indices.contains(trial),
          case let kind = Event.Kind.finished(attempt: history.trials[trial].attempt, .pruned),
          try await store.append([kind], to: trial, of: study) == .accepted
        else {
          refused = (revision, trial)
          continue
        }
      case .stop(let reason): try await store.note(.stopped(reason: reason), in: study)
      case .wait, .exhausted: return ending(mayBegin ? .exhausted : .budget)
      }
    }
  }

  /// The decision about a running trial, after all its reports have been observed.
  ///
  /// - Throws: what access to the store and the scheduler throw.
  public func verdict(on trial: Int) async throws -> Verdict {
    try await catchUp()
    guard history.trials.indices.contains(trial), history.trials[trial].state == .running else {
      return .goOn
    }
    return try fold.verdict(on: trial)
  }

  /// Ends a running trial after a report, if its scheduler decides so: for callers that run trials
  /// themselves. False: the trial has ended, and its outcome is recorded.
  ///
  /// - Throws: what access to the store and the scheduler throw.
  public func shouldContinue(_ trial: Int, attempt: Int) async throws -> Bool {
    let verdict = try await verdict(on: trial)
    guard verdict != .goOn else { return true }
    let end = history.trials[trial].end(
      of: attempt, with: history.trials[trial].lastReport, in: fold.specification, after: verdict)
    _ = try await store.append([end], to: trial, of: study)
    return false
  }

  /// Whether no budget would allow a new trial: every configuration has been tried.
  ///
  /// - Throws: what access to the store and the method throw.
  public func isExhausted() async throws -> Bool {
    try await catchUp()
    return try fold.propose(history.trials.count) == .exhausted
  }

  private func reap(lease: Double) async throws {
    let steady = start.duration(to: SuspendingClock.now) / .seconds(1)
    guard watch.isSteady(store: try await store.now(), steady: steady, lease: lease) else { return }
    _ = try await store.reap(study)
  }

  /// Trials that run elsewhere may still have to run again. Paused ones do not: only the searcher
  /// could continue them, and it proposes nothing more.
  private func ending(_ ending: Ending) -> Work {
    history.runningCount + history.claimableCount > 0 ? .wait : .finished(ending)
  }
}

extension History {
  /// Whether the epochs or seconds of `budget` are used up, so that training must end.
  func isSpent(_ budget: Budget) -> Bool {
    if let limit = budget.epochs, epochs >= limit { return true }
    if let limit = budget.seconds, busySeconds >= limit { return true }
    return false
  }
}
