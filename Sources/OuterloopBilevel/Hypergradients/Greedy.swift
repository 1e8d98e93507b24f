internal import OuterloopNumerics

/// Generalized greedy hypergradient: every step of the window contributes lambda's immediate effect
/// through it, judged by the outer loss right after it,
///
///     x_t = gamma x_{t-1} + grad E(w_t) B_t,   t = 1...T;      g = dE/dlambda(w_T) + x_T
///
/// that is `sum_t gamma^(T-t) grad E(w_t) B_t`, accumulated while the model trains, so nothing of the
/// trajectory is kept. gamma = 0 is the one-step method; gamma = 1 - eta c is exact where the inner
/// Hessian is c I and E is linear.
///
/// A method for warm starts and online runs: each term uses the gradient of E at its own w_t, so a
/// stationary point of E(w_T(lambda)) is in general not one of the method, and under cold restarts
/// it can settle elsewhere. gamma also scales the length of g: compare at normalised steps.
///
/// Source: the generalized greedy gradient (Eq. 6 of the paper). We include the direct term, the
/// optimizer's own derivative (momentum, Adam), and fresh batches for every term.
///
/// Time: T steps, T products and T gradients of E. Memory: O(P + Q), whatever T.
struct Greedy: IndependentMethod {
  let gamma: Double

  var description: String { "greedy(gamma: \(gamma))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard gamma >= 0, gamma <= 1 else {
      throw refused("gamma is \(gamma)", "use a number in 0...1; 0 is oneStep")
    }
    try problem.requireInitialEffect(of: self, steps: steps)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    run.cost.products = run.steps
    return try run.local(run.problem.lastEffectProgram(), from: 1, gamma: gamma)
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .everyStep, memory: .constant,
      exact: .limit("inner Hessian c I, gamma = 1 - eta c, and E linear"))
  }
}
