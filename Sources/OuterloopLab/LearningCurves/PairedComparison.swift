internal import OuterloopSearch

/// Methods compared over the same tasks.
enum PairedComparison {
  /// The level at which a report calls a difference significant.
  static let level = 0.05

  /// The mean rank of each method over tasks, 1 being the best; ties share their mean rank.
  ///
  /// - Parameter values: methods x tasks, smaller is better.
  static func meanRanks(_ values: [[Double]]) -> [Double] {
    var sums = [Double](repeating: 0, count: values.count)
    let tasks = values.map(\.count).min() ?? 0
    for task in 0..<tasks {
      for (method, rank) in SignedRank.ranks(values.map { $0[task] }).enumerated() {
        sums[method] += rank
      }
    }
    return sums.map { $0 / Double(Swift.max(tasks, 1)) }
  }

  /// The exact one-sided level of Wilcoxon's signed-rank test (1945): the probability, if neither is
  /// better, that `a` is below `b` at least as clearly as here. Pairs without a difference are dropped; 1
  /// if no others are left.
  ///
  /// With W the sum of the ranks of |a - b| where a > b, it is P(W <= observed), each sign being + or -
  /// with probability 1/2 (`SignedRank`).
  ///
  /// - Complexity: O(n^3) for n pairs.
  static func wilcoxon(_ a: [Double], below b: [Double]) -> Double {
    let differences = zip(a, b).map { $1 - $0 }.filter { $0 != 0 && !$0.isNaN }
    return SignedRank.probability(ofLarger: differences, exactUpTo: .max)
  }
}
