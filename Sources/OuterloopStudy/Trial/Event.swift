/// One thing that happened in a study. The events of a study, in order, are all there is to know
/// about it: trials, searchers' states and results are folds over them.
public struct Event: Sendable, Hashable {
  /// The place in the study's log, from 1 without gaps.
  public var revision: Int
  /// Seconds since 1970 by the store's clock.
  public var time: Double
  /// The number of the trial concerned, from 0; of events about the study, how many trials there are.
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
    /// Someone asked for this configuration.
    case enqueued(Assignment, through: Int)
    /// A scheduler lets a paused trial go on through epoch `through`.
    case continued(through: Int, seen: Int)
    /// A worker began attempt `attempt`; attempts count from 1 and fence one another.
    case claimed(attempt: Int, worker: String)
    /// An attempt reported an epoch.
    case reported(attempt: Int, Report)
    /// More about an epoch: its values are joined to those that are known, its seconds, if it has
    /// any, take the place of those. So a report that grows line by line costs no more than its lines.
    case extended(attempt: Int, Report)
    /// What is needed to go on after `epoch` is safely on disk.
    case checkpointed(attempt: Int, epoch: Int)
    /// The attempt reached the epoch it was to reach, and rests. `seconds` is how long it took here
    /// and below, by a clock that nobody sets; nil: only the store's clock knows.
    case paused(attempt: Int, seconds: Double? = nil)
    /// The attempt ended without result and the trial is to run again.
    case released(attempt: Int, FailureReason, seconds: Double? = nil)
    /// An attempt ended with an outcome.
    case finished(attempt: Int, Outcome, seconds: Double? = nil)
    /// Its configuration from here on: what it has had, and values of parameters that its objective has named since
    /// (see `SearchSpace.grown`).
    case supplemented(attempt: Int, Assignment)
    /// A failed trial is to run again.
    case retried
    /// The study's space from here on: every configuration of the earlier one is one of this too.
    case widened(SearchSpace)
    /// What someone believes of good values, from here on beside what was believed before.
    case hinted([ParameterPrior])
    /// A method that chooses by itself what to do does this from here on, and why: the name and half a sentence.
    case chosen(String)
    /// A rule of the search method ended the study, for this reason: no new trial begins.
    case stopped(reason: String)
    /// The study goes on after it was stopped.
    case reopened
    /// No trial begins or goes on until `.resumed`; those that run are finished.
    case suspended
    /// The study goes on after it was suspended.
    case resumed
    /// What the study may spend from here on.
    case budgeted(Budget)
    /// A note on a trial, or on the study (nil), in place of what was noted there before; empty: none.
    case annotated(trial: Int?, String)

    /// How long that attempt took, if this ends it and its worker measured that.
    func seconds(ofAttempt number: Int) -> Double? {
      switch self {
      case .paused(number, let seconds), .released(number, _, let seconds),
        .finished(number, _, let seconds):
        seconds
      default: nil
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
  /// - Throws: `StudyError` unless a store's `note` takes it.
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
