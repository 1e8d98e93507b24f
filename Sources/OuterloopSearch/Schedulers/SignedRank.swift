internal import OuterloopNumerics
internal import OuterloopPlatform

/// Wilcoxon's signed-rank test (1945) for paired values.
package enum SignedRank {
  /// The one-sided p-value of the rank sum of positive differences, under symmetry of the differences: small if
  /// they tend to be positive. 1 if none differs from 0; infinities rank above all numbers, and NaN must not be
  /// passed.
  ///
  /// The |d_i| are ranked, zeros among them, equal ones with the mean of their ranks r_i; zeros then have no sign,
  /// so their ranks are split between both (the method "zsplit" of SciPy). With
  ///
  ///     W = sum of r_i over d_i > 0,
  ///
  /// up to `exactUpTo` differences the distribution of W over all 2^n signs of what is not zero is computed
  /// exactly, with ties too; beyond it is normal with
  ///
  ///     E W = sum r_i / 2,   var W = sum r_i^2 / 4   over d_i != 0,
  ///
  /// and a continuity correction of 1/2.
  ///
  /// - Complexity: O(n^3) for n differences up to `exactUpTo`; O(n log n) beyond.
  package static func probability(ofLarger differences: [Double], exactUpTo: Int = 100) -> Double {
    let ranks = ranks(differences.map(abs))
    let signed = zip(ranks, differences).filter { $0.1 != 0 }
    guard !signed.isEmpty else { return 1 }
    let sum = signed.reduce(0) { $1.1 > 0 ? $0 + $1.0 : $0 }
    guard differences.count > exactUpTo else { return exact(signed.map(\.0), atLeast: sum) }
    let mean = signed.reduce(0) { $0 + $1.0 } / 2
    let variance = signed.reduce(0) { $0 + $1.0 * $1.0 } / 4
    return exp(StandardNormal.logCDF((mean + 0.5 - sum) / variance.squareRoot()))
  }

  /// P(W >= sum), each rank being part of W with probability 1/2.
  private static func exact(_ ranks: [Double], atLeast sum: Double) -> Double {
    // Twice the ranks are integers, even for shared ranks.
    let doubled = ranks.map { Int((2 * $0).rounded()) }
    var probability = [Double](repeating: 0, count: doubled.reduce(0, +) + 1)
    probability[0] = 1
    var reached = 0
    for rank in doubled {
      reached += rank
      for place in stride(from: reached, through: 0, by: -1) {
        let raised = place >= rank ? probability[place - rank] : 0
        probability[place] = (probability[place] + raised) / 2
      }
    }
    return min(probability[Int((2 * sum).rounded())...].reversed().reduce(0, +), 1)
  }

  /// Ranks from 1; ties have their mean rank.
  package static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for place in start...end { ranks[order[place]] = Double(start + end + 2) / 2 }
      start = end + 1
    }
    return ranks
  }
}
