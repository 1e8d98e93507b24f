/// Decides what to run next. A searcher is a fold over the study's events: its state is changed by
/// `observe` alone, so that a study that was killed and resumed, replayed, or driven by several
/// processes gets the same proposals for the same events.
///
/// Laws, checked by `SearcherLaws`:
/// - a proposal is a pure function of the specification, the events observed, and `number`;
/// - proposing has no observable effect on later proposals: asking twice gives the same answer.
public protocol Searcher: Sendable {
  /// What an automatic method has chosen, and why, as a phrase: `gp for one objective`. Its caller records each
  /// change as an event. Nil: it makes no such choice.
  var choice: String? { get }

  /// Observes an event that has just been applied to `history`.
  mutating func observe(_ event: Event, in history: History)

  /// What to do next. `mutating` for caches only.
  ///
  /// - Parameter number: the one that a new trial would get, which names its random stream; nil if the
  ///   budget allows no new trial, so that only existing trials can be advanced.
  /// - Throws: `StudyError` if nothing can be proposed.
  mutating func propose(_ number: Int?, in history: History) throws -> Proposal

  /// Whether a running trial should be trained further, after a report of it has been observed.
  /// `mutating` for caches only. The decision is recorded as an event, so that a replay need not ask
  /// again.
  ///
  /// - Throws: `StudyError` if there is no verdict.
  mutating func verdict(on trial: Int, in history: History) throws -> Verdict
}

extension Searcher {
  public var choice: String? { nil }
}

/// The decision about a running trial that has reported an epoch.
public enum Verdict: Sendable, Hashable {
  /// It is trained further, up to its target epoch.
  case goOn
  /// It is stopped early: it ends as pruned, and its reports count.
  case prune
  /// It has converged: it ends as complete, with its last report.
  case complete
}

/// A searcher's answer.
public enum Proposal: Sendable, Hashable {
  /// A new trial, to be trained through an epoch.
  case start(Assignment, through: Int)
  /// A paused trial is continued through a later epoch.
  case advance(trial: Int, through: Int)
  /// A paused trial is abandoned: it ends as pruned.
  case prune(trial: Int)
  /// Nothing to do until a running trial reports.
  case wait
  /// A rule of the method ends the study, for this reason.
  case stop(reason: String)
  /// Nothing more to do: every configuration of the space has been tried, or no new one is allowed.
  case exhausted
}
