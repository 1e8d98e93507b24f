internal import OuterloopNumerics

/// The last step only (Luketina et al. 2016):
///
///     g = dE/dlambda(w_T) + grad E(w_T) B_T
///
/// with the true step size and the derivative of the optimizer itself (the paper's Eq. 3 leaves the
/// step size out). Equal to `truncated(1)`, by a program that computes only that.
///
/// Time: T steps, 1 product, 1 gradient of E. Memory: O(P + Q).
struct OneStep: IndependentMethod {
  var description: String { "oneStep" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try problem.requireInitialState(seenBy: self, lastSteps: 1, of: steps)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    // In a training of one step the initial state matters too.
    if run.problem.initialUses.contains(true) { return try TruncatedReverse(horizon: 1).run(run) }
    run.cost.products = 1
    return try run.local(run.problem.lastEffectProgram(), from: run.steps)
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(.shortHorizon, products: .one, memory: .constant, exact: .limit("T = 1"))
  }
}
