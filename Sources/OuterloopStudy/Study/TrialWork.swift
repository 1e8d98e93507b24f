/// The freeze-thaw contract that every objective implements, whether a Swift closure or a program:
/// train configuration `assignment` from epoch `from` (exclusive) through epoch `through`, report
/// each epoch. A plain objective is the case of one epoch.
public protocol TrialWork: Sendable {
  /// Works on one attempt at a trial.
  ///
  /// Returns when the work is done; what was reported last is the result.
  /// - Throws: `TrialFailure` with the reason; `CancellationError` when it was stopped; any other
  ///   error fails the trial with `.error`.
  func run(_ request: TrialRequest, to reports: any ReportSink) async throws
}

/// A request to an objective.
public struct TrialRequest: Sendable, Hashable {
  /// The study's name.
  public var study: String
  /// The trial's number, from 0.
  public var trial: Int
  /// The number of the attempt, from 1.
  public var attempt: Int
  /// The configuration.
  public var assignment: Assignment
  /// The last completed epoch: training starts after it.
  public var from: Int
  /// The last epoch to train.
  public var through: Int
  /// For the objective's own randomness; the same in all attempts at a trial.
  public var seed: UInt64
  /// The slot of its driver, from 0, that it occupies while it runs: trials that one driver runs at
  /// the same time have different slots.
  public var slot: Int

  /// What a claim asks for.
  public init(_ claim: Claim, of specification: StudySpecification, slot: Int = 0) {
    study = specification.name
    trial = claim.trial.number
    attempt = claim.attempt
    assignment = claim.trial.assignment
    from = claim.trial.checkpoint
    through = claim.trial.through
    seed = specification.seed(ofTrial: claim.trial.number)
    self.slot = slot
  }
}

/// What an objective reports while it works.
public enum TrialNews: Sendable, Hashable {
  /// The measurements after an epoch; they replace what was known of that epoch.
  case reported(Report)
  /// More about an epoch: merged into what is known of it.
  case extended(Report)
  /// The checkpoint from which training can continue after this epoch is on disk.
  case checkpointed(epoch: Int)
}

/// Where an objective's reports go.
public protocol ReportSink: Sendable {
  /// Records the news in this order, all or none. False: the trial should stop, because of a
  /// decision to end it early.
  ///
  /// - Throws: what access to the store throws.
  func keep(_ news: [TrialNews]) async throws -> Bool
}

extension ReportSink {
  /// Records a report. False: the trial should stop.
  ///
  /// - Throws: what access to the store throws.
  public func report(_ report: Report) async throws -> Bool { try await keep([.reported(report)]) }

  /// The checkpoint from which training can continue after `epoch` is on disk.
  ///
  /// - Throws: what access to the store throws.
  public func checkpointed(epoch: Int) async throws {
    _ = try await keep([.checkpointed(epoch: epoch)])
  }
}

/// Why a trial failed.
public struct TrialFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure.
  public var reason: FailureReason
  /// What happened, for people.
  public var message: String
  /// The common wording of failures that differ only in details; by default the message itself.
  public var way: String

  /// A failure with its reason.
  public init(_ reason: FailureReason, _ message: String, way: String? = nil) {
    self.reason = reason
    self.message = message
    self.way = way ?? message
  }

  public var description: String { message }
}
