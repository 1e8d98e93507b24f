/// What was trained in a study, in order: the fold over its events that records when each epoch was
/// reported, and how the best value improved.
///
/// The best value so far is that of any report, of any epoch and whatever the trial's outcome, among those that
/// satisfy the study's constraints; non-finite values are skipped. So it never gets worse, while
/// `StudySpecification.incumbent(of:)` judges trials by their last report.
///
/// - Complexity: O(values) for a report, O(1) for any other event; memory grows with the reports.
public struct TrainingLog: Sendable {
  /// How much a study had spent at some moment.
  public struct Spent: Sendable, Hashable {
    /// Epochs trained over all trials, as `History.epochs` counts them.
    public var epochs: Int
    /// Seconds during which at least one trial ran.
    public var seconds: Double
  }

  /// An epoch of a trial, as an attempt at it reported it.
  public struct Entry: Sendable, Hashable {
    /// The trial's number.
    public var trial: Int
    /// The number of the attempt.
    public var attempt: Int
    /// The epoch, from 1.
    public var epoch: Int
    /// By the metric's name; may hold NaN and infinities.
    public var values: [String: Double]
    /// Seconds that this epoch took; nil: not measured.
    public var seconds: Double?
    /// What the study had spent when it was first reported.
    public var spent: Spent
  }

  /// A value that was better than all earlier ones.
  public struct Improvement: Sendable, Hashable {
    /// The trial's number.
    public var trial: Int
    /// The epoch of the report.
    public var epoch: Int
    /// The value.
    public var value: Double
    /// What had been spent by then.
    public var spent: Spent
    /// The event that brought it.
    public var revision: Int
  }

  /// The best values from some moment on.
  public struct Step: Sendable, Hashable {
    /// The trial and the epoch of the report that improved on all earlier ones, in some objective.
    public var trial: Int
    /// The epoch of the report.
    public var epoch: Int
    /// The best value so far of each objective; nil: none yet.
    public var best: [Double?]
    /// What had been spent by then.
    public var spent: Spent
  }

  /// What the study is.
  public private(set) var specification: StudySpecification
  /// In the order in which they were first reported. An epoch that another attempt trains again has a new
  /// entry.
  public private(set) var entries: [Entry] = []
  /// For each objective, in their order.
  public private(set) var improvements: [[Improvement]]
  /// The trials after the last event.
  public private(set) var history = History()
  /// The index of each trial's last entry.
  private var last: [Int: Int] = [:]
  /// Never decreases, though a clock correction may show later that less time had passed.
  private var seconds = 0.0

  /// An empty log of a study.
  public init(_ specification: StudySpecification) {
    self.specification = specification
    improvements = specification.objectives.map { _ in [] }
  }

  /// Budget and attributes change without an event.
  package mutating func adopt(_ settings: StudySettings) { specification.settings = settings }

  /// What the study has spent.
  public var spent: Spent { Spent(epochs: history.epochs, seconds: seconds) }

  /// The improvements of all objectives, those of the same report merged.
  public var trajectory: [Step] { trajectory(of: Array(improvements.indices)) }

  /// The improvements of the objectives at the given indices, those of the same report merged. Indices
  /// without an objective have none.
  ///
  /// - Complexity: O(n log n) for n improvements.
  public func trajectory(of places: [Int]) -> [Step] {
    let all = places.enumerated()
      .filter { improvements.indices.contains($0.element) }
      .flatMap { column, place in improvements[place].map { (column: column, one: $0) } }
      .sorted { ($0.one.revision, $0.column) < ($1.one.revision, $1.column) }
    var steps: [Step] = []
    var best = places.map { _ in Double?.none }
    var revision = 0
    for (column, one) in all {
      best[column] = one.value
      if one.revision == revision {
        steps[steps.count - 1].best = best
      } else {
        steps.append(Step(trial: one.trial, epoch: one.epoch, best: best, spent: one.spent))
      }
      revision = one.revision
    }
    return steps
  }

