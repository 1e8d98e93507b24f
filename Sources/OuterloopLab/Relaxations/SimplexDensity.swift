internal import OuterloopPlatform

/// Densities on the simplex of three probabilities, with respect to the area of (x_1, x_2).
enum SimplexDensity {
  /// The Dirichlet distribution with parameters a:
  ///
  ///     p(x) = Gamma(a_1 + a_2 + a_3) / (Gamma(a_1) Gamma(a_2) Gamma(a_3)) prod x_i^(a_i - 1)
  static func dirichlet(_ x: [Double], _ a: [Double]) -> Double {
    let constant = logGamma(a.reduce(0, +)) - a.reduce(0) { $0 + logGamma($1) }
    return exp(constant + zip(x, a).reduce(0) { $0 + ($1.1 - 1) * log($1.0) })
  }

  /// The concrete (Gumbel-softmax) distribution with locations a and temperature t (Maddison et al. 2017, eq. 10):
  ///
  ///     p(x) = 2 t^2 prod (a_i x_i^(-t - 1)) / (sum a_i x_i^-t)^3
  static func concrete(_ x: [Double], _ a: [Double], temperature t: Double) -> Double {
    let terms = zip(x, a).map { log($1) - t * log($0) }
    let most = terms.max() ?? 0
    let sum = most + log(terms.reduce(0) { $0 + exp($1 - most) })
    let product = zip(x, a).reduce(0) { $0 + log($1.1) - (t + 1) * log($1.0) }
    return exp(log(2) + 2 * log(t) + product - 3 * sum)
  }

  /// By Stirling's series above 10, and the recursion below; relative error below 1e-13.
  static func logGamma(_ x: Double) -> Double {
    var (shift, z) = (0.0, x)
    while z < 10 {
      shift -= log(z)
      z += 1
    }
    let inverse = 1 / (z * z)
    let series = (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1_260 - inverse / 1_680))) / z
    return shift + (z - 0.5) * log(z) - z + 0.918938533204672741780329736406 + series
  }
}
