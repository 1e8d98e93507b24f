private import OuterloopPlatform
public import OuterloopStudy

/// Whether configurations are distributed as they should be. Seeds are fixed, so results are too.
public enum UniformLaws {
  /// The first suggestions of a method for an empty study: those of many studies with different
  /// numbers, independent if the method draws them so.
  /// - Throws: `StudyError` if `count` is not in 0...1,000,000, and what the method throws.
  public static func suggestions(
    _ method: SearchMethod, _ item: SearcherLaws.Case, count: Int, seed: UInt64 = 3
  ) throws -> [Assignment] {
    guard 0...1_000_000 ~= count else {
      throw StudyError("`count` is \(count)", "ask for 0 to 1,000,000 suggestions")
    }
    var searcher = try method.searcher(SearcherLaws.specification(item, method, seed: seed))
    return try (0..<count).compactMap { number in
      guard case .start(let assignment, _) = try searcher.propose(number, in: History()) else {
        return nil
      }
      return assignment
    }
  }

  /// The largest distance of the sample's distribution function from `distribution`, times the root of
  /// its size: above 1.95 in one of a thousand samples, above 2.5 in one of 100,000 (Kolmogorov). 0
  /// for an empty sample, NaN if the sample or the distribution contains NaN.
  public static func distance(
    _ sample: [Double], from distribution: (Double) -> Double
  ) -> Double {
    let sorted = sample.sorted()
    let size = Double(sorted.count)
    var largest = 0.0
    for (rank, value) in sorted.enumerated() {
      let expected = distribution(value)
      if value.isNaN || expected.isNaN { return .nan }
      largest = max(largest, expected - Double(rank) / size, Double(rank + 1) / size - expected)
    }
    return largest * size.squareRoot()
  }

  /// Pearson's statistic of counts, less its expectation, in its standard deviations. NaN unless there
  /// are two counts or more, none negative, and a probability for each.
  public static func excess(_ counts: [Int], probabilities: [Double]) -> Double {
    guard counts.count > 1, counts.count == probabilities.count, counts.allSatisfy({ $0 >= 0 })
    else { return .nan }
    let size = counts.reduce(0) { $0 + Double($1) }
    let total = probabilities.reduce(0, +)
    let statistic = zip(counts, probabilities).reduce(0) { sum, pair in
      let expected = size * pair.1 / total
      return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
    }
    let freedom = Double(counts.count - 1)
    return (statistic - freedom) / (2 * freedom).squareRoot()
  }

  /// The probability that the `rank`-th smallest (from 1) of `count` uniform numbers is at most x. NaN
  /// for a rank that is not in 1...count, and for more than 1000 numbers.
  public static func orderStatistic(_ rank: Int, of count: Int, atMost x: Double) -> Double {
    guard 1...1000 ~= count, 1...count ~= rank else { return .nan }
    let x = min(max(x, 0), 1)
    return (rank...count).reduce(0) { sum, successes in
      let ways = binomial(count, successes)
      return sum + ways * pow(x, Double(successes)) * pow(1 - x, Double(count - successes))
    }
  }

  /// The binomial coefficient: 0 where k is not in 0...n, infinite on overflow.
  public static func binomial(_ n: Int, _ k: Int) -> Double {
    guard n >= 0, 0...n ~= k else { return 0 }
    var ways = 1.0
    for chosen in 0..<min(k, n - k) {
      ways = ways * Double(n - chosen) / Double(chosen + 1)
      if ways.isInfinite { break }
    }
    return ways
  }
}
