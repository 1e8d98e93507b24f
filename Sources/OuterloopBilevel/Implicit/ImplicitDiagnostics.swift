public import OuterloopLearning
public import OuterloopNumerics

/// Diagnostics of an implicit hypergradient: how close w* is to a solution of the inner problem, and q
/// to one of the linear system.
public struct ImplicitDiagnostics: Sendable, Hashable {
  /// |grad_w L| at w*, on the batches of the method; the bias is of its order. In the fixed-point form
  /// |Phi(s*) - s*|.
  public var stationarity: Double
  /// The tolerance for w*; nil for a fixed number of steps.
  public var innerTolerance: Double?
  /// How L-BFGS ended; nil for training steps.
  public var innerOutcome: MinimizationOutcome?
  /// Steps of L-BFGS, or of training.
  public var innerIterations: Int
  /// Evaluations of the inner loss's gradient on the way to w*, per batch.
  public var innerGradients: Int
  /// `|b - (H + rho I) q| / |b|` with the true curvature, even for approximations of it.
  public var residual: Double
  /// A lower bound of the condition number of H + rho I, where the solver has one.
  public var condition: Double?
  /// Iterations of the solver; 0 for direct ones.
  public var iterations: Int
  /// How the linear solve ended.
  public var outcome: LinearSolution.Outcome

  init(inner: InnerEnd, stationarity: Double, solution: LinearSolution) {
    self.stationarity = stationarity
    innerTolerance = inner.tolerance
    innerOutcome = inner.outcome
    innerIterations = inner.iterations
    innerGradients = inner.gradients
    residual = solution.residual
    condition = solution.conditionEstimate
    iterations = solution.iterations
    outcome = solution.outcome
  }
}

/// How the solution for w* ended.
struct InnerEnd {
  var tolerance: Double?
  var outcome: MinimizationOutcome?
  var iterations = 0
  var gradients = 0
}
