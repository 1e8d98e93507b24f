/// Decides what to run next. A searcher is a fold over the study's events: its state is made by
/// `observe` alone, so that a study that was killed and resumed, replayed, or driven by several
/// processes gets the same proposals for the same events.
///
/// Laws, checked by `SearcherLaws`:
/// - a proposal is a pure function of the specification, the events observed, and `number`;
/// - proposing changes nothing that a later proposal could show: asking twice gives the same answer.
public protocol Searcher: Sendable {
  /// What the method does where it chooses by itself, and why, in half a sentence: `gp for one objective`. Whoever
  /// asks it for work writes down each change as an event. Nil: there is nothing that it chooses.
  var choice: String? { get }

  /// Takes in an event that `history` has just taken in.
  mutating func observe(_ event: Event, in history: History)

  /// What to do next. `mutating` for caches only.
  ///
  /// - Parameter number: the one that a new trial would get, which names its random stream; nil if the
  ///   budget allows no new trial, so that all there is to do is to advance others.
  /// - Throws: `StudyError` if nothing can be proposed.
  mutating func propose(_ number: Int?, in history: History) throws -> Proposal

  /// Whether a running trial should be trained on, after a report of it has been observed. `mutating` for
  /// caches only. What becomes of the trial is an event, so that a replay asks nobody again.
  ///
  /// - Throws: `StudyError` if there is no verdict.
  mutating func verdict(on trial: Int, in history: History) throws -> Verdict
}

extension Searcher {
  public var choice: String? { nil }
}

/// What is to become of a running trial that has reported an epoch.
public enum Verdict: Sendable, Hashable {
  /// It is trained on, as far as it was to be.
  case goOn
  /// It is not worth more epochs: it ends as pruned, and what it reported counts.
  case prune
  /// There is nothing more to gain: it ends as complete, with what it reported last.
  case complete
}

/// A searcher's answer.
public enum Proposal: Sendable, Hashable {
  /// A new trial, to be trained through an epoch.
  case start(Assignment, through: Int)
  /// A paused trial goes on through a later epoch.
  case advance(trial: Int, through: Int)
  /// A paused trial is given up: it ends as pruned.
  case prune(trial: Int)
  /// Nothing to do until a running trial reports.
  case wait
  /// A rule of the method ends the study, for this reason.
  case stop(reason: String)
  /// Nothing more to do: every configuration of the space has been tried, or no new one may be.
  case exhausted
}
