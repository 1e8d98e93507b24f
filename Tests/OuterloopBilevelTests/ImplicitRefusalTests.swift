import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Implicit methods where they would answer with zero or nonsense: each refusal says why, and what to
/// do.
@Suite struct ImplicitRefusalTests {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>

  /// (rate, decay, start, outer): a hyperparameter for each place where one is read.
  private static func problem(
    optimizer: @escaping @Sendable ([Tensor]) -> Optimizer = { _ in .sgd(rate: 0.1) },
    start: @escaping @Sendable ([Tensor]) -> Tensor = { _ in vector([1, 2]) },
    loss: @escaping @Sendable (Tensor, [Tensor]) -> Tensor = { w, _ in w.square().sum() },
    outer: @escaping @Sendable (Tensor, [Tensor]) -> Tensor = { w, _ in (w - 1).square().sum() }
  ) -> Problem {
    BilevelProblem(
      steps: 30, weights: { start($0) }, optimizer: { h, _ in optimizer(h) }, loss: loss,
      outer: outer)
  }

  private static let point = [number(0.1), number(0.3)]

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  static let estimators: [Estimator] = [.implicit(.dense), .implicit(.identity), .hoag()]

  @Test(arguments: estimators) func ratesOfTheOptimizer(_ estimator: Estimator) {
    let problem = Self.problem(
      optimizer: { .sgd(rate: .init($0[0])) }, loss: { w, h in (h[1] * w.square() - w).sum() })
    let text = message { try problem.check(estimator, at: Self.point) }
    #expect(text.contains("\(estimator) cannot differentiate"), "\(text)")
    #expect(text.contains("reads [0]: numbers of the optimizer"), "\(text)")
    #expect(text.contains("use reverse"), "\(text)")
    #expect(message { _ = try problem.hypergradient(at: Self.point, by: estimator) } == text)
    // Without the rate among the hyperparameters there is nothing to refuse.
    let fine = Self.problem(loss: { w, h in ((h[0] + h[1]) * w.square() - w).sum() })
    #expect(message { try fine.check(estimator, at: Self.point) } == "nothing was thrown")
  }

  /// A tensor that holds a rate and a decay cannot be answered for in part.
  @Test func mixedTensors() {
    let problem = Self.problem(
      optimizer: { .sgd(rate: .init($0[0])) },
      loss: { w, h in (h[0] * h[1] * w.square() - w).sum() })
    let text = message { try problem.check(.implicit(), at: Self.point) }
    #expect(text.contains("tensor of their own"), "\(text)")
  }

  @Test(arguments: estimators) func initialWeights(_ estimator: Estimator) {
    let problem = Self.problem(
      start: { $0[0] * vector([1, 2]) }, loss: { w, h in (h[1] * w.square() - w).sum() })
    let text = message { try problem.check(estimator, at: Self.point) }
    #expect(text.contains("reads [0]") && text.contains("initial weights"), "\(text)")
    #expect(text.contains("use reverse or forward"), "\(text)")
    let fixed = message {
      try problem.check(.fixedPoint(), at: Self.point)
    }
    #expect(fixed.contains("moves only the point where training starts"), "\(fixed)")
  }

  @Test func readNowhere() {
    let problem = Self.problem(loss: { w, h in (h[1] * w.square() - w).sum() })
    for estimator in Self.estimators + [.fixedPoint()] {
      let text = message { try problem.check(estimator, at: Self.point) }
      #expect(text.contains("reads [0]") && text.contains("out of the hyper"), "\(text)")
    }
    let direct = Self.problem(outer: { w, h in (w - h[0] * h[1]).square().sum() })
    let text = message { try direct.check(.implicit(), at: Self.point) }
    #expect(text.contains("does not move") && text.contains("firstOrder"), "\(text)")
  }

