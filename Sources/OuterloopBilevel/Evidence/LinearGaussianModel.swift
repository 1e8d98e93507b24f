public import OuterloopAutodiff
public import OuterloopNumerics

/// Linear regression with Gaussian noise and a Gaussian prior, whose evidence is a closed form
/// (MacKay 1992, "Bayesian interpolation"; Bishop 2006, sec. 3.5):
///
///     y | w ~ N(X w, I / b),   w_i ~ N(0, 1 / a_i),   log p(y | a, b) = log int p(y | w) p(w | a) dw
///
/// `logEvidence` is a traced scalar of the precisions: an outer objective without an inner loop and
/// without validation data. Everything is float64.
///
///     let model = try LinearGaussianModel(inputs: x, targets: y)
///     let loop = OuterLoop<Precisions>(.adam(rate: 0.1))
///     let logs = try loop.minimize(from: start, updates: 200) { h in
///       -model.logEvidence(h.mapLeaves { exp($0) })
///     }
public struct LinearGaussianModel: Sendable {
  /// Which Gram matrix is factored: both give the same numbers.
  public enum Form: Sendable, Hashable {
    /// I + Z' Z, (P, P): for n >= P.
    case primal
    /// I + Z Z', (n, n): for n < P.
    case dual
  }

  /// X: (n, P)
  public let inputs: Tensor
  /// y: (n)
  public let targets: Tensor
  /// Which weights share a precision.
  public let groups: WeightGroups
  /// Whether products are of size P or of size n.
  public let form: Form
  /// X'X (P, P) and X'y (P), for the primal form.
  let gram, projection: Tensor?
  /// |x_i|^2 for the column of each weight.
  let columnNorms: [Double]

  /// - Parameters:
  ///   - inputs: X, (n, P), float64.
  ///   - targets: y, (n), float64.
  ///   - groups: which weights share a precision; by default each has its own.
  ///   - form: by default the smaller of the two.
  /// - Throws: `BilevelError` for shapes that do not fit, other element types, non-finite data.
  /// - Complexity: O(n P^2) for the primal form, else O(n P).
  public init(
    inputs: Tensor, targets: Tensor, groups: WeightGroups? = nil, form: Form? = nil
  ) throws {
    guard inputs.dtype == .float64, targets.dtype == .float64 else {
      throw BilevelError.invalid(
        "evidence of \(inputs.type) and \(targets.type)", remedy: "convert both to float64")
    }
    guard inputs.rank == 2, inputs.count > 0, targets.shape == [inputs.shape[0]] else {
      throw BilevelError.invalid(
        "evidence of inputs \(inputs.type) and targets \(targets.type)",
        remedy: "needs (n, P) and (n)")
    }
    let (n, p) = (inputs.shape[0], inputs.shape[1])
    let x = try inputs.scalars(Double.self)
    for (name, values) in [("inputs", x), ("targets", try targets.scalars(Double.self))] {
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw BilevelError.invalid("\(name) have a non-finite value at element \(index)")
      }
    }
    let groups = try groups ?? .each(p)
    guard groups.indices.count == p else {
      throw BilevelError.invalid(
        "groups of \(groups.indices.count) weights for \(p) columns of the inputs")
    }
    self.inputs = inputs
    self.targets = targets
    self.groups = groups
    self.form = form ?? (n >= p ? .primal : .dual)
    var norms = [Double](repeating: 0, count: p)
    for (index, value) in x.enumerated() { norms[index % p] += value * value }
    columnNorms = norms
    if self.form == .primal {
      gram = try matmul(inputs, inputs, transposeA: true).materialized()
      projection = try matmul(targets, inputs).materialized()
    } else {
      (gram, projection) = (nil, nil)
    }
  }

  /// n
  public var exampleCount: Int { inputs.shape[0] }
  /// P
  public var weightCount: Int { inputs.shape[1] }

  /// log p(y | a, b), a traced scalar.
  ///
  /// With c_i = sqrt(b / a_i) and Z = X diag(c), the posterior precision is
  /// A = diag(a) + b X'X = diag(sqrt a) (I + Z'Z) diag(sqrt a), so
  ///
  ///     u = (I + Z'Z)^-1 Z'y = Z' (I + ZZ')^-1 y,     m = c u
  ///     log p = n/2 log(b / 2 pi) - 1/2 log det(I + Z'Z) - b/2 (|y - X m|^2 + |u|^2)
  ///
  /// In this scaling the factored matrix has eigenvalues >= 1, whatever the precisions: an a_i of
  /// 1e12, a weight pruned, is harmless. Precisions that are not positive give NaN.
  ///
  /// - Complexity: O(P^3 + n P) primal, O(n^2 P + n^3) dual; memory of the matrix factored.
  public func logEvidence(_ precisions: Precisions) -> Tensor {
    logEvidence(solution(precisions), precisions)
  }

  func logEvidence(_ solution: Solution, _ precisions: Precisions) -> Tensor {
    let n = Double(exampleCount)
    let b = precisions.noise.reshaped([])
    let energy = b * (solution.residual.square().sum() + solution.scaledMean.square().sum())
    let determinant = 2 * log(diagonal(solution.factor)).sum()
    return 0.5 * (n * (log(b) - Self.logTwoPi) - determinant - energy)
  }

  static let logTwoPi = 1.837_877_066_409_345_5

  /// The factored system, in scaled weights.
  struct Solution {
    /// c: (P)
    var scale: Tensor
    /// Z: (n, P), in the dual form.
    var scaledInputs: Tensor?
    /// Z'Z: (P, P), in the primal form.
    var scaledGram: Tensor?
    /// L, lower, with L L' = I + Z'Z or I + ZZ'.
    var factor: Tensor
    /// u: (P)
    var scaledMean: Tensor
    /// m: (P)
    var mean: Tensor
    /// y - X m: (n)
    var residual: Tensor
  }

  func solution(_ precisions: Precisions) -> Solution {
    let scale = sqrt(precisions.noise.reshaped([]) / groups.expanded(precisions.weights))
    func solved(_ factor: Tensor, _ right: Tensor) -> Tensor {
      let half = triangularSolve(factor, right.expanded(at: 1))
      return triangularSolve(factor, half, transposed: true).reshaped([-1])
    }
    if let gram, let projection {
      let scaled = scale.expanded(at: 1) * gram * scale
      let factor = cholesky(Tensor.eye(weightCount, dtype: .float64) + scaled)
      let u = solved(factor, scale * projection)
      let mean = scale * u
      return Solution(
        scale: scale, scaledInputs: nil, scaledGram: scaled, factor: factor, scaledMean: u,
        mean: mean, residual: targets - matmul(inputs, mean))
    }
    let z = inputs * scale
    let factor = cholesky(
      Tensor.eye(exampleCount, dtype: .float64) + matmul(z, z, transposeB: true))
    let v = solved(factor, targets)
    let u = matmul(v, z)
    // y - X m = y - ZZ' (I + ZZ')^-1 y = v
    return Solution(
      scale: scale, scaledInputs: z, scaledGram: nil, factor: factor, scaledMean: u,
      mean: scale * u, residual: v)
  }
}

