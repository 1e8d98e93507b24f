private import OuterloopPlatform
internal import OuterloopStudy

/// What trials came to, in the order in which they ended: what Gaussian processes learn from.
///
/// Complete trials count with their losses, pruned ones with the last ones reported, but not below
/// the median of the complete ones, since they ended for being bad; failures that the configuration
/// caused, and losses that are not finite on the bad side, count as the worst that was seen. What a trial
/// reported of metrics with a bound counts however it ended, and so does what it cost. A trial's first end counts.
struct ObservedTrials: Sendable {
  enum Result: Sendable {
    /// A loss for each objective.
    case complete([Double])
    /// The same; nil where nothing finite was reported.
    case pruned([Double?])
    case failed
  }

  struct Row: Sendable {
    let trial: Int
    let candidate: Candidate
    let result: Result
    /// For each constraint by how much the metric is above its bound, below 0 if it keeps it; nil if
    /// it was not reported.
    let excesses: [Double?]
    /// 0: it keeps all constraints.
    let violation: Double
    /// The logarithm of what it cost, where that is known and counts.
    let logCost: Double?
    /// What a complete trial reported of the derivatives of its loss, if there is one objective.
    let slopes: [ReportedSlope]
  }

  let objectives: [Objective]
  private let specification: StudySpecification
  private let takesSlopes: Bool
  /// Of an earlier study.
  let earlier: EarlierTrials?
  private(set) var rows: [Row] = []
  /// Trials that have not ended, with what they try.
  private(set) var pending: [Int: Candidate] = [:]
  private var ended: Set<Int> = []

  /// - Parameters:
  ///   - takesSlopes: whether derivatives that trials report are kept; not beside an earlier study.
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

  /// Takes in a trial that has ended.
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

  /// The number of rows from which on a model is made: `startup`, those with derivatives counted twice, and
  /// two at least. Nil: there are not so many yet.
  func begin(_ startup: Int) -> Int? {
    var sum = 0
    for (place, row) in rows.enumerated() {
      sum += row.slopes.isEmpty ? 1 : 2
      if sum >= startup, place >= 1 { return place + 1 }
    }
    return nil
  }

  /// Forgets what has ended; trials that run stay pending.
  mutating func forget() { rows.removeAll() }

  /// Which of the first `count` rows a model takes that has room for `limit`: all, or the best half as many
  /// and the newest of the others. Rising.
  func places(_ count: Int, limit: Int) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    let order = order(count)
    let best = order.prefix(limit / 2)
    let newest = order.dropFirst(limit / 2).sorted().suffix(limit - limit / 2)
    return (best + newest).sorted()
  }

  /// The first `count` rows from the best on: those that keep the constraints by their loss, or by their
  /// front if there are several objectives, then the others by how much they break.
  ///
  /// - Complexity: O(n log n) for up to two objectives.
  func order(_ count: Int) -> [Int] { fronts(count).flatMap { $0 } }

  /// The first `count` rows by constrained domination, the best first.
  func fronts(_ count: Int) -> [[Int]] {
    let losses = objectives.indices.map { self.losses($0, count) }
    let points = ObjectivePoints(
      count: count, objectives: losses.count,
      values: (0..<count).flatMap { row in losses.map { $0[row] } })
    if specification.constraints.isEmpty { return points.fronts() }
    return (try? points.fronts(violations: rows.prefix(count).map(\.violation)))
      ?? points.fronts()
  }

  /// The rows of the first front that together have most of its hypervolume, at most `size` of them.
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
