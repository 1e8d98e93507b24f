public import OuterloopStudy

/// A study of known learning curves under any search method, with virtual workers and a simulated clock.
///
/// A worker trains one trial at a time; each epoch takes the candidate's cost on the clock and ends with a report
/// of the known value. Free workers ask the searcher in order, after every report. With recorded curves, a
/// proposed configuration is replaced by the nearest untried candidate of the table, and the event holds that one,
/// so the events are those of a study that had proposed it. The study ends once `budget` epochs have been reported
/// (running epochs then do not count), or when nothing is running and nothing is proposed.
///
/// Deterministic for a deterministic searcher: reports that are due at the same time are ordered by
/// worker number.
public struct SimulatedStudy {
  public let task: any CurveTask
  public let specification: StudySpecification
  public private(set) var history = History()
  public private(set) var events: [Event] = []
  /// Every epoch that was reported, in order.
  public private(set) var observations: [Observation] = []
  /// Every decision of the searcher, in order.
  public private(set) var decisions: [Decision] = []
  /// The index of each trial's candidate in `curves`.
  public private(set) var candidates: [Int] = []
  /// The simulated clock.
  public private(set) var time = 0.0
  /// Seconds that the searcher took, in all.
  public private(set) var searchSeconds = 0.0
  private let budget: Int
  private var searcher: any Searcher
  private var supply: CurveSupply
  private var workers: [Run?]

  public struct Observation: Sendable, Hashable {
    /// Its index in `curves`.
    public var candidate: Int
    /// From 1.
    public var epoch: Int
  }

  public struct Decision: Sendable, Hashable {
    /// The revision of the last event that the searcher had seen.
    public var seen: Int
    /// The number that a new trial would get.
    public var number: Int?
    public var proposal: Proposal
  }

  /// What a worker is doing: the epoch that it trains, and when that is done.
  private struct Run {
    var trial, attempt, epoch: Int
    var due: Double
  }

  /// - Parameters:
  ///   - workers: how many trials may run at once.
  ///   - budget: epochs to train in all.
  ///   - cost: the definition of a trial's cost, for cost-aware searches.
  public init(
    _ task: any CurveTask, _ method: SearchMethod, workers: Int = 1, budget: Int,
    cost: TrialCost? = nil, seed: UInt64
  ) throws {
    try LabError.require(workers >= 1, "workers", workers, "at least 1")
    try LabError.require(budget >= 1, "epochs", budget, "at least 1")
    self.task = task
    self.budget = budget
    specification = try StudySpecification(
      name: task.name, space: task.space, objectives: [task.objective], cost: cost,
      method: method.description, seed: seed, epochs: task.epochs, budget: Budget(epochs: budget))
    searcher = try method.searcher(specification)
    supply = task.supply()
    self.workers = [Run?](repeating: nil, count: workers)
  }

  /// Curves of a table, all of them; of any other task, those that were tried.
  public var curves: [CurveTable.Candidate] { supply.curves }

  /// Runs the study to its end.
  ///
  /// - Parameter check: called before every epoch; an error it throws ends the study.
  /// - Throws: what the searcher throws, and `StudyError` for a proposal that cannot be carried out.
  public mutating func run(check: () throws -> Void = {}) throws {
    try assignWork()
    while observations.count < budget, let worker = nextToReport {
      try check()
      try report(worker)
      if observations.count < budget { try assignWork() }
    }
  }

  private var nextToReport: Int? {
    var next: (worker: Int, due: Double)?
    for (worker, run) in workers.enumerated() {
      guard let run, run.due < next?.due ?? .infinity else { continue }
      next = (worker, run.due)
    }
    return next?.worker
  }

  /// Asks for work for every worker that has none.
  private mutating func assignWork() throws {
    while history.stopReason == nil, let worker = workers.firstIndex(where: { $0 == nil }) {
      guard try carryOut(try propose(), on: worker) else { return }
    }
  }

  private mutating func propose() throws -> Proposal {
    let number = supply.isExhausted ? nil : history.trials.count
    let proposal = try timed { try $0.searcher.propose(number, in: $0.history) }
    decisions.append(Decision(seen: history.revision, number: number, proposal: proposal))
    return proposal
  }

