internal import OuterloopNumerics

/// SOBA (Dagreou, Ablin, Vaiter and Moreau 2022, Eq. 5 to 7): the weights z, the solution v of the
/// linear system of implicit differentiation and lambda move at once, each along a direction that is
/// a sum over data,
///
///     z <- update(z, grad_w L)
///     v <- v - r (H v + grad_w E)
///     g  = grad_lambda E + N v
///
/// all at the same old (z, v, lambda), on fresh minibatches. Then v tends to -H^-1 grad_w E, and g to
/// the implicit hypergradient. On minibatches constant steps stall at a noise floor; let r, the rate
/// of the optimizer and that of the outer loop decrease, or use `SABA`. The inner loss must be
/// strongly convex along the way, else v runs away.
///
/// In an outer loop lambda moves after every step, and one training goes on throughout: the weights
/// where it ends are those where the next starts. The loss reported is E at the old point. In a window
/// of several steps, g is that of the last. As a single hypergradient at fixed lambda: T joint steps
/// from (s_0, 0), then the direction at (s_T, v_T), on the data of step T.
///
/// Where we differ: z moves by the problem's own optimizer rather than by gradient descent.
///
/// Time: a step is 1 product and 2 gradients, O(P + Q). Memory: 2 states, 2 v, and the directions.
struct SOBA: HypergradientMethod {
  let rate: StepSize

  var description: String { "soba(rate: \(rate))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try require(rate)
    _ = try problem.requireSeparateNumbers(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    JointUpdates(problem, try problem.requireSeparateNumbers(self), rate: rate)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: 1) }

  var needsSecondDerivatives: Bool { true }
}

extension TrainingSchedule {
  /// One training for all updates: after T steps it goes on from the weights that it has.
  static func throughout(every: Int) -> TrainingSchedule {
    .online(every: every, start: .reptile(rate: 1))
  }
}
