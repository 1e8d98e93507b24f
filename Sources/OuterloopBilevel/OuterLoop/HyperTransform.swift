internal import OuterloopAutodiff
public import OuterloopNumerics

/// A smooth map from all real numbers to the range of a hyperparameter: optimise the free value,
/// use the constrained one. Steps in the free value are scale-free.
public enum HyperTransform: Sendable, Hashable {
  /// The free value itself.
  case identity
  /// (0, inf) by exp.
  case log
  /// (0, inf) by log(1 + exp).
  case softplus
  /// (lower, upper) by a scaled logistic function.
  case sigmoid(lower: Double, upper: Double)

  /// An invalid tensor for bounds that are not in order.
  private var fault: Tensor? {
    guard case .sigmoid(let lower, let upper) = self, !(lower < upper && (upper - lower).isFinite)
    else { return nil }
    return Tensor(
      invalid: "a hyperparameter between \(lower) and \(upper): the lower bound must be below the "
        + "upper one, and both finite")
  }

  /// The constrained value of a free one; differentiable.
  public func constrained(_ free: Tensor) -> Tensor {
    if let fault { return fault }
    return switch self {
    case .identity: free
    case .log: exp(free)
    case .softplus: OuterloopAutodiff.softplus(free)
    case .sigmoid(let lower, let upper): lower + (upper - lower) * OuterloopAutodiff.sigmoid(free)
    }
  }

  /// The free value of a constrained one; invalid outside the open range.
  public func free(_ value: Tensor) -> Tensor {
    if let fault { return fault }
    switch self {
    case .identity: return value
    case .log: return OuterloopAutodiff.log(value)
    case .softplus:
      // log(exp(y) - 1) = y + log(1 - exp(-y))
      return value + OuterloopAutodiff.log(-expm1(-value))
    case .sigmoid(let lower, let upper):
      let share = (value - lower) / (upper - lower)
      return OuterloopAutodiff.log(share) - log1p(-share)
    }
  }
}
