import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// A result that is not finite is an error that says what went wrong, and when.
@Suite struct NonFiniteTests {
  struct Weights: Structure {
    var first, second: Tensor
    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows {
      try first.visit(path + ".first", body)
      try second.visit(path + ".second", body)
    }
  }

  static let estimators: [Estimator] = [
    .reverse, .forward, .oneStep, .truncated(30), .reverse(memory: 1 << 20),
  ]

  /// w_2 is multiplied by 1e100 each step; the fourth product overflows.
  @Test(arguments: estimators) func absurdRate(_ estimator: Estimator) throws {
    let problem = BilevelProblem<TrainingState<Weights>, Tensor, NoTensors>(
      steps: 40, weights: { _ in Weights(first: number(1), second: number(1)) },
      optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _ in 0.5 * w.second.square() + 0.5e-100 * w.first.square() },
      outer: { w, _ in (w.first + w.second).sum() })
    let error = #expect(throws: BilevelError.self) {
      try problem.hypergradient(at: number(1e100), by: estimator)
    }
    guard case .nonFinite(let tensor, let step, let steps, let hint) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(tensor == "weights.second")
    #expect(step == 4)
    #expect(steps == 40)
    #expect(hint.contains("learning rate"))
    expectError("weights.second became non-finite at step 4 of 40", as: BilevelError.self) {
      try problem.solve(at: number(1e100))
    }
    // A good rate answers on the same problem.
    #expect(try problem.hypergradient(at: number(0.1), by: estimator).loss.isFinite)
  }

  @Test func badInitialState() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 3, weights: { h in log(h) * vector([1, 1]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, _ in w.square().sum() }, outer: { w, _ in w.sum() })
    expectError("step 0 of 3", "initial state", as: BilevelError.self) {
      try problem.hypergradient(at: number(-1))
    }
  }

  @Test func badBatch() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>(
      steps: 5, batches: Batches { step in vector([step == 2 ? .nan : 1]) },
      weights: { _ in vector([1]) }, optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _, x in (w * x).square().sum() }, outer: { w, _ in w.sum() })
    expectError("weights became non-finite at step 3 of 5", as: BilevelError.self) {
      try problem.hypergradient(at: number(0.1))
    }
  }

  @Test(arguments: estimators) func badOuterLoss(_ estimator: Estimator) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 40, weights: { _ in number(-1) }, optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _ in w.square() }, outer: { w, _ in log(w) })
    expectError("the outer loss is non-finite after 40 steps", as: BilevelError.self) {
      try problem.hypergradient(at: number(0.1), by: estimator)
    }
  }

  /// E = sqrt(w) at w = 0: the value is fine and the derivative is not.
  @Test(arguments: estimators) func badDerivative(_ estimator: Estimator) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 40, weights: { _ in number(0) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h * w.square() }, outer: { w, _ in sqrt(w.square()) })
    expectError("the hypergradient of lambda is non-finite", "sqrt at 0", as: BilevelError.self) {
      try problem.hypergradient(at: number(0.1), by: estimator)
    }
    #expect(try problem.solve(at: number(0.1)).loss == 0)
  }

  /// A state without names, and real-time updates.
  @Test func anyState() throws {
    let problem = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 9, batches: .full, initial: { _ in number(1) }, step: { s, h, _, _ in s * h }),
      outer: { s, _ in s })
    expectError("the state became non-finite at step 6 of 9", as: BilevelError.self) {
      try problem.hypergradient(at: number(1e60))
    }
    expectError("at step 6 of 9", as: BilevelError.self) {
      try problem.minimize(
        from: number(1e60), by: .realTime(every: 2), with: OuterLoop(.sgd(rate: 0)))
    }
  }
}
