/// The freeze-thaw contract that every objective speaks, whether a Swift closure or a program: train
/// configuration `assignment` from epoch `from` (exclusive) through epoch `through`, report each
/// epoch. A plain objective is the case of one epoch.
public protocol TrialWork: Sendable {
  /// Works on one attempt at a trial.
  ///
  /// Returns when the work is done; what was reported last is the result.
  /// - Throws: `TrialFailure` with the reason; `CancellationError` when it was stopped; any other
  ///   error fails the trial with `.error`.
  func run(_ request: TrialRequest, to reports: any ReportSink) async throws
}

/// What is asked of an objective.
public struct TrialRequest: Sendable, Hashable {
  /// The study's name.
  public var study: String
  public var trial: Int
  public var attempt: Int
  public var assignment: Assignment
  /// The last epoch that is done: training starts after it.
  public var from: Int
  /// The last epoch to train.
  public var through: Int
  /// For the objective's own randomness; the same in all attempts at a trial.
  public var seed: UInt64

  public init(_ claim: Claim, of specification: StudySpecification) {
    study = specification.name
    trial = claim.trial.number
    attempt = claim.attempt
    assignment = claim.trial.assignment
    from = claim.trial.checkpoint
    through = claim.trial.through
    seed = specification.seed(ofTrial: claim.trial.number)
  }
}

/// Where an objective's reports go.
public protocol ReportSink: Sendable {
  /// Keeps a report. False: the trial is to stop, someone decided that it is not worth more.
  func report(_ report: Report) async throws -> Bool
  /// What is needed to go on after `epoch` is on disk.
  func checkpointed(epoch: Int) async throws
}

/// Why a trial failed.
public struct TrialFailure: Error, Sendable, Hashable, CustomStringConvertible {
  public var reason: FailureReason
  public var message: String

  public init(_ reason: FailureReason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }
}