  /// Applies the next event. Events come in the order of their revisions, each once.
  /// - Throws: `StudyError` if it cannot be the next one.
  public mutating func take(_ event: Event) throws {
    try history.take(event)
    seconds = max(seconds, history.busySeconds)
    switch event.kind {
    case .reported(let attempt, let report), .extended(let attempt, let report):
      let trial = history.trials[event.trial]
      guard trial.accepts(event.kind) == .accepted,
        let whole = trial.reports.last(where: { $0.epoch == report.epoch })
      else { return }
      enter(whole, trial.number, attempt)
      offer(whole.values, trial.number, whole.epoch)
    case .finished(_, .complete(let values), _):
      // Trials that run elsewhere may have results without a report.
      let trial = history.trials[event.trial]
      guard trial.state == .complete else { return }
      var named = trial.lastReport?.values ?? [:]
      for (objective, value) in zip(specification.objectives, values) {
        named[objective.metric] = value
      }
      offer(named, trial.number, trial.lastReport?.epoch ?? trial.through)
    default: break
    }
  }

  private mutating func enter(_ report: Report, _ trial: Int, _ attempt: Int) {
    if let place = last[trial], entries[place].attempt == attempt,
      entries[place].epoch == report.epoch
    {
      (entries[place].values, entries[place].seconds) = (report.values, report.seconds)
      return
    }
    last[trial] = entries.count
    entries.append(
      Entry(
        trial: trial, attempt: attempt, epoch: report.epoch, values: report.values,
        seconds: report.seconds, spent: spent))
  }

  private mutating func offer(_ values: [String: Double], _ trial: Int, _ epoch: Int) {
    guard specification.violation(of: values) == 0 else { return }
    for (place, objective) in specification.objectives.enumerated() {
      guard let value = values[objective.metric], value.isFinite else { continue }
      if let best = improvements[place].last, objective.loss(value) >= objective.loss(best.value) {
        continue
      }
      improvements[place].append(
        Improvement(
          trial: trial, epoch: epoch, value: value, spent: spent, revision: history.revision))
    }
  }
}

extension StudyStore {
  /// What was trained in a study.
  ///
  /// - Complexity: O(events) in time; memory grows with trials and reports.
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  public func trainingLog(of study: StudyID) async throws -> TrainingLog {
    var log = TrainingLog(try await specification(of: study))
    while true {
      let events = try await events(of: study, after: log.history.revision, limit: 10_000)
      for event in events { try log.take(event) }
      if events.count < 10_000 { return log }
    }
  }
}

extension StudySpecification {
  /// The scheduler whose epochs are instances of a problem: folds, repetitions, data sets.
  package static let instanceScheduler = "wilcoxon"

  /// Whether epochs are instances of a problem, so that a value at one does not predict the trial's result.
  public var hasInstances: Bool { method.scheduler.name == Self.instanceScheduler }

  /// The trial to use when the budget is spent: of those that have not failed and satisfy the constraints, the
  /// one with the best value of the first objective, by its result or, if it was not trained to the end, by
  /// what it reported last. Where epochs are instances, only complete trials have a value. Among equals complete
  /// trials come first, then the earliest; nil: none has a finite value.
  ///
  /// - Complexity: O(n) for n trials.
  public func incumbent(of trials: [Trial]) -> Trial? {
    func key(_ trial: Trial) -> (Double, Int, Int)? {
      guard trial.state.reason == nil, isFeasible(trial) else { return nil }
      let isComplete = trial.state == .complete
      guard isComplete || !hasInstances else { return nil }
      let reported = trial.lastReport?.values[objectives[0].metric]
      guard let value = isComplete ? trial.values?.first ?? reported : reported, value.isFinite
      else { return nil }
      return (objectives[0].loss(value), isComplete ? 0 : 1, trial.number)
    }
    return trials.lazy.compactMap { trial in key(trial).map { (trial, $0) } }
      .min { $0.1 < $1.1 }?.0
  }
}
