/// Decides what to run next. A searcher is a fold over the study's events: its state is made by
/// `observe` alone, so that a study that was killed and resumed, replayed, or driven by several
/// processes gets the same proposals for the same events.
///
/// Laws, checked by `SearcherLaws`:
/// - a proposal is a pure function of the specification, the events observed, and `number`;
/// - proposing changes nothing that a later proposal could show: asking twice gives the same answer.
public protocol Searcher: Sendable {
  /// Takes in an event that `history` has just taken in.
  mutating func observe(_ event: Event, in history: History)

  /// What to do next. `mutating` for caches only.
  ///
  /// - Parameter number: the one that a new trial would get, which names its random stream; nil if the
  ///   budget allows no new trial, so that all there is to do is to advance others.
  mutating func propose(_ number: Int?, in history: History) throws -> Proposal
}

/// A searcher's answer.
public enum Proposal: Sendable, Hashable {
  /// A new trial, to be trained through an epoch.
  case start(Assignment, through: Int)
  /// A paused trial goes on through a later epoch.
  case advance(trial: Int, through: Int)
  /// Nothing to do until a running trial reports.
  case wait
  /// A rule of the method ends the study, for this reason.
  case stop(reason: String)
  /// Nothing more to do: every configuration of the space has been tried, or no new one may be.
  case exhausted
}
