internal import OuterloopPlatform

/// The standard normal distribution, phi its density and Phi its cumulative distribution, in
/// logarithms and accurate far out in the tails. All in constant time and memory.
package enum StandardNormal {
  private static let logRootTwoPi = 0.918938533204672741780329736406
  private static let rootHalf = 0.707106781186547524400844362105

  /// log phi(x) = -x^2/2 - log sqrt(2 pi).
  package static func logDensity(_ x: Double) -> Double { -0.5 * x * x - logRootTwoPi }

  /// log Phi(x). Direct where Phi is far from underflow; below -20
  ///
  ///     Phi(x) ~ phi(x)/|x| (1 - 1/x^2 + 1 3/x^4 - 1 3 5/x^6 + ...),
  ///
  /// truncated where terms stop mattering, long before the series diverges.
  package static func logCDF(_ x: Double) -> Double {
    if x > 0 { return log1p(-0.5 * erfc(x * rootHalf)) }
    if x > -20 { return log(0.5 * erfc(-x * rootHalf)) }
    if x == -.infinity { return x }
    let step = -1 / (x * x)
    var term = 1.0
    var sum = 1.0
    var odd = 1.0
    while abs(term) > 1e-17 * sum {
      term *= odd * step
      odd += 2
      sum += term
    }
    return -0.5 * x * x - log(-x) - logRootTwoPi + log(sum)
  }

  /// Phi(b) - Phi(a) for a <= b, taken in the left tail so that nothing cancels but b against a.
  package static func mass(_ a: Double, _ b: Double) -> Double {
    if let narrow = narrowMass(a, b) { return exp(narrow) }
    if a > 0 { return 0.5 * (erfc(a * rootHalf) - erfc(b * rootHalf)) }
    if b < 0 { return 0.5 * (erfc(-b * rootHalf) - erfc(-a * rootHalf)) }
    return 0.5 * (erf(b * rootHalf) - erf(a * rootHalf))
  }

  /// log(Phi(b) - Phi(a)) for a <= b; -infinity if a == b.
  package static func logMass(_ a: Double, _ b: Double) -> Double {
    if let narrow = narrowMass(a, b) { return narrow }
    if a > 0 { return logLeftMass(-b, -a) }
    if b <= 0 { return logLeftMass(a, b) }
    return log1p(-0.5 * (erfc(-a * rootHalf) + erfc(b * rootHalf)))
  }

  private static func logLeftMass(_ a: Double, _ b: Double) -> Double {
    let upper = logCDF(b)
    return upper + log(-expm1(logCDF(a) - upper))
  }

  /// log of the mass of a short interval, where the two ends would cancel: with middle m and half
  /// width h,
  ///
  ///     2 h phi(m) (1 + h^2/6 He_2(m) + h^4/120 He_4(m) + h^6/5040 He_6(m) + ...).
  ///
  /// Nil where four terms do not give full precision.
  private static func narrowMass(_ a: Double, _ b: Double) -> Double? {
    let h = 0.5 * (b - a)
    guard h < 0.01 else { return nil }
    let m = 0.5 * (a + b)
    guard h * abs(m) < 0.05 else { return nil }
    let m2 = m * m
    let he4 = (m2 - 6) * m2 + 3
    let he6 = ((m2 - 15) * m2 + 45) * m2 - 15
    let h2 = h * h
    let series = h2 * ((m2 - 1) / 6 + h2 * (he4 / 120 + h2 * he6 / 5040))
    return log(2 * h) + logDensity(m) + log1p(series)
  }

  /// The x with log Phi(x) = y, y <= 0. Newton's method on log Phi, which is concave, so every
  /// iterate after the first lies left of the root and moves towards it; started at the tail's
  /// asymptote or at the logistic distribution of the same variance. Near y = 0 the mirrored
  /// equation log Phi(-x) = log(1 - e^y) is solved.
  package static func quantile(logProbability y: Double) -> Double {
    if y >= 0 { return .infinity }
    if y == -.infinity { return y }
    let mirrored = y > -0.01
    let z = mirrored ? log(-expm1(y)) : y
    var x =
      z < -5
      ? -(-2 * (z + logRootTwoPi)).squareRoot() : -(3.0.squareRoot() / .pi) * log(expm1(-z))
    for _ in 0..<100 {
      let value = logCDF(x)
      let step = (value - z) * exp(value - logDensity(x))
      x -= step
      if abs(step) <= max(1e-8 * abs(x), 1e-15) { break }
    }
    return mirrored ? -x : x
  }

  /// The q-quantile, 0 <= q <= 1, of the standard normal truncated to [a, b], a <= b: the x with
  /// Phi(x) = Phi(a) + q (Phi(b) - Phi(a)), solved in the tail that x is in: at once where the
  /// interval holds much of the mass, in logarithms otherwise.
  package static func truncatedQuantile(_ q: Double, _ a: Double, _ b: Double) -> Double {
    if q <= 0 { return a }
    if q >= 1 { return b }
    if a <= 0, b >= 0, b - a >= 0.5 {
      let left = 0.5 * erfc(-a * rootHalf)
      let right = 0.5 * erfc(b * rootHalf)
      let mass = 1 - left - right
      let below = left + q * mass
      let above = right + (1 - q) * mass
      if min(below, above) > 1e-300 {
        return min(max(below <= 0.5 ? quantile(below) : -quantile(above), a), b)
      }
    }
    if a >= 0 { return -truncatedQuantile(1 - q, -b, -a) }
    let left = logCDF(a)
    let right = log(q) + logMass(a, b)
    let larger = max(left, right)
    let sum = larger == -.infinity ? larger : larger + log1p(exp(min(left, right) - larger))
    return min(max(quantile(logProbability: sum), a), b)
  }
}
