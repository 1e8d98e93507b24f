private import OuterloopPlatform
internal import OuterloopStudy

/// The results of trials, in the order in which they ended: the training data of the Gaussian
/// processes.
///
/// Complete trials count with their losses, pruned ones with their last reports, but not below the median of the
/// complete ones, since they were stopped for being bad; failures caused by the configuration, and infinite losses
/// on the bad side, count as the worst seen. Constrained metrics and costs count however the trial ended. A
/// trial's first end counts.
struct ObservedTrials: Sendable {
  enum Result: Sendable {
    /// A loss for each objective.
    case complete([Double])
    /// Likewise; nil where nothing finite was reported.
    case pruned([Double?])
    case failed
  }

  struct Row: Sendable {
    let trial: Int
    let candidate: Candidate
    let result: Result
    /// For each constraint, the metric minus its bound, negative if satisfied; nil if it was not
    /// reported.
    let excesses: [Double?]
    /// 0: feasible.
    let violation: Double
    /// Its log cost, if known and relevant.
    let logCost: Double?
    /// The derivatives of the loss that a complete trial reported, with one objective.
    let slopes: [ReportedSlope]
  }

  let objectives: [Objective]
  private let specification: StudySpecification
  private let takesSlopes: Bool
  /// Trials of an earlier study.
  let earlier: EarlierTrials?
  private(set) var rows: [Row] = []
  /// Unfinished trials, with their configurations.
  private(set) var pending: [Int: Candidate] = [:]
  private var ended: Set<Int> = []

  /// - Parameters:
  ///   - takesSlopes: whether reported derivatives are kept; not together with an earlier study.
  ///   - earlier: results of an earlier study.
  init(
    _ specification: StudySpecification, takesSlopes: Bool = false, earlier: EarlierTrials? = nil
  ) {
    self.specification = specification
    self.earlier = earlier
    objectives = specification.objectives
    self.takesSlopes = takesSlopes && objectives.count == 1 && earlier == nil
  }

  var count: Int { rows.count }

  mutating func observe(
    _ event: Event, in history: History, _ coordinates: SpaceCoordinates
  ) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _):
      pending[event.trial] = coordinates.candidate(of: assignment)
    case .finished:
      let trial = history.trials[event.trial]
      guard trial.state.isFinished else { return }
      let candidate = pending.removeValue(forKey: trial.number)
      take(
        trial, candidate ?? coordinates.candidate(of: trial.assignment),
        slopes: takesSlopes ? ReportedSlope.all(of: trial, coordinates, objectives[0]) : [])
    default: break
    }
  }

  /// Adds a finished trial.
  mutating func take(_ trial: Trial, _ candidate: Candidate, slopes: [ReportedSlope] = []) {
    guard let result = result(of: trial), ended.insert(trial.number).inserted else { return }
    let reported = trial.lastReport?.values ?? [:]
    rows.append(
      Row(
        trial: trial.number, candidate: candidate, result: result,
        excesses: specification.constraints.map { constraint in
          reported[constraint.metric].flatMap { value in
            guard !value.isNaN else { return nil }
            return constraint.relation == .atMost
              ? value - constraint.bound : constraint.bound - value
          }
        }, violation: specification.violation(of: trial),
        logCost: specification.cost?.value(of: trial).map { log($0) }, slopes: slopes))
  }

  private func result(of trial: Trial) -> Result? {
    switch trial.state {
    case .complete:
      guard let values = trial.values, values.count == objectives.count else { return .failed }
      let losses = zip(objectives, values).map { objective, value in
        let loss = objective.loss(value)
        return loss.isNaN ? .infinity : loss
      }
      return losses.allSatisfy { $0 == .infinity } ? .failed : .complete(losses)
    case .pruned:
      return .pruned(
        objectives.map { objective in
          let value = trial.lastReport?.values[objective.metric].map(objective.loss)
          return value.flatMap { $0.isFinite ? $0 : nil }
        })
    case .failed(let reason): return reason.isCausedByConfiguration ? .failed : nil
    case .waiting, .running, .paused: return nil
    }
  }

  /// The number of rows needed for a model: `startup`, counting those with derivatives twice, and at least
  /// two. Nil: there are not enough yet.
  func begin(_ startup: Int) -> Int? {
    var sum = 0
    for (place, row) in rows.enumerated() {
      sum += row.slopes.isEmpty ? 1 : 2
      if sum >= startup, place >= 1 { return place + 1 }
    }
    return nil
  }

  /// Drops finished trials; running ones stay pending.
  mutating func forget() { rows.removeAll() }

  /// The rows among the first `count` for a model of at most `limit`: all, or half from the best and half
  /// from the newest of the others. Ascending.
  func places(_ count: Int, limit: Int) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    let order = order(count)
    let best = order.prefix(limit / 2)
    let newest = order.dropFirst(limit / 2).sorted().suffix(limit - limit / 2)
    return (best + newest).sorted()
  }

  /// The first `count` rows, best first: feasible ones by loss, or by front with several objectives,
  /// then the others by violation.
  ///
  /// - Complexity: O(n log n) for up to two objectives.
  func order(_ count: Int) -> [Int] { fronts(count).flatMap { $0 } }

  /// The first `count` rows by constrained domination, best first.
  func fronts(_ count: Int) -> [[Int]] {
    let losses = objectives.indices.map { self.losses($0, count) }
    let points = ObjectivePoints(
      count: count, objectives: losses.count,
      values: (0..<count).flatMap { row in losses.map { $0[row] } })
    if specification.constraints.isEmpty { return points.fronts() }
    return (try? points.fronts(violations: rows.prefix(count).map(\.violation)))
      ?? points.fronts()
  }

  /// At most `size` rows of the first front, chosen for hypervolume.
  func frontRows(_ size: Int) -> [Int] {
    guard let front = fronts(count).first, front.count > size else {
      return fronts(count).first ?? []
    }
    let losses = objectives.indices.map { self.losses($0, count) }
    let points = ObjectivePoints(
      count: front.count, objectives: losses.count,
      values: front.flatMap { row in losses.map { $0[row] } })
    let chosen = try? points.hypervolumeSubset(size: size, reference: points.referencePoint())
    return (chosen ?? Array(0..<size)).map { front[$0] }
  }

  /// The losses of the first `count` rows in one objective, all finite.
  func losses(_ objective: Int, _ count: Int) -> [Double] {
    let rows = rows.prefix(count)
    let finite = rows.compactMap { row -> Double? in
      if case .complete(let losses) = row.result, losses[objective].isFinite {
        losses[objective]
      } else {
        nil
      }
    }.sorted()
    let median = finite.isEmpty ? 0 : finite[finite.count / 2]
    let known =
      finite
      + rows.compactMap { row -> Double? in
        if case .pruned(let losses) = row.result, let loss = losses[objective] {
          max(loss, median)
        } else {
          nil
        }
      }
    let (least, worst) = (known.min() ?? 0, known.max() ?? 0)
    return rows.map { row in
      switch row.result {
      case .complete(let losses):
        let loss = losses[objective]
        return loss.isFinite ? loss : loss < 0 ? least : worst
      case .pruned(let losses): return max(losses[objective] ?? median, median)
      case .failed: return worst
      }
    }
  }
}
