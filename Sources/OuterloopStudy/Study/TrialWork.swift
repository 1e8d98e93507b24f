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
  /// The trial's number, from 0.
  public var trial: Int
  /// The number of the attempt, from 1.
  public var attempt: Int
  /// The configuration.
  public var assignment: Assignment
  /// The last epoch that is done: training starts after it.
  public var from: Int
  /// The last epoch to train.
  public var through: Int
  /// For the objective's own randomness; the same in all attempts at a trial.
  public var seed: UInt64
  /// Which of the places of its driver, from 0, it occupies while it runs: of trials that one driver
  /// runs at the same time no two have the same.
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

/// What an objective says while it works.
public enum TrialNews: Sendable, Hashable {
  /// What was measured after an epoch; it takes the place of what was known of that epoch.
  case reported(Report)
  /// More about an epoch: joined to what is known of it.
  case extended(Report)
  /// What is needed to go on after this epoch is on disk.
  case checkpointed(epoch: Int)
}

/// Where an objective's reports go.
public protocol ReportSink: Sendable {
  /// Keeps what is said, in this order, all or none. False: the trial is to stop, someone decided
  /// that it is not worth more.
  ///
  /// - Throws: what access to the store throws.
  func keep(_ news: [TrialNews]) async throws -> Bool
}

extension ReportSink {
  /// Keeps a report. False: the trial is to stop.
  ///
  /// - Throws: what access to the store throws.
  public func report(_ report: Report) async throws -> Bool { try await keep([.reported(report)]) }

  /// What is needed to go on after `epoch` is on disk.
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
  /// What two failures have in common that are the same but for their details; the message itself
  /// unless said otherwise.
  public var way: String

  /// A failure with its reason.
  public init(_ reason: FailureReason, _ message: String, way: String? = nil) {
    self.reason = reason
    self.message = message
    self.way = way ?? message
  }

  public var description: String { message }
}
