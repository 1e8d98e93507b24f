/// The options of TPE's densities. Defaults are those of Optuna 5.
package struct ParzenOptions: Sendable, Hashable {
  /// The weight of the prior kernel, relative to observations of weight at most one; >= 0.
  package var priorWeight = 1.0
  /// Bandwidths of at least range / min(100, k + 2), so that k observations never produce spikes.
  package var magicClip = true
  /// Whether the ends of the range count as neighbours of the outermost observations even if there
  /// are other neighbours.
  package var endpoints = false
  package var weights = WeightRule.recency

  package init() {}

  /// The smallest bandwidth for k observations on a range of coordinates `width` long.
  func floor(count: Int, width: Double) -> Double {
    magicClip ? width / min(100, Double(count + 2)) : min(1e-12, width)
  }

  /// The bandwidth before clipping of an observation whose neighbours in sorted order are given:
  /// the larger gap, where an end of the range replaces a missing neighbour. With `endpoints` off
  /// it does so only for a sole observation.
  func gap(_ value: Double, before: Double?, after: Double?, start: Double, end: Double) -> Double {
    switch (before, after) {
    case (let before?, let after?): return max(value - before, after - value)
    case (nil, let after?) where !endpoints: return after - value
    case (let before?, nil) where !endpoints: return value - before
    default: return max(value - (before ?? start), (after ?? end) - value)
    }
  }
}
