internal import OuterloopPlatform

extension StandardNormal {
  /// erfcx(x) = exp(x^2) erfc(x), to a relative error of 1e-14 for x >= -26; infinite further down.
  ///
  /// Below 10 it is the product, corrected for the rounding of x^2; above, where erfc underflows,
  ///
  ///     erfcx(x) ~ 1/(x sqrt(pi)) (1 - 1/(2 x^2) + 1 3/(2 x^2)^2 - 1 3 5/(2 x^2)^3 + ...),
  ///
  /// truncated where terms stop mattering, long before the series diverges.
  package static func scaledErfc(_ x: Double) -> Double {
    if x < 10 {
      if x < -27 { return .infinity }
      let square = x * x
      let rest = (-square).addingProduct(x, x)
      return exp(square) * (1 + rest) * erfc(x)
    }
    let step = -0.5 / x / x
    var term = 1.0
    var sum = 1.0
    var odd = 1.0
    while abs(term) > 1e-17 {
      term *= odd * step
      odd += 2
      sum += term
    }
    return 0.564189583547756286948079451561 / x * sum
  }
}
