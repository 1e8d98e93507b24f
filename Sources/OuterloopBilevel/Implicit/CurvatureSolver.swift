public import OuterloopNumerics

/// How an implicit hypergradient solves `(H + rho I) q = grad_w E`, with H the Hessian of the inner
/// loss.
public enum CurvatureSolver: Sendable, Hashable, CustomStringConvertible {
  /// Cholesky, or LDL' where H is indefinite. P products, O(P^3) time and P^2 numbers.
  case dense
  /// Conjugate gradients: H positive definite, or made so by damping.
  case cg(StoppingRule = StoppingRule(relative: 1e-8))
  /// Any symmetric H.
  case minres(StoppingRule = StoppingRule(relative: 1e-8))
  /// Any H; for comparison, since H is symmetric.
  case gmres(StoppingRule = StoppingRule(relative: 1e-8), restart: Int = 50)
  /// `a sum_j (I - a H)^j grad E` with so many terms, j = 0...terms - 1 (Lorraine et al. 2020). Needs
  /// a < 2 / largest eigenvalue. At w* it equals differentiating through `terms` steps of gradient
  /// descent at rate a.
  case neumann(terms: Int, step: Double)
  /// H replaced by the mean of outer products of the training examples' gradients (Larsen et al. 1996);
  /// needs damping, and batches of examples. O(n^2 P) time, n P numbers.
  case larsen
  /// H replaced by I: the one-step method without its rate.
  case identity
  /// H replaced by its Nystrom approximation from so many columns (Hataya & Yamada 2023); needs damping.
  case nystrom(rank: Int, seed: UInt64 = 0)

  public var description: String {
    switch self {
    case .dense: "dense"
    case .cg: "cg"
    case .minres: "minres"
    case .gmres: "gmres"
    case .neumann(let terms, let step): "neumann(terms: \(terms), step: \(step))"
    case .larsen: "larsen"
    case .identity: "identity"
    case .nystrom(let rank, _): "nystrom(rank: \(rank))"
    }
  }

  /// Whether a start shortens the solve.
  var usesStart: Bool {
    switch self {
    case .cg, .minres, .gmres: true
    case .dense, .neumann, .larsen, .identity, .nystrom: false
    }
  }

  /// The solver on flat vectors, for products that include `damping`; nil for `larsen`, which does
  /// not use Hessian-vector products.
  ///
  /// - Parameters:
  ///   - single: whether products come in single precision: residuals below 1e-5 are not requested.
  ///   - tolerance: an absolute tolerance that replaces the rule's own.
  func solver(damping: Double, single: Bool, tolerance: Double?) -> (any LinearSolver)? {
    func adjusted(_ rule: StoppingRule) -> StoppingRule {
      var rule = rule
      if let tolerance { (rule.relative, rule.absolute) = (0, tolerance) }
      if single { rule.relative = Swift.max(rule.relative, 1e-5) }
      return rule
    }
    switch self {
    case .dense: return DirectSolver()
    case .cg(let rule): return ConjugateGradient(adjusted(rule))
    case .minres(let rule): return MINRES(adjusted(rule))
    case .gmres(let rule, let restart): return GMRES(adjusted(rule), restart: restart)
    case .neumann(let terms, let step): return NeumannSeries(power: terms - 1, step: step)
    case .larsen: return nil
    case .identity: return IdentityInverse()
    case .nystrom(let rank, let seed): return Nystrom(rank: rank, damping: damping, seed: seed)
    }
  }

  /// Whether the solver adds the damping itself.
  var addsDamping: Bool {
    switch self {
    case .larsen, .nystrom: true
    case .dense, .cg, .minres, .gmres, .neumann, .identity: false
    }
  }
}
