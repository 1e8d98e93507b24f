internal import OuterloopAutodiff
public import OuterloopNumerics

/// How a learned optimizer sees a gradient, coordinate by coordinate: (P) -> (P, features).
public enum GradientPreprocessing: Sendable, Hashable {
  /// The gradient itself: one feature.
  case identity
  /// Size and sign apart, whatever the scale (Andrychowicz et al. 2016, appendix A; in the form of
  /// the authors' code, which clamps both features):
  ///
  ///     ( max(log(|g| + eps) / k, -1),   clamp(g e^k, -1, 1) )
  ///
  /// Above |g| = e^-k the first feature tells the size and the second the sign; below, the first is
  /// -1 and the second is linear in g. Both are continuous there. eps is the rounding unit of the
  /// gradient's type. The paper takes k = 10 (as p); the authors' code 5, as does `.logAndSign`.
  case logarithm(k: Double)

  /// Logarithm and sign with k = 5.
  public static let logAndSign = GradientPreprocessing.logarithm(k: 5)

  /// Features per coordinate.
  public var count: Int {
    switch self {
    case .identity: 1
    case .logarithm: 2
    }
  }

  /// The features of a gradient (P): (P, count).
  public func callAsFunction(_ gradient: Tensor) -> Tensor {
    let g = gradient.reshaped([gradient.count, 1])
    switch self {
    case .identity: return g
    case .logarithm(let k):
      guard k > 0 else {
        return Tensor(invalid: "gradients preprocessed with k = \(k): needs k > 0")
      }
      let epsilon = gradient.dtype == .float64 ? 0x1p-52 : 0x1p-23
      let one = Tensor(1, dtype: gradient.dtype)
      let size = maximum(log(abs(g) + epsilon) / k, -one)
      let sign = minimum(maximum(g * exp(Tensor(k, dtype: gradient.dtype)), -one), one)
      return concatenate([size, sign], axis: 1)
    }
  }
}
