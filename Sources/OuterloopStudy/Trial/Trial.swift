/// A configuration and its outcome.
public struct Trial: Sendable, Hashable {
  /// From 0, in order of creation; never given twice.
  public let number: Int
  /// The configuration; an objective that declares parameters as it runs adds to it.
  public internal(set) var assignment: Assignment
  /// How the trial stands.
  public var state: TrialState = .waiting
  /// The target epoch: it is trained through this one.
  public var through: Int
  /// The revision up to which the searcher had observed events when it proposed this; nil if it did
  /// not.
  public let seen: Int?
  /// Its attempts, in order; the number of the last one is their count.
  public var attempts: [Attempt] = []
  /// The number of attempts when it was last retried: these no longer count against the limits on
  /// lost workers and errors.
  public var attemptsBeforeRetry = 0
  /// By epoch, ascending. A later attempt's report replaces an earlier one's.
  public var reports: [Report] = []
  /// The epoch that was reported last, which need not be the highest; nil before the first report.
  public var latest: Int?
  /// The last epoch with a checkpoint to resume from; 0: from the start.
  public var checkpoint = 0
  /// One value for each objective, in their order, once complete.
  public var values: [Double]?
  /// The message of its failure.
  public var message: String?
  /// Seconds since 1970 by the store's clock.
  public let created: Double
  /// Seconds since 1970 by the store's clock; nil while it has not ended.
  public var ended: Double?

  /// A trial that waits.
  public init(
    number: Int, assignment: Assignment, through: Int, seen: Int?, created: Double
  ) {
    self.number = number
    self.assignment = assignment
    self.through = through
    self.seen = seen
    self.created = created
  }

  /// When the first attempt began.
  public var started: Double? { attempts.first?.started }
  /// The number of the attempt that may write; 0 before the first.
  public var attempt: Int { attempts.count }
  /// The last report: the result of a complete trial.
  public var lastReport: Report? { reports.last { $0.epoch == latest } ?? reports.last }
  /// The attempts that ended for `reason` since it was created or last retried.
  public func attempts(endedBy reason: FailureReason) -> Int {
    attempts.dropFirst(attemptsBeforeRetry).count { $0.reason == reason }
  }
  /// The last completed epoch; 0 before the first.
  public var epoch: Int { max(checkpoint, reports.last?.epoch ?? 0) }
  /// Seconds of its attempts that have ended.
  public var workingSeconds: Double { attempts.reduce(0) { $0 + $1.seconds } }
}

/// One worker's attempt at a trial.
public struct Attempt: Sendable, Hashable {
  /// The worker's name.
  public var worker: String
  /// Seconds since 1970 by the store's clock.
  public var started: Double
  /// Where its worker measured the duration, `started` plus that: unaffected by clock changes.
  public var ended: Double?
  /// Why it ended without a result; nil while it runs, and if it brought one.
  public var reason: FailureReason?

  /// An attempt that has just begun.
  public init(worker: String, started: Double) {
    self.worker = worker
    self.started = started
  }

  /// Its duration; 0 while it runs, and where only the store's clock is known and was set back.
  public var seconds: Double { max(0, (ended ?? started) - started) }
}
