/// The trials of a study, as the fold over its events.
public struct History: Sendable {
  /// By number.
  public private(set) var trials: [Trial] = []
  /// The revision of the last event applied.
  public private(set) var revision = 0
  /// The number of waiting, running and paused trials.
  public private(set) var openCount = 0
  /// The number of running trials.
  public private(set) var runningCount = 0
  /// The number of trials that a worker may claim now: new ones, and those whose worker was lost.
  public private(set) var claimableCount = 0
  /// Epochs trained, according to reports: a report that follows three epochs without one counts
  /// for all of them, and epochs trained again by another attempt count again.
  public private(set) var epochs = 0
  /// Why no new trial starts: a rule ended the study, and it has not been reopened.
  public private(set) var stopReason: String?
  /// Whether the study is suspended, so that no trial starts or continues.
  public private(set) var isSuspended = false
  /// The budget since it was changed; nil: the original one.
  public private(set) var budget: Budget?
  /// The latest choice of an automatic method, and its reason; nil: none is recorded.
  public private(set) var choice: String?
  /// Seconds during which at least one trial ran, up to the last event. Where the store's clock was set
  /// meanwhile, the workers' measurements count, once their attempts have ended.
  public var busySeconds: Double { busy.seconds }
  private var busy = BusyTime()

  /// A study in which nothing has happened.
  public init() {}

  /// Applies the next event. Events come in the order of their revisions, each once.
  package mutating func apply(_ event: Event) {
    revision = event.revision
    busy.pass(to: event.time, isBusy: runningCount > 0)
    switch event.kind {
    case .chosen(let choice): self.choice = choice
    case .stopped(let reason): stopReason = reason
    case .reopened: stopReason = nil
    case .suspended: isSuspended = true
    case .resumed: isSuspended = false
    case .budgeted(let budget): self.budget = budget
    default: break
    }
    if event.kind.isAboutStudy { return }
    if let trial = Trial(event) {
      precondition(trial.number == trials.count, "trial numbers have a gap")
      trials.append(trial)
      count(trial, 1)
      return
    }
    count(trials[event.trial], -1)
    let before = trials[event.trial].epoch
    let (wasRunning, attempt) = (trials[event.trial].state == .running, trials[event.trial].attempt)
    trials[event.trial].apply(event)
    switch event.kind {
    case .reported, .extended, .checkpointed:
      // A checkpoint may be announced before its epoch is reported. The sum is bounded, whatever epoch a
      // program reports.
      let (from, to) = (max(before, 0), trials[event.trial].epoch)
      let trained = to > from ? to - from : 0
      epochs = min(epochs, .max - trained) + trained
    default: break
    }
    let isRunning = trials[event.trial].state == .running
    if isRunning, !wasRunning { busy.begin(event.trial) }
    if wasRunning, !isRunning {
      busy.end(event.trial, after: event.kind.seconds(ofAttempt: attempt))
    }
    count(trials[event.trial], 1)
  }

  /// Applies the next event. Events come in the order of their revisions, each once.
  /// - Throws: `StudyError` if it cannot be the next one.
  public mutating func take(_ event: Event) throws {
    let isNew = event.kind.isAboutStudy || event.kind.createsTrial
    guard event.revision == revision + 1,
      isNew ? event.trial == trials.count : trials.indices.contains(event.trial)
    else {
      throw StudyError(
        "the log of the study is damaged: event \(event.revision) about trial \(event.trial) does "
          + "not follow event \(revision) with \(trials.count) trials", "restore a copy")
    }
    apply(event)
  }

  /// Converts configurations of a narrower space to this one.
  mutating func layOut(for space: SearchSpace) {
    for place in trials.indices {
      trials[place].assignment = trials[place].assignment.laidOut(for: space)
    }
  }

  private mutating func count(_ trial: borrowing Trial, _ change: Int) {
    if !trial.state.isFinished { openCount += change }
    if trial.state == .running { runningCount += change }
    if trial.isClaimable { claimableCount += change }
  }

  /// The best complete trial for an objective: the smallest loss; of equals the earliest. NaN
  /// values are skipped, infinities in the better direction are accepted.
  ///
  /// - Parameter isAdmitted: which trials may be the best: those that satisfy the study's
  ///   constraints.
  public func best(
    for objective: Objective, at place: Int = 0, where isAdmitted: (Trial) -> Bool = { _ in true }
  ) -> Trial? {
    trials.best(for: objective, at: place, where: isAdmitted)
  }
}

extension [Trial] {
  /// As `History.best`.
  fileprivate func best(
    for objective: Objective, at place: Int, where isAdmitted: (Trial) -> Bool
  ) -> Trial? {
    var best: Trial?
    var bestLoss = Double.infinity
    for trial in self where trial.state == .complete && isAdmitted(trial) {
      guard let values = trial.values, values.indices.contains(place) else { continue }
      let value = values[place]
      let loss = objective.loss(value)
      if loss < bestLoss || (best == nil && !loss.isNaN) { (best, bestLoss) = (trial, loss) }
    }
    return best
  }
}

extension StudySpecification {
  /// The best complete trial of the first objective among those that satisfy the constraints.
  public func best(in history: History) -> Trial? { best(of: history.trials) }

  package func best(of trials: [Trial]) -> Trial? {
    trials.best(for: objectives[0], at: 0, where: isFeasible)
  }
}
