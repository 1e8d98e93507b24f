internal import OuterloopAutodiff
public import OuterloopNumerics

/// A choice of one of k relaxed to a point of the simplex, from free logits a along the last axis:
///
///     s_i = exp(a_i / tau) / sum_j exp(a_j / tau)
///
/// As tau goes to 0, s goes to the one-hot vector of the largest logit; as tau goes to infinity, to
/// 1/k. Shifting all logits by the same amount gives the same point.
///
/// Time and memory: O(elements).
public struct SimplexRelaxation: Sendable {
  /// How soft the choice is.
  public var temperature: Temperature

  /// A relaxation at a temperature.
  public init(temperature: Temperature = 1) { self.temperature = temperature }

  /// Logits (..., k) to points of the simplex (..., k).
  public func callAsFunction(_ logits: Tensor) -> Tensor { softmax(scaled(logits)) }

  /// Log of the point, without taking the log of a rounded 0.
  public func log(_ logits: Tensor) -> Tensor { logSoftmax(scaled(logits)) }

  /// Gumbel-softmax, or the concrete distribution (Jang et al. 2017; Maddison et al. 2017):
  ///
  ///     s = softmax((a + g) / tau),  g_i = -log(-log u_i)
  ///
  /// The largest entry of s is at i with probability softmax(a)_i at every temperature, and s is
  /// differentiable in a and tau.
  ///
  /// - Parameter key: int32, shape [4]; inside a compiled step
  ///   `RandomKey.tensor(seed:purpose:index: time.index)` gives new draws at every step.
  public func sample(_ logits: Tensor, key: Tensor) -> Tensor {
    self(logits + RelaxationNoise.gumbel(logits.shape, key: key, dtype: logits.dtype))
  }

  /// The logits of a point, those with mean 0: `a_i = tau (log s_i - mean log s)`.
  /// - Throws: `TensorError` for a point that is not inside the simplex: a hard choice has infinite
  ///   logits.
  public func logits(of point: Tensor) throws -> Tensor {
    if let error = point.error { throw error }
    if point.isConcrete {
      guard point.rank > 0, try point.doubles().allSatisfy({ $0 > 0 }) else {
        throw TensorError(
          "logits of a point with an entry that is not positive",
          remedy: "move it inside the simplex first")
      }
      let tolerance = point.dtype == .float64 ? 1e-9 : 1e-4
      let sums = try point.sum(axes: [-1]).doubles()
      guard sums.allSatisfy({ Swift.abs($0 - 1) <= tolerance }) else {
        throw TensorError(
          "logits of a point whose entries sum to \(sums)", remedy: "divide it by its sum")
      }
    }
    let logs = OuterloopAutodiff.log(point)
    return temperature.value(point.dtype) * (logs - logs.mean(axes: [-1], keeping: true))
  }

  /// Entropy of the point in nats, `-sum_i s_i log s_i`, along the last axis: between 0 (a hard
  /// choice) and log k (uniform). Written in logits, so that its derivative
  /// `-s_i (log s_i + entropy) / tau` stays finite where s_i is rounded to 0.
  public func entropy(_ logits: Tensor) -> Tensor {
    let logs = log(logits)
    return -(exp(logs) * logs).sum(axes: [-1])
  }

  /// The index (int32) of the largest logit; the first of equals.
  public static func choice(_ logits: Tensor) -> Tensor { logits.argmax(axis: -1) }

  /// a / tau, shifted before it is divided so that a small tau overflows only downwards, to a weight
  /// of 0.
  private func scaled(_ logits: Tensor) -> Tensor {
    guard logits.rank > 0 else {
      return Tensor(
        invalid: "a choice from \(logits.type): logits along a last axis are needed",
        operands: logits)
    }
    let shift = logits.max(axes: [-1], keeping: true).stoppingGradient()
    return (logits - shift) / temperature.value(logits.dtype)
  }
}
