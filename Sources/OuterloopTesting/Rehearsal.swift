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

  /// Begins what the searcher proposes: a new trial, or one that rested and goes on. Nil if there is
  /// nothing to do.
  public mutating func ask() throws -> Trial? {
    let number: Int
    switch try propose() {
    case .start(let assignment, let through):
      number = history.trials.count
      take(.suggested(assignment, through: through, seen: history.revision), of: number)
    case .advance(let trial, let through):
      number = trial
      take(.continued(through: through, seen: history.revision), of: trial)
    case .wait, .exhausted:
      isExhausted = true
      return nil
    }
    take(.claimed(attempt: history.trials[number].attempt + 1, worker: "w"), of: number)
    return history.trials[number]
  }

  /// The end of the attempt at a trial: values are reported of the epoch that it was to reach, where it
  /// rests if that was not the last.
  public mutating func tell(_ number: Int, _ outcome: Outcome) {
    let trial = history.trials[number]
    if case .complete(let values) = outcome {
      let metrics = specification.objectives.map(\.metric)
      let report = Report(
        epoch: trial.through, Dictionary(uniqueKeysWithValues: zip(metrics, values)))
      take(.reported(attempt: trial.attempt, report), of: number)
      if trial.through < specification.epochs {
        return take(.paused(attempt: trial.attempt), of: number)
      }
    }
    take(.finished(attempt: trial.attempt, outcome), of: number)
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
