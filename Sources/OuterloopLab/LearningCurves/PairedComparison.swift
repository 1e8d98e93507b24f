/// Methods compared over the same tasks.
enum PairedComparison {
  /// The level at which a report calls a difference significant.
  static let level = 0.05

  /// The mean rank of each method over tasks, 1 being the best; equal values share their ranks.
  ///
  /// - Parameter values: methods x tasks, to be made small.
  static func meanRanks(_ values: [[Double]]) -> [Double] {
    var sums = [Double](repeating: 0, count: values.count)
    let tasks = values.map(\.count).min() ?? 0
    for task in 0..<tasks {
      for (method, rank) in ranks(values.map { $0[task] }).enumerated() { sums[method] += rank }
    }
    return sums.map { $0 / Double(Swift.max(tasks, 1)) }
  }

  /// From 1; equal values get the mean of their ranks.
  static func ranks(_ values: [Double]) -> [Double] {
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

  /// The exact one-sided level of Wilcoxon's signed-rank test (1945): how probable it is, if neither is
  /// better, that `a` is below `b` as clearly as here. Pairs without a difference are left out; 1 if there
  /// are no others.
  ///
  /// With W the sum of the ranks of |a - b| where a > b, it is P(W <= observed), each sign being + or -
  /// with probability 1/2.
  ///
  /// - Complexity: O(n^3) for n pairs.
  static func wilcoxon(_ a: [Double], below b: [Double]) -> Double {
    let differences = zip(a, b).map { $0 - $1 }.filter { $0 != 0 && !$0.isNaN }
    guard !differences.isEmpty else { return 1 }
    // Twice the ranks are whole numbers, also where ranks are shared.
    let doubled = ranks(differences.map(abs)).map { Int((2 * $0).rounded()) }
    let observed = zip(doubled, differences).reduce(0) { $1.1 > 0 ? $0 + $1.0 : $0 }
    let total = doubled.reduce(0, +)
    var probability = [Double](repeating: 0, count: total + 1)
    probability[0] = 1
    var reached = 0
    for rank in doubled {
      reached += rank
      for sum in stride(from: reached, through: 0, by: -1) {
        let raised = sum >= rank ? probability[sum - rank] : 0
        probability[sum] = (probability[sum] + raised) / 2
      }
    }
    return Swift.min(probability[0...observed].reduce(0, +), 1)
  }
}
