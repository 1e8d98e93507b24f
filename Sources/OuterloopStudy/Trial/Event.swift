/// One event of a study. The events of a study, in order, are its complete record: trials,
/// searchers' states and results are folds over them.
public struct Event: Sendable, Hashable {
  /// The position in the study's log, from 1 without gaps.
  public var revision: Int
  /// Seconds since 1970 by the store's clock.
  public var time: Double
  /// The number of the trial concerned, from 0; for events about the study, the number of trials.
  public var trial: Int
  /// What happened.
  public var kind: Kind

  /// An event of a study's log.
  public init(revision: Int, time: Double, trial: Int, _ kind: Kind) {
    self.revision = revision
    self.time = time
    self.trial = trial
    self.kind = kind
  }

  /// What may happen in a study.
  public enum Kind: Sendable, Hashable {
    /// A searcher proposed a new trial, to be trained through epoch `through`, having seen the
    /// events up to revision `seen`.
    case suggested(Assignment, through: Int, seen: Int)
    /// A user enqueued this configuration.
    case enqueued(Assignment, through: Int)
    /// A scheduler continues a paused trial through epoch `through`.
    case continued(through: Int, seen: Int)
    /// A worker began attempt `attempt`; attempts count from 1 and serve as fencing tokens.
    case claimed(attempt: Int, worker: String)
    /// An attempt reported an epoch.
    case reported(attempt: Int, Report)
    /// More about an epoch: its values are merged into the known ones, its seconds, if any, replace
    /// the known ones. So a report that grows line by line costs no more than its lines.
    case extended(attempt: Int, Report)
    /// The checkpoint of `epoch` is safely on disk.
    case checkpointed(attempt: Int, epoch: Int)
    /// The attempt reached its target epoch, and the trial is paused. `seconds`, here and below, is
    /// the attempt's duration by a monotonic clock; nil: by the store's clock.
    case paused(attempt: Int, seconds: Double? = nil)
    /// The attempt ended without a result and the trial must run again.
    case released(attempt: Int, FailureReason, seconds: Double? = nil)
    /// An attempt ended with an outcome.
    case finished(attempt: Int, Outcome, seconds: Double? = nil)
    /// The trial's configuration from here on: the previous one, with values of parameters that its objective has
    /// declared since (see `SearchSpace.grown`).
    case supplemented(attempt: Int, Assignment)
    /// A failed trial must run again.
    case retried
    /// The study's space from here on: it contains every configuration of the earlier one.
    case widened(SearchSpace)
    /// User priors, in addition to the earlier ones, from here on.
    case hinted([ParameterPrior])
    /// The choice of an automatic method from here on, and its reason: the name and a phrase.
    case chosen(String)
    /// A rule of the search method ended the study, for this reason: no new trial starts.
    case stopped(reason: String)
    /// The study continues after it was stopped.
    case reopened
    /// No trial starts or continues until `.resumed`; running ones are finished.
    case suspended
    /// The study continues after it was suspended.
    case resumed
    /// The study's budget from here on.
    case budgeted(Budget)
    /// A note on a trial, or on the study (nil), replacing the earlier one; empty: none.
    case annotated(trial: Int?, String)

    /// The duration of that attempt, if this event ends it and its worker measured it.
    func seconds(ofAttempt number: Int) -> Double? {
      switch self {
      case .paused(number, let seconds), .released(number, _, let seconds),
        .finished(number, _, let seconds):
        seconds
      default: nil
      }
    }

    /// Whether it creates its trial.
    var createsTrial: Bool {
      switch self {
      case .suggested, .enqueued: true
      default: false
      }
    }

    /// Whether it is about the study, not about one of its trials.
    public var isAboutStudy: Bool {
      switch self {
      case .widened, .hinted, .chosen, .stopped, .reopened, .suspended, .resumed, .budgeted,
        .annotated:
        true
      default: false
      }
    }
  }
}

extension Event.Kind {
  /// - Throws: `StudyError` unless a store's `note` accepts it.
  package func checkNote() throws {
    switch self {
    case .widened: throw StudyError("a wider space is not a note", "extend the study")
    case .budgeted, .annotated:
      throw StudyError("a change of the settings is not a note", "update the study")
    case _ where isAboutStudy: return
    default:
      throw StudyError(
        "an event about a trial is not a note on the study",
        "append it to the trial")
    }
  }
}

/// How a trial ended.
public enum Outcome: Sendable, Hashable {
  /// One value for each objective, in their order.
  case complete([Double])
  /// Ended early on purpose.
  case pruned
  /// Without a result.
  case failed(FailureReason, message: String?)
}
