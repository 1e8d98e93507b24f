internal import OuterloopNumerics

/// Noisy values of a polynomial, and powers of x as features.
struct PolynomialData {
  let x, y: [Double]
  /// The coefficients of the generating polynomial, lowest power first.
  let coefficients: [Double]

  /// - Parameter degree: of the generating polynomial; its coefficients are drawn so that the highest one
  ///   is clearly nonzero.
  init(degree: Int, count: Int, noise: Double, seed: UInt64) throws {
    let keys = RandomKey(seed: seed, purpose: "polynomials").split(3)
    let drawn = try keys[0].normal([degree + 1], dtype: .float64).doubles()
    let coefficients = drawn.enumerated().map { power, value in
      // Grows with the power, as for orthogonal polynomials: otherwise high powers hardly matter.
      let size = power == degree ? (abs(value) + 1) * (value < 0 ? -1 : 1) : value
      return size * Double(1 << Swift.min(power, 20)) / 2
    }
    let x = try keys[1].uniform([count], dtype: .float64).doubles().map { 2 * $0 - 1 }.sorted()
    let errors = try keys[2].normal([count], dtype: .float64).doubles()
    (self.x, self.coefficients) = (x, coefficients)
    y = zip(x, errors).map { Self.value(coefficients, at: $0) + noise * $1 }
  }

  /// By Horner's rule.
  static func value(_ coefficients: [Double], at x: Double) -> Double {
    coefficients.reversed().reduce(0) { $0 * x + $1 }
  }

  /// Legendre polynomials up to a degree: a row for each x. They span the same functions as powers, and a
  /// shared precision is reasonable for them.
  static func features(_ x: [Double], degree: Int) -> [[Double]] {
    x.map { x in
      var row = [1.0]
      if degree > 0 { row.append(x) }
      for n in stride(from: 2, through: degree, by: 1) {
        let n = Double(n)
        row.append(((2 * n - 1) * x * row[row.count - 1] - (n - 1) * row[row.count - 2]) / n)
      }
      return row
    }
  }
}
