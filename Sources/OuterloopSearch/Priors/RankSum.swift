internal import OuterloopNumerics
internal import OuterloopPlatform

/// The test of Mann and Whitney (1947): whether values of one sample tend to be larger than those of another.
package enum RankSum {
  /// The probability of so large a first sample, if both were of the same distribution.
  ///
  /// U counts the pairs in which the first is larger, ties as halves. Without difference it has mean
  /// m n / 2 and, with t_j equal values in group j of N = m + n,
  ///
  ///     var U = m n / 12 (N + 1 - sum_j (t_j^3 - t_j) / (N (N - 1))).
  ///
  /// The normal approximation with a correction for continuity, good from about five on either side.
  /// O(N log N).
  package static func probability<Value: Comparable>(
    ofLarger first: [Value], than second: [Value]
  ) -> Double {
    let (m, n) = (Double(first.count), Double(second.count))
    guard m > 0, n > 0 else { return 1 }
    let all = (first.map { ($0, true) } + second.map { ($0, false) }).sorted { $0.0 < $1.0 }
    var (pairs, ties, start) = (0.0, 0.0, 0)
    var below = 0.0
    while start < all.count {
      var end = start
      var (ours, others) = (0.0, 0.0)
      while end < all.count, all[end].0 == all[start].0 {
        if all[end].1 { ours += 1 } else { others += 1 }
        end += 1
      }
      pairs += ours * (below + others / 2)
      below += others
      let count = ours + others
      ties += count * count * count - count
      start = end
    }
    let total = m + n
    let variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    guard variance > 0 else { return 1 }
    let z = (pairs - m * n / 2 - 0.5) / variance.squareRoot()
    return exp(StandardNormal.logCDF(-z))
  }
}
