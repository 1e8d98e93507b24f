public import OuterloopAutodiff
public import OuterloopNumerics

/// Laplace's approximation of the evidence, for any loss that is a negative log joint
/// psi(w, h) = -log p(D, w | h), every constant that depends on h included:
///
///     log p(D | h) ~ -psi(w*, h) + P/2 log 2 pi - 1/2 log det H,   H = d2 psi / dw2 at the mode w*
///
/// (MacKay 1992, "A practical Bayesian framework", eq. 3). Exact where psi is quadratic in w. H is
/// dense, one Hessian-vector product per column, so it is meant for P up to a few hundred; use
/// float64.
///
/// `logEvidence(w, h)` is a traced scalar: as the outer loss of a `BilevelProblem` whose inner loss is
/// psi, its derivative through training contains the motion of the mode, and `.firstOrder` is the
/// derivative at fixed weights. `evaluate` gives both at a mode, by the implicit function theorem.
public struct LaplaceEvidence<Weights: Structure, Hyper: Structure>: Sendable {
  /// How a vector of P numbers is arranged as weights.
  public let layout: WeightLayout<Weights>
  /// psi(w, h), a scalar.
  public let negativeLogJoint: @Sendable (Weights, Hyper) throws -> Tensor
  /// Whether to add g' H^-1 g / 2 with g = d psi / dw: the value at the minimum of the quadratic at
  /// w, rather than at w itself. Nothing at a mode; exact for a quadratic psi at *any* w, which
  /// matters when training has not converged.
  public let completesTraining: Bool
  let newtonStep: Compiled<Pair<Tensor, Pair<Hyper, Tensor>>, NewtonStep>
  let loss: Compiled<Pair<Tensor, Hyper>, Tensor>
  private let assessment: Compiled<Pair<Tensor, Hyper>, Assessment<Hyper>>

  /// - Parameter weights: weights of the right shapes; their values do not matter.
  /// - Throws: `BilevelError.invalid` for weights without one floating element type.
  public init(
    weights: Weights, completesTraining: Bool = false,
    negativeLogJoint: @escaping @Sendable (Weights, Hyper) throws -> Tensor
  ) throws {
    let layout = try WeightLayout(weights)
    self.layout = layout
    self.negativeLogJoint = negativeLogJoint
    self.completesTraining = completesTraining
    let quadratic = Quadratic<Hyper>(
      count: layout.count, dtype: layout.dtype,
      loss: { w, h in try negativeLogJoint(layout.weights(w), h).reshaped([]) })
    loss = Compiled { x in try quadratic.loss(x.first, x.second) }
    newtonStep = Compiled { x in
      try quadratic.newtonStep(x.first, x.second.first, damping: x.second.second)
    }
    assessment = Compiled { x in
      try quadratic.assessment(x.first, x.second, completing: completesTraining)
    }
  }

  /// The approximation with w as the mode: a traced scalar. NaN where H is not positive definite.
  /// - Complexity: P Hessian-vector products and O(P^3); memory of P gradients.
  /// - Throws: what psi throws, and `TensorError` if it is no scalar of the weights and
  ///   hyperparameters.
  public func logEvidence(_ weights: Weights, _ hyper: Hyper) throws -> Tensor {
    let layout = layout
    let loss = negativeLogJoint
    let quadratic = Quadratic<Hyper>(
      count: layout.count, dtype: layout.dtype,
      loss: { w, h in try loss(layout.weights(w), h).reshaped([]) })
    return try quadratic.logEvidence(
      layout.vector(weights), hyper, completing: completesTraining)
  }

  /// The approximation at a mode.
  public struct Evaluation: Sendable {
    /// log p(D | h), approximately.
    public var logEvidence: Double
    /// The derivative with respect to h, with the mode as a function of h: direct + (dF/dw) dw*/dh,
    /// dw*/dh = -H^-1 d2 psi / dw dh.
    public var gradient: Hyper
    /// The derivative with respect to h at fixed weights.
    public var direct: Hyper
    /// |d psi / dw|, which is 0 at a mode: the error of value and gradients is of its order.
    public var modeGradient: Double
  }

  /// Value and both gradients at weights that are a mode (see `mode(at:from:)`).
  /// - Throws: `BilevelError` if the Hessian is not positive definite there.
  /// - Complexity: a small multiple of `logEvidence`.
  public func evaluate(at weights: Weights, _ hyper: Hyper) throws -> Evaluation {
    let result = try assessment(Pair(layout.vector(weights).materialized(), hyper))
    let value = try result.value.item()
    guard value.isFinite else {
      throw BilevelError.invalid(
        "the Laplace evidence is \(value): the Hessian at these weights is not positive "
          + "definite or the loss is not finite",
        remedy: "find the mode first, or strengthen the prior")
    }
    return Evaluation(
      logEvidence: value, gradient: result.gradient, direct: result.direct,
      modeGradient: try result.modeGradient.item())
  }
}

/// The derivatives of psi with respect to the weights as one vector.
private struct Quadratic<Hyper: Structure>: Sendable {
  let count: Int
  let dtype: DType
  let loss: @Sendable (Tensor, Hyper) throws -> Tensor

  /// H: (P, P), a column a direction.
  func hessian(_ w: Tensor, _ hyper: Hyper) throws -> Tensor {
    try vmap(Tensor.eye(count, dtype: dtype)) { direction in
      try hessianVectorProduct(at: w, along: direction) { try loss($0, hyper) }.product
    }
  }

  func solved(_ factor: Tensor, _ right: Tensor) -> Tensor {
    let half = triangularSolve(factor, right.expanded(at: 1))
    return triangularSolve(factor, half, transposed: true).reshaped([count])
  }

