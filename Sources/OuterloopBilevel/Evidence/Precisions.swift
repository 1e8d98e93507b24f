public import OuterloopAutodiff
public import OuterloopNumerics

/// Hyperparameters of a linear-Gaussian model: the precisions (inverse variances) of its prior and
/// of its noise. All positive; optimise their logarithms.
public struct Precisions: Structure {
  /// a: one for each group of weights, (G); a scalar will do for one group.
  public var weights: Tensor
  /// b, a scalar.
  public var noise: Tensor

  public init(weights: Tensor, noise: Tensor) {
    self.weights = weights
    self.noise = noise
  }

  /// The same from plain numbers, float64.
  public init(weights: [Double], noise: Double) {
    self.init(weights: Tensor(weights), noise: Tensor(noise, dtype: .float64))
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try weights.visit(path + ".weights", body)
    try noise.visit(path + ".noise", body)
  }
}
