internal import OuterloopNumerics

/// The direct term alone: g = dE/dlambda at fixed s_T.
///
/// Identically zero when the outer loss does not read lambda (learning rates, decays, example
/// weights), and refused then.
///
/// Time: T steps, no products. Memory: two states.
struct FirstOrder: IndependentMethod {
  var description: String { "firstOrder" }

  var needsSecondDerivatives: Bool { false }

  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .none, memory: .constant,
      exact: .limit("training that lambda has no part in"))
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard problem.outerUses.contains(true) else {
      throw refused(
        "the outer loss does not touch any hyperparameter, so the answer is always 0",
        "use reverse, forward, truncated or oneStep")
    }
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try run.train()
    let loss = try run.outer()
    return try run.result(
      loss: loss, programs: [run.problem.stepProgram(), run.problem.outerProgram()])
  }
}
