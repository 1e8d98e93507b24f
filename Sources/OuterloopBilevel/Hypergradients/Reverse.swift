internal import OuterloopNumerics

/// Reverse mode on the stored trajectory (Maclaurin et al. 2015; Franceschi et al. 2017, Alg. 1):
///
///     a = dE/ds(s_T);  g = dE/dlambda(s_T)                    (the direct term)
///     for t = T...1:   g += a B_t;  a = a A_t                 (at s_{t-1}, on batch t)
///     g += a ds_0/dlambda
///
/// with A_t = dPhi_t/ds and B_t = dPhi_t/dlambda on the whole state: weights and buffers.
///
/// Time: T steps and T products, 2 to 4 times the training alone. Memory: T + 1 states and one
/// adjoint, (T + 2) S; state tensors that no adjoint step reads are not kept, and large products
/// that a step and its adjoint share (X W of the first layer) are, within a limit.
struct Reverse: HypergradientMethod {
  var description: String { "reverse" }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let steps = run.steps
    let states = run.states(steps + 1, kept: try run.readByAdjoint())
    try run.begin(at: states.pointers(0))
    let kept = try run.keptMemory()
    try run.stepThrough(states, keeping: kept)
    run.cost.steps = steps
    run.end = states.pointers(steps)
    let (loss, _, _) = try run.outer()
    run.countAdjoint()
    try run.beginReverse()
    try run.adjointThrough(states, kept: kept)
    try run.finishReverse()
    return try run.result(
      loss: loss,
      stages: [
        problem.stepStage(keeping: kept != nil), problem.adjointStage(), problem.outerStage(),
      ])
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try problem.requireTrajectoryMemory(of: self, states: steps + 1)
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    IndependentUpdates(method: self)
  }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }
}
