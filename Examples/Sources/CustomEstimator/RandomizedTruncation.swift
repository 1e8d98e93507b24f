import Foundation
import Outerloop

/// Reverse mode that goes back a random number of steps (Beatson and Adams 2019): after each step back
/// it goes on with probability q, and then counts what is left for 1/q times as much,
///
///     g = dE/dlambda + sum_{k=1...K} q^-(k-1) a_T A_T ... A_{T-k+2} B_{T-k+1},   P(K >= k) = q^(k-1)
///
/// so that the mean over K is the whole hypergradient, where a fixed horizon would be biased.
///
/// Time: T steps and K products, 1 / (1 - q) of them in the mean. Memory: K + 1 states.
struct RandomizedTruncation: HypergradientMethod {
  /// q
  let survival: Double
  let seed: UInt64

  var description: String { "randomizedTruncation(survival: \(survival))" }
  var schedule: TrainingSchedule { .restarted }
  var needsSecondDerivatives: Bool { true }
  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .lastSteps, memory: .lastStates,
      exact: survival == 1 ? .always : .limit("the mean of many draws"))
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard survival > 0, survival <= 1 else {
      throw refused("it goes on with probability \(survival)", "use a number in 0...1, not 0")
    }
  }

  func run(_ run: Run) throws -> EstimatorResult { try hypergradient(run, draw: 0) }

  func session(_ problem: CompiledProblem) -> any HypergradientSession { Draws(method: self) }

  fileprivate func hypergradient(_ run: Run, draw: UInt64) throws -> EstimatorResult {
    // K is drawn first, so that only the states it reaches are kept. Beyond T lies the initial state.
    let uniform = try RandomKey(seed: seed, index: draw).uniform([1], dtype: .float64).doubles()[0]
    let most = Double(run.steps + 1)
    let drawn = survival == 1 ? most : min(most, 1 + (log(uniform) / log(survival)).rounded(.down))
    let horizon = min(Int(drawn), run.steps)
    // As many states as are read again; the places of older ones are taken by later ones.
    let states = try run.states(horizon + 1)
    try run.begin(at: states[0])
    for t in 1...run.steps { try run.step(t, from: states[t - 1], to: states[t]) }
    run.cost.steps = run.steps
    run.end = states[run.steps]
    let loss = try run.outer()
    run.countAdjoint()
    for k in 1...horizon {
      let t = run.steps - k + 1
      try run.adjointStep(t, at: states[t - 1])
      run.adjoint.scale(by: 1 / survival)
    }
    if Int(drawn) > run.steps { try run.finishReverse() }
    return try run.result(loss: loss)
  }

  /// Another draw for every update of lambda.
  private final class Draws: HypergradientSession {
    private let method: RandomizedTruncation
    private var draws: UInt64 = 0

    init(method: RandomizedTruncation) { self.method = method }

    func hypergradient(_ run: Run) throws -> EstimatorResult {
      draws += 1
      return try method.hypergradient(run, draw: draws)
    }
    func beginTraining(at hyper: [Tensor], over window: Window) {}
    func finishTraining(_ run: Run) throws { try run.train() }
    func stepWasRejected() {}
    var seesInitialState: Bool { false }
  }
}

extension Estimator {
  static func randomizedTruncation(survival: Double, seed: UInt64 = 0) -> Estimator {
    Estimator(RandomizedTruncation(survival: survival, seed: seed))
  }
}
