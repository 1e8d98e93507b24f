internal import OuterloopPlatform

/// The beta distribution with positive parameters a and b, on 0...1.
package struct BetaDistribution: Sendable {
  private let a, b: Double
  /// log B(a, b).
  private let logNormalizer: Double

  private static let mostTerms = 500
  private static let least = 1e-300

  package init(_ a: Double, _ b: Double) {
    precondition(a > 0 && b > 0)
    (self.a, self.b) = (a, b)
    logNormalizer = lgamma(a) + lgamma(b) - lgamma(a + b)
  }

  /// I_x(a, b), the regularized incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8)
  ///
  ///     I_x(a, b) = x^a (1-x)^b / (a B(a, b)) / (1 + d_1 / (1 + d_2 / (1 + ...)))
  ///     d_2m = m (b - m) x / ((a + 2m - 1)(a + 2m)),   d_2m+1 = -(a + m)(a + b + m) x / ((a + 2m)(a + 2m + 1))
  ///
  /// evaluated from the front (Lentz 1976), and by I_x(a, b) = 1 - I_1-x(b, a) where that converges sooner.
  /// Accurate to about 1e-14.
  ///
  /// - Complexity: O(sqrt(max(a, b))) time.
  package func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - BetaDistribution(b, a).tail(1 - x) }
    return tail(x)
  }

  private func tail(_ x: Double) -> Double {
    let factor = exp(a * log(x) + b * log1p(-x) - logNormalizer) / a
    var (numerator, denominator, fraction) = (1.0, 0.0, 1.0)
    for term in 0..<Self.mostTerms {
      let m = Double(term / 2)
      let d: Double
      if term == 0 {
        d = 1
      } else if term.isMultiple(of: 2) {
        d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      } else {
        d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      }
      denominator = 1 / Self.kept(1 + d * denominator)
      numerator = Self.kept(1 + d / numerator)
      let change = numerator * denominator
      fraction *= change
      if term > 0, abs(change - 1) < 1e-15 { break }
    }
    return factor * (fraction - 1)
  }

  private static func kept(_ value: Double) -> Double { abs(value) < least ? least : value }
}
