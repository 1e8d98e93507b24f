private import OuterloopPlatform

/// The penalty on losses for continuous coordinates outside their range (Hansen, Niederberger, Guzzella and
/// Koumoutsakos 2009):
///
///     sum over i of gamma_i (v_i - v'_i)^2 / xi_i,   gamma_i = 2 delta / (sigma^2 sum C_ii A_i)
///     xi_i = exp(.9 (log C_ii A_i - mean of that))
///
/// v' is the nearest point inside, delta the median of the last interquartile ranges of the losses; gamma_i is
/// larger where the mean is more than three deviations outside. So a search proceeds along a bound instead of
/// being kept away from it, as happens with resampling until all coordinates are inside: with the minimum in a
/// corner of five dimensions, resampling does not come near it in 1,000 trials.
struct BoxPenalty: Sendable {
  /// The interquartile ranges of the last generations, newest first.
  private var spreads: [Double] = []

  /// Adds the losses of a generation.
  ///
  /// - Parameters:
  ///   - points: best first.
  ///   - losses: ascending; infinite ones last.
  ///   - scales: A.
  ///   - ranges: of each coordinate; nil: it has none, as on a grid.
  /// - Returns: the penalty for each loss; 0 until a generation had a spread of losses.
  /// - Complexity: O(n lambda).
  mutating func penalties(
    _ points: [[Double]], losses: [Double], _ gaussian: CovarianceAdaptation, scales: [Double],
    ranges: [ClosedRange<Double>?]
  ) -> [Double] {
    let none = [Double](repeating: 0, count: points.count)
    guard ranges.contains(where: { $0 != nil }) else { return none }
    let parameters = gaussian.parameters
    let (n, population) = (Double(parameters.dimensions), parameters.population)
    let spread = losses[3 * population / 4] - losses[population / 4]
    if spread.isFinite, spread > 0 {
      spreads.insert(spread, at: 0)
    } else if spread == .infinity, spreads.count > 1 {
      spreads.insert(spreads.max() ?? 0, at: 0)
    }
    let most = 20 + Int((3 * n / Double(population)).rounded(.up))
    if spreads.count > most { spreads.removeLast() }
    guard let delta = Self.median(spreads) else { return none }

    let variances = ranges.indices.map { i in
      let deviation = gaussian.deviation(i)
      return deviation * deviation * scales[i]
    }
    let sum = variances.reduce(0, +)
    let mu = parameters.effectiveParents
    let logs = variances.map { log($0) }
    let meanLog = logs.reduce(0, +) / n
    let factors = ranges.indices.map { i -> Double in
      guard let range = ranges[i] else { return 0 }
      let limit = 3 * gaussian.sigma * variances[i].squareRoot() * max(1, n.squareRoot() / mu)
      let outside = abs(Self.excess(gaussian.mean[i], range))
      let growth = outside > limit ? pow(1.1, max(1, mu / (10 * n))) : 1
      return 2 * delta / (gaussian.sigma * gaussian.sigma * sum) * growth
        / exp(0.9 * (logs[i] - meanLog))
    }
    return points.map { point in
      var penalty = 0.0
      for i in point.indices {
        guard let range = ranges[i], factors[i] > 0 else { continue }
        let excess = Self.excess(point[i], range)
        if excess != 0 { penalty += factors[i] * excess * excess }
      }
      return penalty.isFinite ? penalty : 0
    }
  }

  private static func excess(_ x: Double, _ range: ClosedRange<Double>) -> Double {
    min(max(x, range.lowerBound), range.upperBound) - x
  }

  private static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
