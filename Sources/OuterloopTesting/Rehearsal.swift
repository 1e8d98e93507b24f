public import OuterloopStudy

/// A study without a store: events are handed straight to the searcher, one second apart. Quick and
/// repeatable, for laws and comparisons of searchers.
public struct Rehearsal {
  public let specification: StudySpecification
  public private(set) var history = History()
  public private(set) var events: [Event] = []
  private var searcher: any Searcher
  /// Whether the searcher had nothing left to propose.
  public private(set) var isExhausted = false

  public init(_ specification: StudySpecification, _ method: SearchMethod) throws {
    self.specification = specification
    searcher = try method.searcher(specification)
  }

  /// A study whose past is known.
  public init(
    _ specification: StudySpecification, _ method: SearchMethod, replaying events: [Event]
  ) throws {
    try self.init(specification, method)
    for event in events { try take(event) }
  }

  public var trials: [Trial] { history.trials }

  /// - Throws: `StudyError` if it cannot be the next event: one about a trial that is not there.
  public mutating func take(_ event: Event) throws {
    try history.take(event)
    events.append(event)
    searcher.observe(event, in: history)
  }

  /// - Throws: `StudyError` if it cannot happen to that trial: there is none of that number.
  public mutating func take(_ kind: Event.Kind, of trial: Int) throws {
    let revision = events.count + 1
    let event = Event(revision: revision, time: Double(revision), trial: trial, kind)
    let count = trials.count
    guard kind.isAboutStudy || Trial(event) != nil || 0..<count ~= trial else {
      throw StudyError(
        "there is no trial \(trial) among \(count)", "use the number of one that was asked for")
    }
    try take(event)
  }

  public mutating func propose() throws -> Proposal {
    try searcher.propose(history.trials.count, in: history)
  }

  /// Asks for a new trial and begins it; nil if there is none.
  public mutating func ask() throws -> Trial? {
    guard case .start(let assignment, let through) = try propose() else {
      isExhausted = true
      return nil
    }
    let number = history.trials.count
    try take(.suggested(assignment, through: through, seen: history.revision), of: number)
    try take(.claimed(attempt: 1, worker: "w"), of: number)
    return history.trials[number]
  }

  /// What became of a trial.
  /// - Throws: `StudyError` if there is none of that number.
  public mutating func tell(_ number: Int, _ outcome: Outcome) throws {
    if case .complete(let values) = outcome {
      let metrics = specification.objectives.map(\.metric)
      let report = Report(Dictionary(zip(metrics, values), uniquingKeysWith: { first, _ in first }))
      try take(.reported(attempt: 1, report), of: number)
    }
    try take(.finished(attempt: 1, outcome), of: number)
  }

  /// Runs `count` more trials one after the other, or as many as the searcher has.
  /// - Throws: `StudyError` if `count` is negative.
  public mutating func run(_ count: Int, _ objective: (Trial) -> Outcome) throws {
    guard count >= 0 else {
      throw StudyError("`count` is \(count): so many trials cannot be run", "say 0 or more")
    }
    for _ in 0..<count {
      guard let trial = try ask() else { return }
      try tell(trial.number, objective(trial))
    }
  }

  /// The smallest loss of the first objective so far; infinite if there is none.
  public var bestLoss: Double {
    guard let objective = specification.objectives.first else { return .infinity }
    return history.best(for: objective)?.values.map { objective.loss($0[0]) } ?? .infinity
  }
}