  func logEvidence(_ w: Tensor, _ hyper: Hyper, completing: Bool) throws -> Tensor {
    let factor = cholesky(try hessian(w, hyper))
    let value =
      0.5 * Double(count) * LinearGaussianModel.logTwoPi - log(diagonal(factor)).sum()
      - (try loss(w, hyper))
    guard completing else { return value }
    let g = try gradient(at: w) { try loss($0, hyper) }
    let half = triangularSolve(factor, g.expanded(at: 1))
    return value + 0.5 * half.square().sum()
  }

  /// F is a function of (w, h) and the mode is one of h; with q = H^-1 dF/dw the second term is
  /// -(d2 psi / dh dw) q, one joint product.
  func assessment(_ w: Tensor, _ hyper: Hyper, completing: Bool) throws -> Assessment<Hyper> {
    let (value, partial) = try valueAndGradient(at: Pair(w, hyper)) {
      try logEvidence($0.first, $0.second, completing: completing)
    }
    let factor = cholesky(try hessian(w, hyper))
    let joint = try jointProduct(
      at: w, hyper, along: solved(factor, partial.first), of: loss)
    return Assessment(
      value: value, direct: partial.second,
      gradient: partial.second.zipLeaves(joint.hyperProduct) { $0 - $1 },
      modeGradient: sqrt(joint.weightGradient.square().sum()))
  }

  /// -(H + rho I)^-1 g, with psi and the predicted decrease g' (H + rho I)^-1 g.
  func newtonStep(_ w: Tensor, _ hyper: Hyper, damping: Tensor) throws -> NewtonStep {
    let (value, g) = try valueAndGradient(at: w) { try loss($0, hyper) }
    let factor = cholesky(
      try hessian(w, hyper) + damping * Tensor.eye(count, dtype: dtype))
    let step = -solved(factor, g)
    return NewtonStep(
      loss: value, step: step, decrease: -(step * g).sum(), gradient: sqrt(g.square().sum()))
  }
}

private struct Assessment<Hyper: Structure>: Structure {
  var value: Tensor
  var direct, gradient: Hyper
  var modeGradient: Tensor

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try value.visit(path, body)
    try direct.visit(path, body)
    try gradient.visit(path, body)
    try modeGradient.visit(path, body)
  }
}

/// A damped Newton step of the negative log joint.
struct NewtonStep: Structure {
  var loss, step, decrease, gradient: Tensor

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try loss.visit(path, body)
    try step.visit(path, body)
    try decrease.visit(path, body)
    try gradient.visit(path, body)
  }
}

extension LaplaceEvidence {
  /// Where Newton's iteration ended.
  public struct Mode: Sendable {
    /// The weights at the mode.
    public var weights: Weights
    /// psi there.
    public var loss: Double
    /// |d psi / dw|
    public var gradient: Double
    /// Newton steps taken.
    public var iterations: Int
    /// Whether the decrease predicted by the last step was at most `tolerance`, relative to the
    /// loss.
    public var converged: Bool
  }

  private static var mostIterations: Int { 1 << 20 }

  /// The mode of the posterior, by Newton's method with the dense Hessian. A step that does not lower
  /// psi, or a Hessian that is not positive definite, leads to more damping, H + rho I with rho ten
  /// times larger (Levenberg 1944); after a success rho falls, and below 1e-8 to 0.
  ///
  /// - Parameter tolerance: the decrease g' H^-1 g / 2 predicted by the last step, relative to
  ///   max(|psi|, 1). Convergence is quadratic: the weights are much nearer than its root.
  /// - Throws: `BilevelError` if psi is not finite at the start; what the loss throws.
  /// - Complexity: P Hessian-vector products and O(P^3) an iteration.
  public func mode(
    at hyper: Hyper, from start: Weights, tolerance: Double = 1e-20, iterationLimit: Int = 100
  ) throws -> Mode {
    guard tolerance >= 0, iterationLimit >= 0, iterationLimit <= Self.mostIterations else {
      throw BilevelError.invalid(
        "a mode to a tolerance of \(tolerance) in \(iterationLimit) iterations",
        remedy: "needs a tolerance of at least 0 and 0...\(Self.mostIterations) iterations")
    }
    guard start.elementCount == layout.count else {
      throw BilevelError.invalid(
        "a mode from weights \(start.leafTypes), \(start.elementCount) elements: there are "
          + "\(layout.count)")
    }
    var w = try layout.vector(start).materialized()
    guard try loss(Pair(w, hyper)).item().isFinite else {
      throw BilevelError.invalid(
        "the negative log joint is not finite where the search for its mode starts",
        remedy: "start from other weights")
    }
    var damping = 0.0
    var iterations = 0
    var converged = false
    while iterations < iterationLimit, !converged {
      iterations += 1
      let newton = try newtonStep(
        Pair(w, Pair(hyper, Tensor(damping, dtype: layout.dtype))))
      let before = try newton.loss.item()
      let promise = try newton.decrease.item() / 2
      let next = try (w + newton.step).materialized()
      let scale = max(abs(before), 1)
      // Near the minimum psi changes only by rounding: a full step is accepted there.
      let settled = promise <= 1e-10 * scale
      if promise >= 0, settled ? true : try loss(Pair(next, hyper)).item() <= before {
        w = next
        converged = damping == 0 && promise <= tolerance * scale
        damping = settled || damping <= 1e-8 ? 0 : damping / 10
      } else {
        damping = damping == 0 ? 1e-6 : damping * 10
      }
    }
    let end = try newtonStep(Pair(w, Pair(hyper, Tensor(0, dtype: layout.dtype))))
    return Mode(
      weights: layout.weights(w), loss: try end.loss.item(),
      gradient: try end.gradient.item(), iterations: iterations, converged: converged)
  }
}
