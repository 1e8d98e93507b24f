internal import OuterloopNumerics
private import OuterloopPlatform

/// Functions of the normal distribution for CMA-ES with margin.
enum NormalMargin {
  /// Phi((x - mean) / deviation).
  static func cdf(_ x: Double, mean: Double, deviation: Double) -> Double {
    0.5 * erfc(-(x - mean) / deviation * 0.5.squareRoot())
  }

  /// The half width, in standard deviations, of the middle interval with mass 1 - 2 q: the root of
  /// the chi-squared quantile with one degree of freedom. 0 < q <= 1/2.
  static func halfWidth(outside q: Double) -> Double {
    // Computed from the mass of the interval, as chi-squared quantiles are, for bitwise agreement.
    let tail = (1 - (1 - 2 * q)) / 2
    return tail >= 0.5 ? 0 : -StandardNormal.quantile(logProbability: log(tail))
  }

  /// The mean and the scale A for which the masses below `lower` and above `upper` are p and q:
  ///
  ///     m - lower = chi(p) s A,   upper - m = chi(q) s A,   chi(p) = -Phi^-1(p)
  ///
  /// - Parameter deviation: s, that of the distribution without A.
  static func fit(
    lower: Double, upper: Double, masses: (low: Double, up: Double), deviation: Double
  ) -> (mean: Double, scale: Double) {
    let (low, up) = (halfWidth(outside: masses.low), halfWidth(outside: masses.up))
    return (
      (lower * up + upper * low) / (low + up), (upper - lower) / ((low + up) * deviation)
    )
  }
}
