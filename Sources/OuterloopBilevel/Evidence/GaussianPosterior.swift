public import OuterloopAutodiff
public import OuterloopNumerics

/// A Gaussian q(w) = N(mu, S) over P weights, parametrised by unconstrained numbers.
public protocol GaussianPosterior: Structure {
  /// mu: (P)
  var mean: Tensor { get }
  /// S_ii: (P)
  var variances: Tensor { get }
  /// log det S, a scalar.
  var logDeterminant: Tensor { get }
  /// Reparametrised draws: mu + (root of S) e for each row e of standard normal noise (K, P).
  func draws(_ noise: Tensor) -> Tensor
  /// tr(X S X') for inputs X (n, P): the spread of the predictions X w, summed over examples.
  func predictiveSpread(_ inputs: Tensor) -> Tensor
}

/// Independent weights, q(w_i) = N(mu_i, s_i^2) with s_i = exp(rho_i) (Graves 2011): 2 P numbers.
public struct MeanFieldGaussian: GaussianPosterior {
  public var mean: Tensor
  /// rho: (P)
  public var logScale: Tensor

  /// A Gaussian of independent weights: mean and logarithm of the standard deviation, both (P).
  public init(mean: Tensor, logScale: Tensor) {
    self.mean = mean
    self.logScale = logScale
  }

  /// Every weight N(mu_i, scale^2).
  public init(mean: Tensor, scale: Double) {
    self.init(
      mean: mean, logScale: log(Tensor(repeating: scale, shape: mean.shape, dtype: mean.dtype)))
  }

  public var variances: Tensor { exp(2 * logScale) }
  public var logDeterminant: Tensor { 2 * logScale.sum() }
  public func draws(_ noise: Tensor) -> Tensor { mean + exp(logScale) * noise }
  /// sum_i |x_i|^2 s_i^2
  public func predictiveSpread(_ inputs: Tensor) -> Tensor {
    (inputs.square().sum(axes: [0]) * variances).sum()
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try mean.visit(path + ".mean", body)
    try logScale.visit(path + ".logScale", body)
  }
}

/// Any covariance, S = L L' with L lower triangular: the strict lower triangle of `root` and the
/// exponential of its diagonal. P + P^2 numbers, of which the upper triangle is unused.
public struct FullGaussian: GaussianPosterior {
  public var mean: Tensor
  /// (P, P)
  public var root: Tensor

  /// A Gaussian with a mean (P) and a lower triangular root of its covariance (P, P).
  public init(mean: Tensor, root: Tensor) {
    self.mean = mean
    self.root = root
  }

  /// Every weight N(mu_i, scale^2), independent.
  public init(mean: Tensor, scale: Double) {
    self.init(
      mean: mean,
      root: log(Tensor(scale, dtype: mean.dtype)) * Tensor.eye(mean.count, dtype: mean.dtype))
  }

  /// L: (P, P)
  public var factor: Tensor {
    let shape = root.shape
    let row = Tensor.iota(shape, axis: 0, dtype: root.dtype)
    let column = Tensor.iota(shape, axis: 1, dtype: root.dtype)
    return root * row.isGreater(than: column)
      + exp(diagonal(root)).expanded(at: 1) * row.equals(column)
  }

  public var variances: Tensor { factor.square().sum(axes: [1]) }
  public var logDeterminant: Tensor { 2 * diagonal(root).sum() }
  public func draws(_ noise: Tensor) -> Tensor { mean + matmul(noise, factor, transposeB: true) }
  /// |X L|^2
  public func predictiveSpread(_ inputs: Tensor) -> Tensor {
    matmul(inputs, factor).square().sum()
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try mean.visit(path + ".mean", body)
    try root.visit(path + ".root", body)
  }
}
