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
  /// Nothing more to do: every configuration of the space has been tried, or no new one may be.
  case exhausted
}

/// Chooses configurations and nothing else; what most searchers are made of.
public protocol Sampler: Sendable {
  mutating func observe(_ event: Event, in history: History)

  /// A configuration for trial `number`; nil if there is none left to try.
  mutating func suggest(_ number: Int, in history: History) throws -> Assignment?
}

/// Trains every configuration that a sampler chooses through all epochs.
public struct FullTraining<Chooser: Sampler>: Searcher {
  private var sampler: Chooser
  private let epochs: Int

  public init(_ sampler: Chooser, epochs: Int) {
    self.sampler = sampler
    self.epochs = epochs
  }

  public mutating func observe(_ event: Event, in history: History) {
    sampler.observe(event, in: history)
  }

  public mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    guard let number, let assignment = try sampler.suggest(number, in: history) else {
      return .exhausted
    }
    return .start(assignment, through: epochs)
  }
}

/// A way to search, as a value: `.random`, `.sobol`, `.grid`, `.tpe()`. It knows its name and
/// options, for the store, and how to make the searcher of a study.
public struct SearchMethod: Sendable {
  public let description: MethodDescription
  public let searcher: @Sendable (StudySpecification) throws -> any Searcher

  public init(
    _ description: MethodDescription,
    searcher: @escaping @Sendable (StudySpecification) throws -> any Searcher
  ) {
    self.description = description
    self.searcher = searcher
  }
}
