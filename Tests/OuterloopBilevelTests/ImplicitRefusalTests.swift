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

  static let estimators: [Estimator] = [.implicit(.dense), .implicit(.identity), .hoag()]

  @Test(arguments: estimators) func ratesOfTheOptimizer(_ estimator: Estimator) throws {
    let problem = Self.problem(
      optimizer: { .sgd(rate: .init($0[0])) }, loss: { w, h in (h[1] * w.square() - w).sum() })
    let text = message { try problem.check(estimator, at: Self.point) }
    #expect(text.contains("\(estimator) cannot differentiate"), "\(text)")
    #expect(text.contains("reads [0]: optimizer hyperparameters"), "\(text)")
    #expect(text.contains("use reverse"), "\(text)")
    #expect(message { _ = try problem.hypergradient(at: Self.point, by: estimator) } == text)
    // Without the rate among the hyperparameters there is nothing to refuse.
    let fine = Self.problem(loss: { w, h in ((h[0] + h[1]) * w.square() - w).sum() })
    try fine.check(estimator, at: Self.point)
  }

  /// A tensor that holds a rate and a decay cannot be answered for in part.
  @Test func mixedTensors() {
    let problem = Self.problem(
      optimizer: { .sgd(rate: .init($0[0])) },
      loss: { w, h in (h[0] * h[1] * w.square() - w).sum() })
    expectError("separate tensor") { try problem.check(.implicit(), at: Self.point) }
  }

  @Test(arguments: estimators) func initialWeights(_ estimator: Estimator) {
    let problem = Self.problem(
      start: { $0[0] * vector([1, 2]) }, loss: { w, h in (h[1] * w.square() - w).sum() })
    expectError("reads [0]", "initial weights", "use reverse or forward") {
      try problem.check(estimator, at: Self.point)
    }
    expectError("moves only the point where training starts") {
      try problem.check(.fixedPoint(), at: Self.point)
    }
  }

  @Test func readNowhere() {
    let problem = Self.problem(loss: { w, h in (h[1] * w.square() - w).sum() })
    for estimator in Self.estimators + [.fixedPoint()] {
      expectError("reads [0]", "from the hyper") { try problem.check(estimator, at: Self.point) }
    }
    let direct = Self.problem(outer: { w, h in (w - h[0] * h[1]).square().sum() })
    expectError("does not move", "firstOrder") { try direct.check(.implicit(), at: Self.point) }
  }

  /// At a fixed point a rate multiplies a gradient of 0; decoupled decay does not.
  @Test(arguments: [
    Optimizer.sgd(rate: 0.1), .momentum(rate: 0.1, momentum: 0.5), .adam(rate: 0.1),
    .rmsProp(rate: 0.1),
  ])
  func ratesAtFixedPoints(_ optimizer: Optimizer) throws {
    let rates: [@Sendable ([Tensor]) -> Optimizer] = [
      { .sgd(rate: .init($0[0])) }, { .momentum(rate: 0.1, momentum: .init($0[0])) },
      { .adam(rate: .init($0[0]), epsilon: 0.1) }, { .rmsProp(rate: .init($0[0]), epsilon: 0.1) },
    ]
    for make in rates {
      let problem = Self.problem(
        optimizer: make, loss: { w, h in (h[1] * w.square() - w).sum() })
      expectError("[0] only scales how training approaches") {
        try problem.hypergradient(at: Self.point, by: .fixedPoint())
      }
    }
    let decay = Self.problem(
      optimizer: { .adamW(rate: 0.1, epsilon: 0.1, decay: .init($0[0])) },
      loss: { w, h in (h[1] * w.square() - w).sum() })
    _ = try decay.hypergradient(at: Self.point, by: .fixedPoint())
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
      expectError("\(estimator) cannot differentiate", expected) {
        try problem.check(estimator, at: Self.point)
      }
    }
    // Settings that reach the solvers.
    for estimator in [
      Estimator.implicit(.cg(StoppingRule(relative: -1))), .implicit(.gmres(restart: 0)),
      .implicit(.nystrom(rank: 0), damping: 1), .implicit(inner: .lbfgs(LBFGS(memory: 0))),
    ] {
      expectError("at least") { try problem.hypergradient(at: Self.point, by: estimator) }
    }
  }

  // MARK: - Larsen

  @Test func larsenNeedsExamples() throws {
    let full = Self.problem(loss: { w, h in ((h[0] + h[1]) * w.square() - w).sum() })
    expectError("each training example", "as a batch") {
      try full.check(.implicit(.larsen, damping: 1), at: Self.point)
    }
    expectError("damping above 0") { try full.check(.implicit(.larsen), at: Self.point) }
    let scalar = BilevelProblem<TrainingState<Tensor>, Tensor, Pair<Tensor, Tensor>>(
      steps: 3, batches: Batches { _ in Pair(vector([1, 2, 3]), number(1)) },
      weights: { _ in number(1) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h, b in (w * b.first - b.second).square().mean() + h * w.square() },
      outer: { w, _ in w.square() })
    expectError("do not agree in their first axis") {
      try scalar.check(.implicit(.larsen, damping: 1), at: number(0.1))
    }
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
    _ = try problem { $0.mean() }.hypergradient(at: number(0.1), by: estimator)
    for reduce in [{ @Sendable in $0.sum() }, { @Sendable in $0.square().mean().square() }]
      as [@Sendable (Tensor) -> Tensor]
    {
      expectError("is not the mean") {
        try problem(reduce).hypergradient(at: number(0.1), by: estimator)
      }
    }
  }

  // MARK: - Problems

  @Test func stepsWithoutALoss() {
    let problem = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, initial: { _ in number(1) }, step: { s, h, _, _ in s - h * s }),
      outer: { s, _ in s.square() })
    for estimator in Self.estimators {
      expectError("whose loss is not known") { try problem.check(estimator, at: number(0.1)) }
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
    expectError("optimizer's buffers") { try problem.check(.implicit(), at: number(0.1)) }
  }

  /// A loss without a minimum, and one that is not finite, are errors that say so.
  @Test func unsolvableInnerProblems() {
    let falling = Self.problem(loss: { w, h in ((h[0] + h[1]) * w).sum() })
    expectError("unbounded", "regularizer") {
      try falling.hypergradient(at: Self.point, by: .implicit(inner: .lbfgs()))
    }
    let logs = Self.problem(loss: { w, h in ((h[0] + h[1]) * log(w - 5)).sum() })
    expectError("non-finite") {
      try logs.hypergradient(at: Self.point, by: .implicit(inner: .lbfgs()))
    }
    let diverging = Self.problem(
      optimizer: { _ in .sgd(rate: 1e4) },
      loss: { w, h in ((h[0] + h[1]) * w.square().square()).sum() })
    for estimator in [Estimator.implicit(.dense), .fixedPoint()] {
      expectError("became non-finite at step") {
        try diverging.hypergradient(at: Self.point, by: estimator)
      }
    }
  }
}
