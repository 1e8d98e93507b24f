/// Runs a study: several workers ask for trials, run them and record the results, until the budget
/// is spent, the space is exhausted, or the caller asks to stop.
///
/// Further drivers may work on the same study in other processes at the same time.
public struct StudyDriver: Sendable {
  /// Where the study is kept.
  public let store: any StudyStore
  /// Which of the store's studies is driven.
  public let study: StudyID
  /// How it searches.
  public let method: SearchMethod
  /// The number of trials that run at once.
  public var parallel = 1
  /// This driver's name; workers are called `NAME.0`, `NAME.1`, ...
  public var name = "worker"
  /// Seconds without a heartbeat after which a worker's lease expires. It is renewed three times
  /// within that time.
  public var lease = 90.0
  /// Seconds before any lease counts as expired: see `TrialSource.init`.
  public var grace: Double?
  /// The budget of this run; nil: the study's, which may change while it runs.
  public var budget: Budget?
  /// Seconds between polls for work while there is none.
  public var pause = 0.1
  /// Whether the caller ends the run when the budget's time is up, by its own clock. Then a jump of
  /// the store's clock ends nothing.
  public var leavesTime = false
  /// When to abandon the run because trials keep failing.
  public var failureLimit = FailureLimit.none

  /// A driver of a study; further settings are properties.
  public init(_ study: StudyID, in store: any StudyStore, by method: SearchMethod) {
    self.study = study
    self.store = store
    self.method = method
  }

  /// A notification while the driver runs.
  public enum Notice: Sendable {
    /// A trial began.
    case began(Claim)
    /// A trial reported.
    case reported(Claim, Report)
    /// The trial ended, or will run again.
    case ended(Claim, Event.Kind)
    /// Another attempt has taken the trial over, or it has its result.
    case refused(Claim, Acceptance.Refusal)
    /// The study was suspended: no trial starts until `.resumed`.
    case suspended
    /// The study goes on after it was suspended.
    case resumed
  }

  /// How a run ended.
  public enum Ending: Sendable, Hashable {
    /// The budget is spent.
    case budget
    /// Every configuration has been tried.
    case exhausted
    /// A rule of the search method ended the study, for this reason.
    case rule(String)
    /// The caller asked to stop.
    case stopped
    /// Too many trials failed: see `failureLimit`.
    case broken(Breakdown)
  }

  /// Runs until there is nothing left to do.
  ///
  /// - Parameters:
  ///   - isStopping: asked before every trial; true: running trials are finished, no new one is
  ///     started.
  ///   - notice: called with notifications, from several tasks at once.
  /// - Throws: `StudyError` for settings out of range and from the store, `CancellationError` if the task was cancelled: running
  ///   trials are then stopped, and wait to be run again.
  @discardableResult
  public func run(
    _ work: some TrialWork, isStopping: @escaping @Sendable () -> Bool = { false },
    notice: @escaping @Sendable (Notice) -> Void = { _ in }
  ) async throws -> Ending {
    try check()
    let source = try await TrialSource(study, in: store, by: method, grace: grace)
    let specification = try await store.specification(of: study)
    let counts = try await store.summary(of: study).counts
    let isProven = [.complete, .pruned, .paused].contains { counts[$0] != nil }
    let watch = FailureWatch(failureLimit, isProven: isProven)
    let suspension = Suspension()
    return try await withThrowingTaskGroup(of: Ending.self) { group in
      for index in 0..<parallel {
        let worker = Worker(
          driver: self, specification: specification, source: source, notice: notice,
          claimant: Claimant(worker: "\(name).\(index)", lease: lease), slot: index,
          watch: watch, suspension: suspension)
        group.addTask { try await worker.loop(work, isStopping: isStopping) }
      }
      var ending = Ending.stopped
      for try await one in group where one != .stopped {
        if case .broken = ending { continue }
        ending = one
      }
      return ending
    }
  }

  private func check() throws {
    guard (1...10_000).contains(parallel) else {
      throw StudyError("\(parallel) trials cannot run at once", "say 1 to 10,000")
    }
    guard lease > 0, lease <= 1e9 else {
      throw StudyError("a lease of \(lease) seconds cannot be kept", "say more than 0, at most 1e9")
    }
    guard pause >= 0, pause <= 1e9 else {
      throw StudyError("a pause of \(pause) seconds cannot be made", "say 0 to 1e9")
    }
  }
}