  /// At a fixed point a rate multiplies a gradient of 0; decoupled decay does not.
  @Test(arguments: [
    Optimizer.sgd(rate: 0.1), .momentum(rate: 0.1, momentum: 0.5), .adam(rate: 0.1),
    .rmsProp(rate: 0.1),
  ])
  func ratesAtFixedPoints(_ optimizer: Optimizer) {
    let rates: [@Sendable ([Tensor]) -> Optimizer] = [
      { .sgd(rate: .init($0[0])) }, { .momentum(rate: 0.1, momentum: .init($0[0])) },
      { .adam(rate: .init($0[0]), epsilon: 0.1) }, { .rmsProp(rate: .init($0[0]), epsilon: 0.1) },
    ]
    for make in rates {
      let problem = Self.problem(
        optimizer: make, loss: { w, h in (h[1] * w.square() - w).sum() })
      let text = message { _ = try problem.hypergradient(at: Self.point, by: .fixedPoint()) }
      #expect(text.contains("[0] only scales how training comes"), "\(text)")
    }
    let decay = Self.problem(
      optimizer: { .adamW(rate: 0.1, epsilon: 0.1, decay: .init($0[0])) },
      loss: { w, h in (h[1] * w.square() - w).sum() })
    #expect(
      message { _ = try decay.hypergradient(at: Self.point, by: .fixedPoint()) }
        == "nothing was thrown")
  }

  @Test func numbersOutOfRange() {
    let problem = Self.problem(loss: { w, h in ((h[0] + h[1]) * w.square() - w).sum() })
    let cases: [(Estimator, String)] = [
      (.implicit(damping: -1), "at least 0"), (.implicit(damping: .nan), "at least 0"),
      (.implicit(batches: 0), "use 1...16777216"),
      (.implicit(.neumann(terms: 0, step: 1)), "use 1...16777216"),
      (.implicit(.neumann(terms: 3, step: 0)), "largest eigenvalue"),
      (.implicit(.nystrom(rank: 2)), "damping above 0"),
      (.implicit(inner: .trainingUntil(tolerance: -1)), "finite number"),
      (.implicit(inner: .trainingUntil(tolerance: 1, every: 0)), "1 or more"),
      (.fixedPoint(batches: 0), "use 1...30"), (.fixedPoint(batches: 31), "use 1...30"),
      (.fixedPoint(tolerance: .nan), "finite number"),
      (.fixedPoint(.neumann(terms: 0)), "use 1...16777216"),
      (.hoag(.quadratic(initial: 0)), "start above 0"),
      (.hoag(.quadratic(initial: 1e-3, floor: 1)), "start above 0"),
      (.hoag(.exponential(factor: 1)), "factor in (0, 1)"),
      (.hoag(inner: .training), "trainingUntil"),
      (.hoag(solver: .neumann(terms: 4, step: 0.1)), "use cg, minres or dense"),
      (.hoag(solver: .identity), "use cg, minres or dense"),
    ]
    for (estimator, expected) in cases {
      let text = message { try problem.check(estimator, at: Self.point) }
      #expect(text.contains("\(estimator) cannot differentiate"), "\(text)")
      #expect(text.contains(expected), "\(text)")
    }
    // Settings that reach the solvers.
    for estimator in [
      Estimator.implicit(.cg(StoppingRule(relative: -1))), .implicit(.gmres(restart: 0)),
      .implicit(.nystrom(rank: 0), damping: 1), .implicit(inner: .lbfgs(LBFGS(memory: 0))),
    ] {
      let text = message { _ = try problem.hypergradient(at: Self.point, by: estimator) }
      #expect(text.contains("at least"), "\(text)")
    }
  }

  // MARK: - Larsen

  @Test func larsenNeedsExamples() throws {
    let full = Self.problem(loss: { w, h in ((h[0] + h[1]) * w.square() - w).sum() })
    let text = message { try full.check(.implicit(.larsen, damping: 1), at: Self.point) }
    #expect(text.contains("each training example") && text.contains("as a batch"), "\(text)")
    #expect(
      message { try full.check(.implicit(.larsen), at: Self.point) }.contains("damping above 0"))
    let scalar = BilevelProblem<TrainingState<Tensor>, Tensor, Pair<Tensor, Tensor>>(
      steps: 3, batches: Batches { _ in Pair(vector([1, 2, 3]), number(1)) },
      weights: { _ in number(1) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h, b in (w * b.first - b.second).square().mean() + h * w.square() },
      outer: { w, _ in w.square() })
    let uneven = message {
      try scalar.check(.implicit(.larsen, damping: 1), at: number(0.1))
    }
    #expect(uneven.contains("do not agree in their first axis"), "\(uneven)")
  }

  /// A sum over the batch, or a loss in which examples meet, is no mean of single losses.
  @Test func larsenNeedsMeans() throws {
    func problem(
      _ reduce: @escaping @Sendable (Tensor) -> Tensor
    ) -> BilevelProblem<TrainingState<Tensor>, Tensor, Tensor> {
      BilevelProblem(
        steps: 3, batches: Batches { _ in vector([1, 2, 3]) }, weights: { _ in number(1) },
        optimizer: { _, _ in .sgd(rate: 0.01) },
        loss: { w, h, x in reduce((w * x - 1).square()) + h * w.square() },
        outer: { w, _ in w.square() })
    }
    let estimator = Estimator.implicit(.larsen, damping: 1)
    let fine = message {
      _ = try problem { $0.mean() }.hypergradient(at: number(0.1), by: estimator)
    }
    #expect(fine == "nothing was thrown", "\(fine)")
    for reduce in [{ @Sendable in $0.sum() }, { @Sendable in $0.square().mean().square() }]
      as [@Sendable (Tensor) -> Tensor]
    {
      let text = message {
        _ = try problem(reduce).hypergradient(at: number(0.1), by: estimator)
      }
      #expect(text.contains("is not the mean"), "\(text)")
    }
  }

  // MARK: - Problems

  @Test func stepsWithoutALoss() {
    let problem = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, initial: { _ in number(1) }, step: { s, h, _, _ in s - h * s }),
      outer: { s, _ in s.square() })
    for estimator in Self.estimators {
      let text = message { try problem.check(estimator, at: number(0.1)) }
      #expect(text.contains("whose loss is not known"), "\(text)")
    }
  }

  /// An outer loss that reads the momentum.
  @Test func buffersInTheOuterLoss() {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, weights: { _ in number(1) },
        optimizer: { _, _ in .momentum(rate: 0.1, momentum: 0.5) },
        loss: { w, h, _ in h * w.square() - w }),
      outer: { s, _ in s.weights + s.slots[0] })
    let text = message { try problem.check(.implicit(), at: number(0.1)) }
    #expect(text.contains("optimizer's buffers"), "\(text)")
  }

  /// A loss without a minimum, and one that is not finite, are errors that say so.
  @Test func unsolvableInnerProblems() {
    let falling = Self.problem(loss: { w, h in ((h[0] + h[1]) * w).sum() })
    let text = message {
      _ = try falling.hypergradient(at: Self.point, by: .implicit(inner: .lbfgs()))
    }
    #expect(text.contains("unbounded") && text.contains("regularizer"), "\(text)")
    let logs = Self.problem(loss: { w, h in ((h[0] + h[1]) * log(w - 5)).sum() })
    let bad = message { _ = try logs.hypergradient(at: Self.point, by: .implicit(inner: .lbfgs())) }
    #expect(bad.contains("non-finite"), "\(bad)")
    let diverging = Self.problem(
      optimizer: { _ in .sgd(rate: 1e4) },
      loss: { w, h in ((h[0] + h[1]) * w.square().square()).sum() })
    for estimator in [Estimator.implicit(.dense), .fixedPoint()] {
      let text = message { _ = try diverging.hypergradient(at: Self.point, by: estimator) }
      #expect(text.contains("became non-finite at step"), "\(text)")
    }
  }
}
