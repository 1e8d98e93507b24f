internal import OuterloopAutodiff
public import OuterloopNumerics

/// Independent yes-or-no choices relaxed to a point of the unit cube, from free logits a:
///
///     z_i = 1 / (1 + exp(-a_i / tau))
///
/// The probability of yes is z_i at tau = 1. Time and memory: O(elements).
public struct CubeRelaxation: Sendable {
  /// How soft the choice is.
  public var temperature: Temperature

  /// A relaxation at a temperature.
  public init(temperature: Temperature = 1) { self.temperature = temperature }

  /// Logits to points of the cube, elementwise.
  public func callAsFunction(_ logits: Tensor) -> Tensor {
    sigmoid(logits / temperature.value(logits.dtype))
  }

  /// The binary concrete distribution (Maddison et al. 2017):
  ///
  ///     z = sigmoid((a + log u - log(1 - u)) / tau)
  ///
  /// z > 1/2 with probability sigmoid(a) at every temperature.
  ///
  /// - Parameter key: int32, shape [4], as in `SimplexRelaxation.sample`.
  public func sample(_ logits: Tensor, key: Tensor) -> Tensor {
    self(logits + RelaxationNoise.logistic(logits.shape, key: key, dtype: logits.dtype))
  }

  /// The logits of a point: `a = tau (log z - log(1 - z))`.
  /// - Throws: `TensorError` for a point that is not inside the cube.
  public func logits(of point: Tensor) throws -> Tensor {
    if let error = point.error { throw error }
    if point.isConcrete {
      guard try point.doubles().allSatisfy({ $0 > 0 && $0 < 1 }) else {
        throw TensorError(
          "logits of a point with an entry that is not between 0 and 1",
          remedy: "move it inside first")
      }
    }
    return temperature.value(point.dtype) * (log(point) - log1p(-point))
  }

  /// Entropy of each choice in nats, `-z log z - (1-z) log(1-z)`, elementwise: 0 ... log 2. With
  /// b = a / tau it is `softplus(b) - b z`, which takes no log of a rounded 0; and even in b, which
  /// keeps the difference small where b is large.
  public func entropy(_ logits: Tensor) -> Tensor {
    let b = -abs(logits / temperature.value(logits.dtype))
    return softplus(b) - b * sigmoid(b)
  }

  /// 1 where the logit is positive, 0 elsewhere.
  public static func choice(_ logits: Tensor) -> Tensor { logits.isGreater(than: 0) }
}
