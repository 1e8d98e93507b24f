public import OuterloopStudy

/// A study without a store: events are passed directly to the searcher, one second apart. Quick and
/// repeatable, for laws and comparisons of searchers.
public struct SearchSimulation: Sendable {
  /// What the study is.
  public let specification: StudySpecification
  /// What has happened.
  public private(set) var history = History()
  /// All events, in order.
  public private(set) var events: [Event] = []
  private var searcher: any Searcher
  /// Whether the searcher had nothing left to propose.
  public private(set) var isExhausted = false

  /// A study that nothing has happened in.
  ///
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public init(_ specification: StudySpecification, _ method: SearchMethod) throws {
    self.specification = specification
    searcher = try method.searcher(specification)
  }

  /// A simulation that continues a given history.
  ///
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public init(
    _ specification: StudySpecification, _ method: SearchMethod, replaying events: [Event]
  ) throws {
    try self.init(specification, method)
    for event in events { try take(event) }
  }

  /// All trials, by number.
  public var trials: [Trial] { history.trials }

  /// - Throws: `StudyError` if it cannot be the next event, such as one about a trial that does not
  ///   exist.
  public mutating func take(_ event: Event) throws {
    try history.take(event)
    events.append(event)
    searcher.observe(event, in: history)
  }

  /// - Throws: `StudyError` if there is no trial of that number.
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

  /// What the searcher proposes for the next trial.
  ///
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public mutating func propose() throws -> Proposal { try propose(history.trials.count) }

  /// - Parameter number: the number of a new trial; nil if none may start.
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public mutating func propose(_ number: Int?) throws -> Proposal {
    try searcher.propose(number, in: history)
  }

  /// Whether a running trial should continue.
  /// - Throws: `StudyError` if there is no trial of that number.
  public mutating func verdict(on trial: Int) throws -> Verdict {
    guard trials.indices.contains(trial) else {
      throw StudyError(
        "there is no trial \(trial) among \(trials.count)", "use the number of one that runs")
    }
    return try searcher.verdict(on: trial, in: history)
  }

  /// Starts what the searcher proposes: a new trial, or a paused one. Nil if there is nothing to do.
  ///
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public mutating func ask() throws -> Trial? {
    while true {
      let proposal = try propose()
      switch proposal {
      case .wait, .exhausted, .stop:
        isExhausted = true
        return nil
      default: if let trial = try begin(proposal) { return trial }
      }
    }
  }

  /// Carries out a proposal. Returns the trial that starts or continues; nil if none does.
  /// - Throws: `StudyError` if the proposal continues or ends a trial that is not paused.
  public mutating func begin(_ proposal: Proposal) throws -> Trial? {
    let number: Int
    switch proposal {
    case .start(let assignment, let through):
      number = history.trials.count
      try take(.suggested(assignment, through: through, seen: history.revision), of: number)
    case .advance(let trial, let through):
      number = trial
      try take(.continued(through: through, seen: history.revision), of: trial)
    case .prune(let trial):
      guard history.trials.indices.contains(trial), history.trials[trial].state == .paused else {
        throw StudyError(
          "the searcher ends trial \(trial), which does not rest",
          "only paused trials can be pruned: see `TrialState.paused`")
      }
      try take(.finished(attempt: history.trials[trial].attempt, .pruned), of: trial)
      return nil
    case .wait, .exhausted, .stop: return nil
    }
    let attempt = history.trials[number].attempt + 1
    try take(.claimed(attempt: attempt, worker: "w"), of: number)
    guard history.trials[number].attempt == attempt else {
      throw StudyError(
        "the searcher lets trial \(number) go on, which does not rest",
        "only paused trials can continue: see `TrialState.paused`")
    }
    return history.trials[number]
  }

  /// Ends the attempt at a trial: reports values of the requested epoch, after which the trial is
  /// paused unless that was the last.
  /// - Parameters:
  ///   - gradient: derivatives of the objective to report with the result, by parameter.
  ///   - others: further metrics to report with it.
  /// - Throws: `StudyError` if there is no trial of that number.
  public mutating func tell(
    _ number: Int, _ outcome: Outcome, gradient: [String: Double] = [:],
    others: [String: Double] = [:]
  ) throws {
    let trial = trials.indices.contains(number) ? trials[number] : nil
    let attempt = trial?.attempt ?? 1
    if case .complete(let values) = outcome {
      let metrics = specification.objectives.map(\.metric)
      let report = Report(
        epoch: trial?.through ?? 1,
        Dictionary(zip(metrics, values), uniquingKeysWith: { first, _ in first })
          .merging(others) { first, _ in first },
        gradient: gradient)
      try take(.reported(attempt: attempt, report), of: number)
      if let trial, trial.through < specification.epochs {
        return try take(.paused(attempt: attempt), of: number)
      }
    }
    try take(.finished(attempt: attempt, outcome), of: number)
  }

  /// Runs `count` more trials one after another, or as many as the searcher proposes.
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

  /// The smallest loss of the first objective so far, over feasible trials; infinite if there is none.
  public var bestLoss: Double {
    guard let objective = specification.objectives.first else { return .infinity }
    return specification.best(in: history)?.values.map { objective.loss($0[0]) } ?? .infinity
  }
}
