internal import OuterloopNumerics
internal import OuterloopPlatform

/// A learning curve of FT-PFN's prior (Rakotoarison et al. 2024, `ifbo/priors/ftpfn_prior.py`): a
/// mixture of four saturating curves of time t in (0, 1], from y0 up to an asymptote, plus noise.
///
///     s = t before the saturation time x of a basis curve, x + r (t - x) after it
///     power        yinf - D ((P^(1/a) - 1) s / x + 1)^(-a)
///     exponential  yinf - D P^(-(s / x)^a)
///     logarithmic  yinf - D ln a / ln((a^P - a) s / x + a)
///     Hill         yinf - D / ((s / x)^a (P - 1) + 1)
///
/// with D = yinf - y0; all leave the gap D / P at s = x. For s <= 0, where the curve has returned to its
/// start, it is y0 exp(s g / y0) with g the slope at 0.
struct PriorCurve {
  private let start, asymptote: Double
  private let weights, shapes, saturations, precisions, rates: [Double]
  let noise: Double

  /// - Parameters:
  ///   - u: 23 uniform numbers in (0, 1), each of which is mapped to one parameter by the inverse
  ///     of its distribution function.
  ///   - start: the value before training.
  ///   - ceiling: the largest asymptote.
  init(_ u: [Double], start: Double, ceiling: Double) {
    precondition(u.count == PriorNetwork.outputs, "a prior curve takes 23 numbers")
    self.start = start
    asymptote = start + u[0] * (ceiling - start)
    let shares = u[1...4].map(Self.exponential)
    let sum = shares.reduce(0, +)
    weights = shares.map { $0 / sum }
    shapes = [
      exp(Self.normal(u[5], 1, 1)), exp(Self.normal(u[6], 0, 1)),
      1 + exp(Self.normal(u[7], -4, 1)), exp(Self.normal(u[8], 0.5, 0.5)),
    ]
    let latest = pow(10, Self.normal(u[9], 0, 1))
    let relative = u[10...13].map(Self.exponential)
    let largest = relative.max() ?? 1
    saturations = relative.map { latest * $0 / largest }
    precisions = u[14...17].map { pow(10, 3 * (1 - $0)) }
    rates = u[18...21].map { 1 - Self.exponential($0) }
    noise = exp(Self.normal(u[22], -5, 1))
  }

  /// The quantile of the exponential distribution, which is Gamma(1).
  private static func exponential(_ u: Double) -> Double { -log(1 - u) }

  private static func normal(_ u: Double, _ mean: Double, _ deviation: Double) -> Double {
    let quantile = u <= 0.5 ? StandardNormal.quantile(u) : -StandardNormal.quantile(1 - u)
    return mean + deviation * quantile
  }

  /// The curve without noise, before it is clipped to [0, 1].
  func mean(at time: Double) -> Double {
    var sum = 0.0
    for basis in 0..<4 {
      let saturation = saturations[basis]
      let s = time < saturation ? time : saturation + rates[basis] * (time - saturation)
      sum += weights[basis] * (s > 0 ? value(basis, s) : beforeStart(basis, s))
    }
    return sum.isFinite ? sum : start
  }

  private func value(_ basis: Int, _ s: Double) -> Double {
    let (a, p) = (shapes[basis], precisions[basis])
    let share = s / saturations[basis]
    let gap: Double
    switch basis {
    case 0: gap = pow((pow(p, 1 / a) - 1) * share + 1, -a)
    case 1: gap = pow(p, -pow(share, a))
    case 2: gap = log(a) / log((pow(a, p) - a) * share + a)
    default: gap = 1 / (pow(share, a) * (p - 1) + 1)
    }
    return asymptote - (asymptote - start) * gap
  }

  private func beforeStart(_ basis: Int, _ s: Double) -> Double {
    let step = 1e-9
    let slope = (value(basis, 2 * step) - value(basis, step)) / step
    return start * exp(s * (slope + step) / Swift.max(start, 1e-12))
  }
}
