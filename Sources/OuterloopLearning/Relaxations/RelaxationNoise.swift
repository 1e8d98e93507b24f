internal import OuterloopAutodiff
public import OuterloopNumerics

extension RandomKey {
  /// The key of stream (seed, purpose, step) as a tensor, for a step that is known to a compiled
  /// program only at run time: the same numbers as `RandomKey(seed:purpose:index:)` with that step.
  ///
  /// - Parameter index: int32, shape [1], at least 0: `Time.index`.
  public static func tensor(seed: UInt64, purpose: String, index: Tensor) -> Tensor {
    guard index.type == TensorType([1], .int32) else {
      return Tensor(
        invalid: "a random key at index \(index.type): use Time.index, an i32[1]", operands: index)
    }
    let key = RandomKey(seed: seed, purpose: purpose).words
    let name = Tensor([Int32(bitPattern: key.0), Int32(bitPattern: key.1)])
    return concatenate([name, index, Tensor([Int32(0)])])
  }
}

/// Noise that turns logits into random choices. Keys are int32 tensors of shape [4].
public enum RelaxationNoise {
  /// Standard Gumbel numbers, `g = -log(-log u)`: the largest of `a + g` is at i with probability
  /// softmax(a)_i (Gumbel 1954; Maddison et al. 2014).
  ///
  /// All are finite: u stays half a step of the uniform generator away from 0. The largest are near
  /// 16.6 in float32 and 36.7 in float64.
  public static func gumbel(_ shape: [Int], key: Tensor, dtype: DType = .float32) -> Tensor {
    -log(-log(interior(shape, key, dtype)))
  }

  /// Standard logistic numbers, `log u - log(1 - u)`: the difference of two Gumbel numbers.
  public static func logistic(_ shape: [Int], key: Tensor, dtype: DType = .float32) -> Tensor {
    let u = interior(shape, key, dtype)
    return log(u) - log1p(-u)
  }

  /// Uniform in (0, 1). The generator's numbers are k 2^-24 (k 2^-53 in float64), 0 included and 1
  /// not: log of 0 would be infinite.
  private static func interior(_ shape: [Int], _ key: Tensor, _ dtype: DType) -> Tensor {
    let halfStep = dtype == .float64 ? 0x1p-54 : 0x1p-25
    return maximum(
      Tensor.uniform(shape, key: key, dtype: dtype), Tensor(halfStep, dtype: dtype))
  }
}
