internal import OuterloopStudy

/// What trials came to, in the order in which they ended: what a Gaussian process learns from.
///
/// Complete trials count with their loss, pruned ones with the last one reported, but not below
/// the median of the complete ones, since they ended for being bad; failures that the configuration
/// caused, and losses that are not finite on the bad side, count as the worst that was seen. A trial's
/// first end counts.
struct ObservedTrials: Sendable {
  enum Result: Sendable {
    case complete(Double)
    case pruned(Double?)
    case failed
  }

  struct Row: Sendable {
    let trial: Int
    let candidate: Candidate
    let result: Result
  }

  private(set) var rows: [Row] = []
  /// Trials that have not ended, with what they try.
  private(set) var pending: [Int: Candidate] = [:]
  private var ended: Set<Int> = []

  var count: Int { rows.count }

  mutating func observe(
    _ event: Event, in history: History, _ coordinates: SpaceCoordinates, _ objective: Objective
  ) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _):
      pending[event.trial] = coordinates.candidate(of: assignment)
    case .finished:
      let trial = history.trials[event.trial]
      guard trial.state.isFinished else { return }
      let candidate = pending.removeValue(forKey: trial.number)
      guard let result = result(of: trial, objective), ended.insert(trial.number).inserted else {
        return
      }
      rows.append(
        Row(
          trial: trial.number,
          candidate: candidate ?? coordinates.candidate(of: trial.assignment), result: result))
    default: break
    }
  }

  private func result(of trial: Trial, _ objective: Objective) -> Result? {
    switch trial.state {
    case .complete:
      guard let values = trial.values, values.count == 1 else { return .failed }
      let loss = objective.loss(values[0])
      return loss.isNaN || loss == .infinity ? .failed : .complete(loss)
    case .pruned:
      let value = trial.lastReport?.values[objective.metric].map(objective.loss)
      return .pruned(value.flatMap { $0.isFinite ? $0 : nil })
    case .failed(let reason): return reason.isCausedByConfiguration ? .failed : nil
    case .waiting, .running, .paused: return nil
    }
  }

  /// Which of the first `count` rows a model takes that has room for `limit`: all, or the best half as many
  /// and the newest of the others. Rising.
  func places(_ count: Int, limit: Int) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    let losses = losses(count)
    let order = losses.indices.sorted { (losses[$0], $0) < (losses[$1], $1) }
    let best = order.prefix(limit / 2)
    let newest = order.dropFirst(limit / 2).sorted().suffix(limit - limit / 2)
    return (best + newest).sorted()
  }

  /// The losses of the first `count` rows, all finite.
  func losses(_ count: Int) -> [Double] {
    let rows = rows.prefix(count)
    let finite = rows.compactMap { row -> Double? in
      if case .complete(let loss) = row.result, loss.isFinite { loss } else { nil }
    }.sorted()
    let median = finite.isEmpty ? 0 : finite[finite.count / 2]
    let known =
      finite
      + rows.compactMap { row -> Double? in
        if case .pruned(let loss?) = row.result { max(loss, median) } else { nil }
      }
    let (least, worst) = (known.min() ?? 0, known.max() ?? 0)
    return rows.map { row in
      switch row.result {
      case .complete(let loss): loss.isFinite ? loss : least
      case .pruned(let loss): max(loss ?? median, median)
      case .failed: worst
      }
    }
  }
}
