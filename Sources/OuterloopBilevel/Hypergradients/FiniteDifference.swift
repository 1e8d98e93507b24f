internal import OuterloopNumerics

/// The one-step hypergradient with a difference in place of the second derivative (DARTS, Liu et al.
/// 2019, Eq. 8): with `u` the adjoint of the inner gradient in the last step (-eta grad E(w_T) under
/// SGD),
///
///     e = radius / ||u||
///     N u  ~  [ grad_lambda L(w_{T-1} + e u) - grad_lambda L(w_{T-1} - e u) ] / (2 e)
///     g = dE/dlambda(w_T) + (a dupdate/dlambda) + N u
///
/// The weights are moved, never lambda, so two evaluations serve any number of hyperparameters. The
/// optimizer is differentiated exactly: momentum, decay and Adam enter `u`, and hyperparameters of
/// the optimizer itself are exact. The moved weights are copies: nothing drifts.
///
/// For losses that have first derivatives only, or to compare with work that uses it; `.oneStep` costs
/// as much and is exact. The error is O(e^2), and zero where grad_lambda L is at most quadratic in w.
///
/// Time: T steps, 1 gradient of E and 2 gradients of L by lambda. Memory: O(P + Q).
struct FiniteDifference: HypergradientMethod {
  /// The length of the move of the weights; DARTS takes 0.01.
  let radius: Double

  var description: String { "finiteDifference(radius: \(radius))" }

  var needsSecondDerivatives: Bool { false }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard radius > 0, radius.isFinite else {
      throw refused("a move of \(radius)", "use a positive length, such as 0.01")
    }
    _ = try problem.requireObjective(self)
    try problem.requireInitialEffect(of: self, steps: steps)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let objective = try run.problem.requireObjective(self)
    let stage = try run.problem.differenceStage(objective)
    let radius = Tensor([radius])
    return try withExtendedLifetime(radius) {
      try run.local(stage, from: run.steps, extra: [radius.memory])
    }
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    IndependentUpdates(method: self)
  }

  var schedule: TrainingSchedule { .restarted }
}
