internal import OuterloopAutodiff
public import OuterloopNumerics

// The straight-through estimator (Bengio et al. 2013; Jang et al. 2017, sec. 2.2): forward the hard
// choice, backward the relaxed one,
//
//     y = hard(s) + (s - stop(s))
//
// whose value is exactly the hard choice, since the difference is exactly 0, and whose derivative is
// that of s. The derivative is biased: it is not that of any function with this value. Time and
// memory: O(elements).

extension SimplexRelaxation {
  /// The one-hot vector of the largest entry (the first of equals) of s (..., k), with the derivative
  /// of s.
  public static func straightThrough(_ soft: Tensor) -> Tensor {
    guard soft.rank > 0 else {
      return Tensor(
        invalid: "a choice from \(soft.type): entries along a last axis are needed", operands: soft)
    }
    let hard = choice(soft).oneHot(soft.shape[soft.rank - 1], dtype: soft.dtype)
    return hard.stoppingGradient() + (soft - soft.stoppingGradient())
  }
}

extension CubeRelaxation {
  /// 1 where z > 1/2 and 0 elsewhere, with the derivative of z.
  public static func straightThrough(_ soft: Tensor) -> Tensor {
    soft.isGreater(than: 0.5).stoppingGradient() + (soft - soft.stoppingGradient())
  }
}
