public import OuterloopNumerics

/// How the fixed-point form solves `(I - A') q = grad_s E`, with A the derivative of a training step
/// with respect to the state, which is not symmetric in general.
public enum FixedPointSolver: Sendable, Hashable, CustomStringConvertible {
  /// GMRES on `(I - A') q = grad E`.
  case gmres(StoppingRule = StoppingRule(relative: 1e-8), restart: Int = 50)
  /// `sum_j (A')^j grad E` with so many terms: at a fixed point, reverse mode through as many steps.
  case neumann(terms: Int)
  /// The last step only.
  case identity

  public var description: String {
    switch self {
    case .gmres: "gmres"
    case .neumann(let terms): "neumann(terms: \(terms))"
    case .identity: "identity"
    }
  }

  func solver(single: Bool) -> any LinearSolver {
    switch self {
    case .gmres(var rule, let restart):
      if single { rule.relative = Swift.max(rule.relative, 1e-5) }
      return GMRES(rule, restart: restart)
    case .neumann(let terms): return NeumannSeries(power: terms - 1, step: 1)
    case .identity: return IdentityInverse()
    }
  }
}
