package import OuterloopNumerics
private import OuterloopPlatform

/// The expected length of the part of an interval [l, u] that lies above a normal variable y of mean mu
/// and deviation sigma, in the logarithm:
///
///     E |[l, u] and [y, inf)| = E max(u - y, 0) - E max(l - y, 0) = sigma (h(U) - h(L)),
///     U = (u - mu)/sigma,   L = (l - mu)/sigma,   h(z) = phi(z) + z Phi(z)
///
/// Its derivative with respect to mu is -(Phi(U) - Phi(L)), with respect to sigma phi(U) - phi(L).
///
/// Where h(L) is close to h(U) the difference would cancel; there, with midpoint m and half-width w,
///
///     h(U) - h(L) = int_L^U Phi = 2 w Phi(m) (1 + w^2/6 Phi''(m)/Phi(m) + ...)
///     Phi''/Phi = -m r,   r = phi/Phi,   r' = -r (m + r)
///
/// The relative error of the length is about 1e-12, and grows with U^2 1e-13 far out in the tail.
package struct NormalLength {
  /// log of the length, divided by sigma.
  package let log: Double
  /// sigma d log / d mu, and sigma d log / d sigma: of the length itself.
  package let meanSlope: Double
  package let deviationSlope: Double

  /// The series is used when log h(L) - log h(U) exceeds this.
  private static let narrow = -1e-3

  /// The interval from -infinity to U.
  package init(below upper: NormalImprovement) {
    log = upper.log
    meanSlope = -upper.cdfRatio
    deviationSlope = upper.densityRatio
  }

  /// - Parameters:
  ///   - l: L <= U.
  ///   - lower: h(L).
  ///   - upper: h(U).
  package init(
    from l: Double, _ lower: NormalImprovement, to u: Double, _ upper: NormalImprovement
  ) {
    guard upper.log > -.infinity, u > l else {
      (log, meanSlope, deviationSlope) = (-.infinity, 0, 0)
      return
    }
    let gap = lower.log - upper.log
    if gap > Self.narrow {
      let (m, w) = (0.5 * (l + u), 0.5 * (u - l))
      let cdf = StandardNormal.logCDF(m)
      let r = CLibrary.exp(StandardNormal.logDensity(m) - cdf)
      let bend = -w * w / 6 * m * r
      log = CLibrary.log(2 * w) + cdf + log1p(bend)
      // d/dm of log Phi(m) + log(1 + bend); w is in units of sigma.
      let slope = r + w * w / 6 * r * (m * (m + r) - 1) / (1 + bend)
      meanSlope = -slope
      deviationSlope = -m * slope - 2 * bend / (1 + bend)
      return
    }
    let ratio = CLibrary.exp(gap)
    let rest = -expm1(gap)
    log = upper.log + (gap > -0.7 ? CLibrary.log(rest) : log1p(-ratio))
    meanSlope = -(upper.cdfRatio - ratio * lower.cdfRatio) / rest
    deviationSlope = (upper.densityRatio - ratio * lower.densityRatio) / rest
  }
}
