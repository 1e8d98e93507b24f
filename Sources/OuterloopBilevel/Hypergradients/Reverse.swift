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
/// adjoint, (T + 2) S; state tensors that no product reads are not kept.
struct Reverse {
  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let steps = problem.steps
    let states = run.states(steps + 1, kept: try run.readByAdjoint())
    try run.begin(at: states.pointers(0))
    try run.stepThrough(states)
    run.cost.steps = steps
    run.end = states.pointers(steps)
    let (loss, _, _) = try run.outer()
    run.countAdjoint()
    try run.beginReverse()
    try run.adjointThrough(states)
    try run.finishReverse()
    return try run.result(
      loss: loss,
      stages: [problem.stepStage(), problem.adjointStage(), problem.outerStage()])
  }
}