  /// Returns whether asking again before the next report is useful.
  private mutating func carryOut(_ proposal: Proposal, on worker: Int) throws -> Bool {
    switch proposal {
    case .start(let assignment, let through):
      guard let candidate = try supply.take(assignment) else { return false }
      let trial = history.trials.count
      candidates.append(candidate)
      let snapped = curves[candidate].assignment
      take(.suggested(snapped, through: through, seen: history.revision), of: trial)
      try begin(trial, on: worker)
    case .advance(let trial, let through):
      try requirePaused(trial)
      take(.continued(through: through, seen: history.revision), of: trial)
      try begin(trial, on: worker)
    case .stop(let reason): take(.stopped(reason: reason), of: history.trials.count)
    case .prune(let trial): try giveUp(trial)
    case .wait, .exhausted: return false
    }
    return true
  }

  private mutating func begin(_ trial: Int, on worker: Int) throws {
    let attempt = history.trials[trial].attempt + 1
    take(.claimed(attempt: attempt, worker: "worker-\(worker + 1)"), of: trial)
    let state = history.trials[trial]
    guard state.through > state.epoch else {
      throw StudyError(
        "the searcher lets trial \(trial) be trained through epoch \(state.through), of which "
          + "\(state.epoch) are done", "propose a later epoch")
    }
    workers[worker] = Run(
      trial: trial, attempt: attempt, epoch: state.epoch + 1, due: time + cost(of: trial))
  }

  /// Ends a paused trial.
  private mutating func giveUp(_ trial: Int) throws {
    try requirePaused(trial)
    take(.finished(attempt: history.trials[trial].attempt, .pruned), of: trial)
  }

  private func requirePaused(_ trial: Int) throws {
    guard history.trials.indices.contains(trial), history.trials[trial].state == .paused else {
      throw StudyError(
        "the searcher proposes something for trial \(trial), which is not paused",
        "only paused trials can be advanced or given up: see `TrialState.paused`")
    }
  }

  private func cost(of trial: Int) -> Double { curves[candidates[trial]].epochCost }

  /// The epoch that `worker` trains is done.
  private mutating func report(_ worker: Int) throws {
    guard var run = workers[worker] else { return }
    time = run.due
    let curve = curves[candidates[run.trial]]
    take(
      .reported(
        attempt: run.attempt,
        Report(
          epoch: run.epoch, [task.objective.metric: curve.values[run.epoch - 1]],
          seconds: curve.epochCost)),
      of: run.trial)
    observations.append(Observation(candidate: candidates[run.trial], epoch: run.epoch))
    let isLast = run.epoch >= Swift.min(history.trials[run.trial].through, curve.values.count)
    let verdict = try timed { try $0.searcher.verdict(on: run.trial, in: $0.history) }
    switch verdict {
    case .goOn where !isLast:
      run.epoch += 1
      run.due = time + cost(of: run.trial)
      workers[worker] = run
      return
    case .prune: take(.finished(attempt: run.attempt, .pruned), of: run.trial)
    case .complete: end(run, isComplete: true)
    case .goOn: end(run, isComplete: run.epoch == curve.values.count)
    }
    workers[worker] = nil
  }

  /// The attempt is over: its trial is complete, or is paused at this epoch.
  private mutating func end(_ run: Run, isComplete: Bool) {
    var trial = history.trials[run.trial]
    if isComplete { trial.through = specification.epochs }
    let end = trial.end(of: run.attempt, with: trial.lastReport, in: specification)
    if case .paused = end {
      take(.checkpointed(attempt: run.attempt, epoch: run.epoch), of: run.trial)
    }
    take(end, of: run.trial)
  }

  private mutating func take(_ kind: Event.Kind, of trial: Int) {
    let event = Event(revision: events.count + 1, time: time, trial: trial, kind)
    history.apply(event)
    events.append(event)
    timed { $0.searcher.observe(event, in: $0.history) }
  }

  private mutating func timed<Result>(
    _ body: (inout SimulatedStudy) throws -> Result
  ) rethrows -> Result {
    let start = ContinuousClock.now
    let result = try body(&self)
    searchSeconds += start.duration(to: .now) / .seconds(1)
    return result
  }
}