// The posteriors that maximise the variational bound of a linear-Gaussian model, in closed form and
// traced. With A = diag(a) + b X'X and m = b A^-1 X'y:
//
//     over full covariances   q = N(m, A^-1),          F = evidence
//     over independent q_i    q = N(m, 1 / A_ii),      F = evidence - (sum log A_ii - log det A) / 2

extension LinearGaussianModel {
  /// The best independent Gaussian: its means are exact, its variances 1 / (a_i + b |x_i|^2) too
  /// small.
  public func optimalMeanField(_ precisions: Precisions) -> MeanFieldGaussian {
    let a = groups.expanded(precisions.weights)
    let inner = a + precisions.noise.reshaped([]) * Tensor(columnNorms)
    return MeanFieldGaussian(mean: solution(precisions).mean, logScale: -0.5 * log(inner))
  }

  /// The posterior itself.
  public func optimalGaussian(_ precisions: Precisions) -> FullGaussian {
    let (mean, covariance) = meanAndCovariance(precisions)
    let factor = cholesky(covariance)
    let shape = covariance.shape
    let onDiagonal = Tensor.iota(shape, axis: 0, dtype: .float64)
      .equals(Tensor.iota(shape, axis: 1, dtype: .float64))
    return FullGaussian(
      mean: mean, root: select(onDiagonal, log(diagonal(factor)).expanded(at: 1), factor))
  }
}

/// Hyperparameters of a linear-Gaussian model: the precisions (inverse variances) of its prior and
/// of its noise. All positive; optimise their logarithms.
public struct Precisions: Structure {
  /// a: one for each group of weights, (G); a scalar suffices for one group.
  public var weights: Tensor
  /// b, a scalar.
  public var noise: Tensor

  /// Precisions of the groups of weights (G) and of the noise, a scalar; all positive.
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
