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
    for event in events { take(event) }
  }

  public var trials: [Trial] { history.trials }

  public mutating func take(_ event: Event) {
    events.append(event)
    history.apply(event)
    searcher.observe(event, in: history)
  }

  public mutating func take(_ kind: Event.Kind, of trial: Int) {
    let revision = events.count + 1
    take(Event(revision: revision, time: Double(revision), trial: trial, kind))
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
    take(.suggested(assignment, through: through, seen: history.revision), of: number)
    take(.claimed(attempt: 1, worker: "w"), of: number)
    return history.trials[number]
  }

  public mutating func tell(_ number: Int, _ outcome: Outcome) {
    if case .complete(let values) = outcome {
      let metrics = specification.objectives.map(\.metric)
      take(
        .reported(attempt: 1, Report(Dictionary(uniqueKeysWithValues: zip(metrics, values)))),
        of: number)
    }
    take(.finished(attempt: 1, outcome), of: number)
  }

  /// Runs `count` more trials one after the other.
  public mutating func run(_ count: Int, _ objective: (Trial) -> Outcome) throws {
    for _ in 0..<count {
      guard let trial = try ask() else { return }
      tell(trial.number, objective(trial))
    }
  }

  /// The smallest loss of the first objective so far.
  public var bestLoss: Double {
    let objective = specification.objectives[0]
    return history.best(for: objective)?.values.map { objective.loss($0[0]) } ?? .infinity
  }
}
