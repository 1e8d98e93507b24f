public import OuterloopAutodiff
public import OuterloopNumerics

/// Batch normalisation over all axes but the last (Ioffe and Szegedy 2015).
///
/// `callAsFunction` uses the batch's own statistics and is a pure function of the batch, so it can
/// be differentiated through training. `statistics(of:)` gives the moments to keep for `infer`.
public struct BatchNorm: Structure {
  /// (features)
  public var scale: Tensor
  /// (features)
  public var offset: Tensor
  /// Added to the variance.
  public var epsilon: Double

  /// Scale 1 and offset 0.
  public init(features: Int, epsilon: Double = 1e-5, dtype: DType = .float32) {
    scale = Tensor.ones([features], dtype: dtype)
    offset = Tensor.zeros([features], dtype: dtype)
    self.epsilon = epsilon
  }

  /// Mean and (biased) variance of each feature.
  public func statistics(of x: Tensor) -> (mean: Tensor, variance: Tensor) {
    guard x.rank > 0 else {
      let broken = Tensor(
        invalid: "batch normalisation of \(x.type): features are needed", operands: x)
      return (broken, broken)
    }
    let axes = Array(0..<(x.rank - 1))
    let mean = x.mean(axes: axes)
    return (mean, (x - mean).square().mean(axes: axes))
  }

  /// x normalized over the batch, then scaled and shifted.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (mean, variance) = statistics(of: x)
    return infer(x, mean: mean, variance: variance)
  }

  /// Normalises with given statistics.
  public func infer(_ x: Tensor, mean: Tensor, variance: Tensor) -> Tensor {
    (x - mean) * ((variance + epsilon).reciprocalSquareRoot() * scale) + offset
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try scale.visit(path + ".scale", body)
    try offset.visit(path + ".offset", body)
  }
}
