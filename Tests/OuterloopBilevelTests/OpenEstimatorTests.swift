import OuterloopBilevel
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Estimators from outside of the package, by what is public alone.
@Suite struct OpenEstimatorTests {
  /// Every k-th step by itself, each with the adjoint that reverse mode has there: a part of reverse
  /// mode, and the whole of it for k = 1.
  private struct EveryFew: IndependentMethod {
    let k: Int
    var description: String { "everyFew(\(k))" }
    var needsSecondDerivatives: Bool { true }
    var properties: EstimatorProperties {
      .init(
        .exact, products: .everyStep, memory: .trajectory,
        exact: k == 1 ? .always : .limit("k = 1"))
    }

    func refuse(_ problem: CompiledProblem, steps: Int) throws {
      guard k >= 1, k <= problem.steps else { throw refused("k is \(k)", "use 1...\(steps)") }
    }

    func run(_ run: Run) throws -> EstimatorResult {
      let states = try run.states(run.steps + 1)
      try run.begin(at: states[0])
      for t in 1...run.steps { try run.step(t, from: states[t - 1], to: states[t]) }
      run.cost.steps = run.steps
      run.end = states[run.steps]
      let loss = try run.outer()
      run.countAdjoint()
      let kept = run.sum.copied()
      for t in stride(from: run.steps, through: 1, by: -1) {
        try kept.set(to: run.sum)
        try run.adjointStep(t, at: states[t - 1])
        if (run.steps - t) % k != 0 { try run.sum.set(to: kept) }
      }
      try run.finishReverse()
      return try run.result(loss: loss)
    }
  }

  @Test(arguments: HypergradientTableTests.everyThird)
  func sameBitsAsReverse(_ test: HypergradientCase) throws {
    let own = Estimator(EveryFew(k: 1))
    let exact = try test.hypergradient(by: .reverse)
    let answer = try test.hypergradient(by: own)
    try HypergradientLaws.requireSame(answer.gradient, exact.gradient, "\(test): the gradient")
    try HypergradientLaws.requireSame(answer.state, exact.state, "\(test): the final state")
    try HypergradientLaws.checkExactness(test, of: own)
    #expect(answer.cost.products == exact.cost.products && answer.cost.workspaceBytes > 0)
    if !test.movesInitialState {
      let last = try test.hypergradient(by: Estimator(EveryFew(k: test.steps)))
      let truncated = try test.hypergradient(by: .truncated(1))
      try HypergradientLaws.requireSame(last.gradient, truncated.gradient, "\(test): the last")
    }
  }

  @Test func values() throws {
    #expect(Estimator(EveryFew(k: 2)) == Estimator(EveryFew(k: 2)))
    #expect(Estimator(EveryFew(k: 2)) != Estimator(EveryFew(k: 3)))
    #expect(Estimator(EveryFew(k: 2)) != .reverse && Estimator.reverse == .reverse)
    #expect(Set([Estimator.reverse, .forward, .greedy(gamma: 1), .reverse]).count == 3)
    let test = HypergradientTableTests.rows[0]
    expectError("everyFew(0) cannot differentiate", as: BilevelError.self) {
      try test.hypergradient(by: Estimator(EveryFew(k: 0)))
    }
  }
}
