internal import OuterloopAutodiff
public import OuterloopNumerics

/// Inference in a linear-Gaussian model, compiled once: the evidence with its gradient in closed
/// form, and the posterior N(m, A^-1) of the weights.
///
///     A = diag(a) + b X'X,   m = b A^-1 X'y,   gamma_i = 1 - a_i (A^-1)_ii
///     d/da_i = 1 / (2 a_i) - m_i^2 / 2 - (A^-1)_ii / 2 = gamma_i / (2 a_i) - m_i^2 / 2
///     d/db   = n / (2 b) - |y - X m|^2 / 2 - tr(A^-1 X'X) / 2
///            = (n - sum gamma) / (2 b) - |y - X m|^2 / 2
///
/// gamma_i in [0, 1] says how well the data determine weight i (MacKay 1992, eq. 4.9). It is summed
/// from positive and negative products of its own size rather than subtracted from 1, so that it
/// keeps its digits for a weight that is nearly pruned.
public struct LinearGaussianInference: Sendable {
  /// The model whose evidence is computed.
  public let model: LinearGaussianModel
  private let evidence: Compiled<Precisions, Raw>
  private let posterior: Compiled<Precisions, Pair<Tensor, Tensor>>

  /// Compiles the evidence of a model when it is first asked for.
  public init(_ model: LinearGaussianModel) {
    self.model = model
    evidence = Compiled { model.raw($0) }
    posterior = Compiled {
      let (mean, covariance) = model.meanAndCovariance($0)
      return Pair(mean, covariance)
    }
  }

  /// The evidence at a point.
  public struct Evidence: Sendable {
    /// log p(y | a, b)
    public var logEvidence: Double
    /// Its gradient in a (G) and b.
    public var gradient: Precisions
    /// m: (P)
    public var mean: Tensor
    /// Sum of gamma_i over each group.
    public var determined: [Double]
    /// Sum of m_i^2 over each group.
    public var squaredMeans: [Double]
    /// |y - X m|^2
    public var squaredResidual: Double
  }

  /// - Throws: `BilevelError` for precisions that are not positive numbers, or of another shape.
  /// - Complexity: as `LinearGaussianModel.logEvidence`, twice in the primal form.
  public func evidence(at precisions: Precisions) throws -> Evidence {
    let precisions = try checked(precisions)
    let raw = try evidence(precisions)
    return Evidence(
      logEvidence: try raw.logEvidence.item(), gradient: raw.gradient, mean: raw.mean,
      determined: try raw.determined.scalars(), squaredMeans: try raw.squaredMeans.scalars(),
      squaredResidual: try raw.squaredResidual.item())
  }

  /// The posterior: mean (P) and covariance (P, P).
  /// - Complexity: time of the evidence and O(n P^2) in the dual form; O(P^2) memory.
  /// - Throws: `BilevelError` or `TensorError` for precisions that are not positive, or of other
  ///   shapes than the model's.
  public func posterior(
    at precisions: Precisions
  ) throws -> (mean: Tensor, covariance: Tensor) {
    let pair = try posterior(try checked(precisions))
    return (pair.first, pair.second)
  }

  private func checked(_ precisions: Precisions) throws -> Precisions {
    let groups = model.groups.count
    guard precisions.weights.count == groups, precisions.weights.rank <= 1,
      precisions.noise.count == 1,
      precisions.leafTypes.allSatisfy({ $0.dtype == .float64 })
    else {
      throw BilevelError.invalid(
        "precisions \(precisions.leafTypes) for \(groups) groups of weights",
        remedy: "needs float64 numbers, (\(groups)) and a scalar")
    }
    for (name, tensor) in zip(["prior", "noise"], precisions.leaves) {
      let values = try tensor.scalars(Double.self)
      if let index = values.firstIndex(where: { !($0 > 0) || !$0.isFinite }) {
        throw BilevelError.invalid(
          "\(name) precision \(index) is \(values[index])",
          remedy: "it must be a positive number; optimise its logarithm")
      }
    }
    return Precisions(
      weights: precisions.weights.reshaped([groups]), noise: precisions.noise.reshaped([]))
  }
}

/// What the compiled program gives.
private struct Raw: Structure {
  var logEvidence, mean, determined, squaredMeans, squaredResidual: Tensor
  var gradient: Precisions

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try logEvidence.visit(path, body)
    try mean.visit(path, body)
    try determined.visit(path, body)
    try squaredMeans.visit(path, body)
    try squaredResidual.visit(path, body)
    try gradient.visit(path, body)
  }
}

extension LinearGaussianModel {
  fileprivate func raw(_ precisions: Precisions) -> Raw {
    let solution = solution(precisions)
    let (a, b) = (precisions.weights, precisions.noise)
    let determined = groups.sums(determinedness(solution))
    let squares = groups.sums(solution.mean.square())
    let residual = solution.residual.square().sum()
    return Raw(
      logEvidence: logEvidence(solution, precisions), mean: solution.mean,
      determined: determined, squaredMeans: squares, squaredResidual: residual,
      gradient: Precisions(
        weights: 0.5 * (determined / a - squares),
        noise: 0.5 * ((Double(exampleCount) - determined.sum()) / b - residual)))
  }

  /// gamma: (P), the diagonal of (I + Z'Z)^-1 Z'Z = Z' (I + ZZ')^-1 Z.
  private func determinedness(_ solution: Solution) -> Tensor {
    if let z = solution.scaledInputs {
      return triangularSolve(solution.factor, z).square().sum(axes: [0])
    }
    guard let gram = solution.scaledGram else { return Tensor(invalid: "no Gram matrix") }
    return (inverse(solution.factor) * gram).sum(axes: [1])
  }

  /// A^-1 = diag(c) (I + Z'Z)^-1 diag(c) / b, with (I + Z'Z)^-1 = I - Z' (I + ZZ')^-1 Z.
  func meanAndCovariance(_ precisions: Precisions) -> (mean: Tensor, covariance: Tensor) {
    let solution = solution(precisions)
    let inner: Tensor
    if let z = solution.scaledInputs {
      let half = triangularSolve(solution.factor, z)
      inner =
        Tensor.eye(weightCount, dtype: .float64) - matmul(half, half, transposeA: true)
    } else {
      inner = inverse(solution.factor)
    }
    let scale = solution.scale
    return (
      solution.mean, scale.expanded(at: 1) * inner * scale / precisions.noise.reshaped([])
    )
  }

  /// (L L')^-1
  private func inverse(_ factor: Tensor) -> Tensor {
    let half = triangularSolve(factor, Tensor.eye(weightCount, dtype: .float64))
    return matmul(half, half, transposeA: true)
  }
}
