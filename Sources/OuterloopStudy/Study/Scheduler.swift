/// Chooses configurations and nothing else.
public protocol Sampler: Sendable {
  /// See `Searcher.choice`.
  var choice: String? { get }

  /// Takes in an event; the sampler's state is made by this alone. `history` includes the event.
  mutating func observe(_ event: Event, in history: History)

  /// A configuration for trial `number`; nil if none is left to try.
  ///
  /// - Throws: `StudyError` if no configuration can be proposed.
  mutating func suggest(_ number: Int, in history: History) throws -> Assignment?
}

extension Sampler {
  public var choice: String? { nil }
}

/// Decides which trial is trained next, how far, and which running ones are stopped early. The
/// configurations of new trials come from any sampler.
public protocol Scheduler: Sendable {
  /// See `Searcher.choice`.
  var choice: String? { get }

  /// Takes in an event; the scheduler's state is made by this alone. `history` includes the event.
  mutating func observe(_ event: Event, in history: History)

  /// What to do next; see `Searcher.propose`.
  ///
  /// - Parameter suggest: asks the sampler for the configuration of a new trial by its number; nil if
  ///   none is left to try.
  /// - Throws: what `suggest` throws.
  mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal

  /// Whether a running trial should be trained on; see `Searcher.verdict`.
  ///
  /// - Throws: `StudyError` if there is no verdict.
  mutating func verdict(on trial: Int, in history: History) throws -> Verdict
}

extension Scheduler {
  public var choice: String? { nil }
}

/// Trains every configuration through all epochs: the default, without early stopping.
public struct FullTraining: Scheduler {
  private let epochs: Int

  /// Trains every trial through `epochs`.
  public init(epochs: Int) { self.epochs = epochs }

  public mutating func observe(_ event: Event, in history: History) {}

  public mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    guard let number, let assignment = try suggest(number) else { return .exhausted }
    return .start(assignment, through: epochs)
  }

  public mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
}

/// A sampler combined with a scheduler.
public struct ScheduledSearch: Searcher {
  private var sampler: any Sampler
  private var scheduler: any Scheduler

  /// A searcher that takes configurations from a sampler and lets a scheduler decide how far they
  /// are trained.
  public init(_ sampler: some Sampler, _ scheduler: some Scheduler) {
    self.sampler = sampler
    self.scheduler = scheduler
  }

  public var choice: String? {
    let parts = [scheduler.choice, sampler.choice].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  public mutating func observe(_ event: Event, in history: History) {
    sampler.observe(event, in: history)
    scheduler.observe(event, in: history)
  }

  public mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    try scheduler.propose(number, in: history) { try sampler.suggest($0, in: history) }
  }

  public mutating func verdict(on trial: Int, in history: History) throws -> Verdict {
    try scheduler.verdict(on: trial, in: history)
  }
}
