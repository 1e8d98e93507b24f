public import OuterloopLearning

/// How an implicit method comes to w*, where `grad_w L(w*, lambda) = 0`.
public enum InnerSolution: Sendable, Hashable, CustomStringConvertible {
  /// Where the problem's own T steps end, however far that is.
  case training
  /// The problem's own steps, until the gradient's 2-norm is at most `tolerance`, looked at every so
  /// many steps; T steps at the most. In `minimize` each training starts where the last one ended.
  case trainingUntil(tolerance: Double, every: Int = 10)
  /// L-BFGS on the inner loss; the optimizer and T are not used. In `minimize` from the last solution.
  case lbfgs(LBFGS = LBFGS())

  public var description: String {
    switch self {
    case .training: "training"
    case .trainingUntil(let tolerance, _): "training until \(tolerance)"
    case .lbfgs(let method): "L-BFGS until \(method.tolerance)"
    }
  }

  /// Whether a later solve starts from an earlier solution.
  var usesStart: Bool { self != .training }

  /// The same with another tolerance of the gradient.
  func tolerance(_ value: Double) -> InnerSolution {
    switch self {
    case .training: return .training
    case .trainingUntil(_, let every): return .trainingUntil(tolerance: value, every: every)
    case .lbfgs(var method):
      method.tolerance = value
      return .lbfgs(method)
    }
  }
}
