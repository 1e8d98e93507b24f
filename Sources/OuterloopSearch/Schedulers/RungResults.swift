internal import OuterloopStudy

/// The results of trials at each rung.
///
/// The value of a trial at a rung is that of its last report at or before the rung's epoch; for a program
/// that reports none of these epochs, its first report. It is fixed when the trial first gets there: an
/// attempt that repeats these epochs changes nothing. Non-finite values, and failures caused by the
/// configuration before the next rung, are worse than everything else.
///
/// - Complexity: O(1) for a report between rungs; O(n log n) for the order of a rung with a new result.
struct RungResults: Sendable {
  struct Result: Sendable {
    /// By objective, in the user's direction; nil: not finite, or the trial failed.
    var values: [Double]?
    var losses: [Double]
    var violation: Double
    /// The event that brought it.
    var revision: Int
  }

  let epochs: [Int]
  private(set) var results: [[Int: Result]]
  /// The first rung without a result of the trial.
  private var next: [Int: Int] = [:]
  /// The epoch whose report brought a trial to its last rung.
  private var arrivals: [Int: Int] = [:]
  private var orders: [[Int]?]
  private let specification: StudySpecification

  init(_ epochs: [Int], _ specification: StudySpecification) {
    self.epochs = epochs
    self.specification = specification
    results = epochs.map { _ in [:] }
    orders = epochs.map { _ in nil }
  }

  mutating func observe(_ event: Event, in history: History) {
    guard !event.kind.isAboutStudy else { return }
    switch event.kind {
    case .reported(_, let report), .extended(_, let report):
      let place = next[event.trial] ?? 0
      guard place < epochs.count, report.epoch >= epochs[place] else { return }
      record(history.trials[event.trial], event.revision)
    case .finished(_, .failed(let reason, _), _) where reason.isCausedByConfiguration:
      let trial = history.trials[event.trial]
      for rung in (next[trial.number] ?? 0)..<epochs.count where epochs[rung] <= trial.through {
        keep(
          Result(
            values: nil, losses: specification.objectives.map { _ in .infinity },
            violation: .infinity, revision: event.revision), trial.number, rung)
      }
    default: break
    }
  }

  private mutating func record(_ trial: Trial, _ revision: Int) {
    let metrics = specification.objectives.map(\.metric)
    let whole = trial.reports.filter { report in metrics.allSatisfy { report.values[$0] != nil } }
    guard let reached = whole.last?.epoch else { return }
    for rung in (next[trial.number] ?? 0)..<epochs.count where epochs[rung] <= reached {
      guard let report = whole.last(where: { $0.epoch <= epochs[rung] }) ?? whole.first else {
        return
      }
      arrivals[trial.number] = trial.reports.last?.epoch
      keep(result(report, revision), trial.number, rung)
    }
  }

  private func result(_ report: Report, _ revision: Int) -> Result {
    let values = specification.objectives.map { report.values[$0.metric] ?? .nan }
    let isFinite = values.allSatisfy(\.isFinite)
    return Result(
      values: isFinite ? values : nil,
      losses: zip(specification.objectives, values).map { $1.isFinite ? $0.loss($1) : .infinity },
      violation: isFinite ? specification.violation(of: report.values) : .infinity,
      revision: revision)
  }

  private mutating func keep(_ result: Result, _ trial: Int, _ rung: Int) {
    results[rung][trial] = result
    next[trial] = rung + 1
    orders[rung] = nil
  }

  /// The highest rung with a result of the trial; nil: none yet.
  func rung(of trial: Int) -> Int? { next[trial].map { $0 - 1 } }

  /// Whether a trial has just reached its highest rung with its last report.
  func hasArrived(_ trial: Trial) -> Bool {
    arrivals[trial.number].map { $0 == trial.reports.last?.epoch } ?? false
  }

  /// The trials on a rung, best first: by violation, then by loss, then by number. With several objectives
  /// see `ObjectivePoints.spreadOrder`.
  mutating func order(ofRung rung: Int) -> [Int] {
    if let order = orders[rung] { return order }
    let order = ordered(results[rung].keys.sorted(), onRung: rung)
    orders[rung] = order
    return order
  }

  /// Some trials of a rung in the same order; those without a result last.
  func ordered(_ trials: [Int], onRung rung: Int) -> [Int] {
    let ranks = frontRanks(trials, rung)
    let keys = trials.indices.map { place -> (Double, Double, Int) in
      let result = results[rung][trials[place]]
      return (
        result?.violation ?? .infinity,
        ranks.map { Double($0[place]) } ?? result?.losses[0] ?? .infinity, trials[place]
      )
    }
    return trials.indices.sorted { keys[$0] < keys[$1] }.map { trials[$0] }
  }

  /// With several objectives, the rank of each trial among the feasible ones.
  private func frontRanks(_ trials: [Int], _ rung: Int) -> [Int]? {
    guard specification.objectives.count > 1 else { return nil }
    let losses = trials.map { trial in
      results[rung][trial].map(\.losses) ?? specification.objectives.map { _ in .infinity }
    }
    var ranks = [Int](repeating: 0, count: trials.count)
    for (rank, place) in SpreadOrder.order(losses).enumerated() { ranks[place] = rank }
    return ranks
  }
}
