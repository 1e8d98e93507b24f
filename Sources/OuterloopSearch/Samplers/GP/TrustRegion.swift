private import OuterloopPlatform

/// A box around the best trial in which a model is trusted, for many dimensions (TuRBO, Eriksson et al. 2019):
///
///     side_j = L l_j / (prod_i l_i)^(1/d)
///
/// with l the model's length-scales. L is 0.8 initially; after 3 consecutive improvements it doubles, up to
/// 1.6, after max(4, d) consecutive failures it is halved. Below 0.5^7 the search restarts elsewhere, with a
/// new model.
///
/// An improvement has to exceed a thousandth of the distance between the best and the median loss, so that the
/// unit of the loss does not matter. Infeasible trials rank after all others, by violation.
///
/// A function of the trials in the order in which they ended.
struct TrustRegion: Sendable {
  private(set) var length = 0.8
  private var successes = 0
  private var failures = 0
  private let patience: Int

  static let least = 0x1p-7
  private static let most = 1.6
  private static let streak = 3

  init(dimensions: Int) { patience = max(4, dimensions) }

  /// Whether it has become so small that the search should restart.
  var isSpent: Bool { length < Self.least }

  mutating func take(improved: Bool) {
    if improved {
      (successes, failures) = (successes + 1, 0)
    } else {
      (successes, failures) = (0, failures + 1)
    }
    if successes == Self.streak {
      length = min(2 * length, Self.most)
      successes = 0
    } else if failures == patience {
      length /= 2
      failures = 0
    }
  }

  /// The box, coordinate by coordinate; all of 0...1 for choices and short grids.
  ///
  /// - Parameter lengthscales: by group, one for each coordinate of the group.
  func box(
    around center: Candidate, _ lengthscales: [[Double]], _ coordinates: SpaceCoordinates
  ) -> [ClosedRange<Double>] {
    var next = lengthscales.map { _ in 0 }
    let logarithms = coordinates.coordinates.map { coordinate -> Double? in
      let scale = lengthscales[coordinate.group][next[coordinate.group]]
      next[coordinate.group] += 1
      switch coordinate.kind {
      case .continuous, .steps: return log(scale)
      case .levels, .choice: return nil
      }
    }
    let known = logarithms.compactMap { $0 }
    let mean = known.reduce(0, +) / Double(max(known.count, 1))
    return logarithms.indices.map { place in
      guard let logarithm = logarithms[place] else { return 0...1 }
      let half = 0.5 * length * exp(logarithm - mean)
      let middle = center.places[place]
      return max(middle - half, 0)...min(middle + half, 1)
    }
  }
}

extension ObservedTrials {
  /// Whether the last row is better than all previous rows by more than a thousandth of the distance
  /// between the best and the median.
  var lastIsImprovement: Bool {
    guard let last = rows.last, case .complete = last.result else { return false }
    let losses = losses(0, count)
    guard count > 1 else { return true }
    let before = order(count - 1)
    guard let best = before.first else { return true }
    let bestRow = rows[best]
    if last.violation > 0 || bestRow.violation > 0 { return last.violation < bestRow.violation }
    let sorted = losses.sorted()
    let spread = sorted[sorted.count / 2] - losses[best]
    return losses[count - 1] < losses[best] - 1e-3 * max(spread, 0)
  }
}
