internal import OuterloopNumerics

/// Truncated reverse mode (Shaban et al. 2019): the loop of `Reverse` stopped after K terms,
///
///     g = dE/dlambda + sum over the last K steps of  a_T A_T ... A_{t+1} B_t.
///
/// K = T is exact; K = 1 is the one-step method (Luketina et al. 2016), with the true step size and
/// the derivative of the optimizer itself. The bias is O((1 - eta m)^K) for an m-strongly convex
/// loss, and short horizons pull learning rates down.
///
/// Time: T steps, K products. Memory: K + 1 states and one adjoint.
struct TruncatedReverse: IndependentMethod {
  /// K
  let horizon: Int

  var description: String { "truncated(\(horizon))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard horizon >= 1 else {
      throw refused("\(horizon) steps were asked for", "use 1...\(steps), or firstOrder")
    }
    try problem.requireInitialState(seenBy: self, lastSteps: horizon, of: steps)
    try problem.requireTrajectoryMemory(of: self, states: Swift.min(horizon, steps) + 1)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let total = run.steps
    let kept = Swift.min(horizon, total)
    let isWhole = kept == total
    // A ring: the last K + 1 states.
    let states = try run.states(kept + 1)
    try run.begin(at: states[0])
    for t in 1...total { try run.step(t, from: states[t - 1], to: states[t]) }
    run.cost.steps = total
    run.end = states[total]
    let loss = try run.outer()
    run.countAdjoint()
    for t in stride(from: total, to: total - kept, by: -1) {
      try run.adjointStep(t, at: states[t - 1])
    }
    if isWhole { try run.finishReverse() }
    run.cost.keptBytes = try problem.keptTypes().byteCount
    return try run.result(loss: loss, programs: problem.reversePrograms())
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .lastSteps, memory: .lastStates, exact: .limit("horizon of T"))
  }
}

extension CompiledProblem {
  /// The programs of reverse mode whose steps keep no products.
  func reversePrograms() throws -> [BoundProgram] {
    let kept = try keptTypes().isEmpty ? [] : [keptProgram()]
    return try [stepProgram(), adjointProgram(), outerProgram()] + kept
  }
}
