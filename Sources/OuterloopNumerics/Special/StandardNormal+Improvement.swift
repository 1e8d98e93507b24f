internal import OuterloopPlatform

/// By how much a standard normal variable exceeds -u, on average:
///
///     h(u) = E max(0, u + Z) = phi(u) + u Phi(u)
///
/// in the logarithm, with what its derivatives need (Ament et al. 2023, appendix A).
package struct NormalImprovement {
  /// log h(u).
  package let log: Double
  /// Phi(u) / h(u), which is d log h / du.
  package let cdfRatio: Double
  /// phi(u) / h(u).
  package let densityRatio: Double

  /// With t = -u and Mills' ratio M(t) = Phi(-t)/phi(t) = sqrt(pi/2) erfcx(t/sqrt 2):
  ///
  ///     u > -1    h = phi(u) + u Phi(u)
  ///     u <= -1   h = phi(u) (1 - t M(t))
  ///     t > 25    1 - t M(t) = t^-2 (1 - 3/t^2 + 3 5/t^4 - 3 5 7/t^6 + ...)
  ///
  /// A relative error of log h below 1e-13; constant time. -infinity where u^2 overflows.
  package init(_ u: Double) {
    if u > -1 {
      let density = Self.exponential(StandardNormal.logDensity(u))
      let cdf = 0.5 * erfc(-u * Self.rootHalf)
      let h = density + u * cdf
      log = Self.logarithm(h)
      cdfRatio = u == .infinity ? 0 : cdf / h
      densityRatio = density / h
      return
    }
    let t = -u
    let rest: Double
    let mills: Double
    if t <= 25 {
      mills = Self.rootHalfPi * StandardNormal.scaledErfc(t * Self.rootHalf)
      rest = 1 - t * mills
      log = StandardNormal.logDensity(u) + Self.logarithm(rest)
    } else {
      let step = -1 / t / t
      var term = 1.0
      var sum = 1.0
      var odd = 3.0
      while abs(term) > 1e-17 {
        term *= odd * step
        odd += 2
        sum += term
      }
      rest = -step * sum
      mills = (1 - rest) / t
      log = StandardNormal.logDensity(u) - 2 * Self.logarithm(t) + Self.logarithm(sum)
    }
    cdfRatio = rest > 0 ? mills / rest : t
    densityRatio = rest > 0 ? 1 / rest : t * t
  }

  private static let rootHalf = 0.707106781186547524400844362105
  private static let rootHalfPi = 1.25331413731550025120788264241

  // `log` is a property here.
  private static func logarithm(_ x: Double) -> Double { OuterloopPlatform.log(x) }
  private static func exponential(_ x: Double) -> Double { exp(x) }
}
