import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// What cannot be answered is refused with a reason and a remedy, and never answered by zero or
/// nonsense.
@Suite struct RefusalTests {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  private static func plain(
    steps: Int = 5,
    weights: @escaping @Sendable (Tensor) throws -> Tensor = { _ in vector([1, 2]) },
    outer: @escaping @Sendable (Tensor, Tensor) throws -> Tensor = { w, _ in w.square().sum() }
  ) -> Problem {
    BilevelProblem(
      steps: steps, weights: weights, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in 0.5 * (h * w.square()).sum() }, outer: outer)
  }

  // MARK: - Estimators

  @Test(arguments: [.oneStep, .truncated(1), .truncated(4)] as [Estimator])
  func shortHorizonsWithInitialWeights(_ estimator: Estimator) throws {
    let problem = Self.plain(weights: { $0 * vector([1, 2]) })
    let text = message { _ = try problem.hypergradient(at: number(0.3), by: estimator) }
    #expect(
      text.contains("\(estimator) cannot differentiate") && text.contains("use reverse"), "\(text)")
    #expect(message { try problem.check(estimator, at: number(0.3)) } == text)
    // A single step is the whole of a training of one step.
    let short = Self.plain(steps: 1, weights: { $0 * vector([1, 2]) })
    let one = try short.hypergradient(at: number(0.3), by: .oneStep)
    #expect(try one.gradient.flat == short.hypergradient(at: number(0.3)).gradient.flat)
  }

  @Test func firstOrderWithoutDirectTerm() throws {
    expectError("always 0", "use reverse") {
      try Self.plain().hypergradient(at: number(0.3), by: .firstOrder)
    }
    let direct = Self.plain(outer: { w, h in w.square().sum() + 3 * h })
    #expect(try direct.hypergradient(at: number(0.3), by: .firstOrder).gradient.item() == 3)
  }

  @Test(
    arguments: [.truncated(0), .truncated(-3), .realTime(every: 0), .realTime(every: -1)]
      as [Estimator])
  func numbersOutOfRange(_ estimator: Estimator) throws {
    expectError("use 1") { try Self.plain().check(estimator, at: number(0.3)) }
  }

  /// Tangents that would not fit are refused before anything is allocated.
  @Test func forwardBeyondTheMemoryLimit() throws {
    let size = 40_000
    let problem = Problem(
      steps: 2, weights: { _ in Tensor.zeros([size], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 0.1) }, loss: { w, h in (h * w.square()).sum() },
      outer: { w, _ in w.sum() })
    let hyper = Tensor.ones([size], dtype: .float64)
    for estimator in [Estimator.forward, .realTime(every: 1)] {
      expectError("40000 hyperparameters", "use reverse") {
        try problem.check(estimator, at: hyper)
      }
    }
    try problem.check(.reverse, at: hyper)
  }

  // MARK: - Problems

  @Test(arguments: [0, -1]) func noSteps(steps: Int) {
    expectError("needs 1...67108864 training steps") {
      try Self.plain(steps: steps).solve(at: number(0.3))
    }
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func nonFiniteHyper(value: Double) {
    for estimator in [Estimator.reverse, .forward, .oneStep] {
      expectError("hyperparameter lambda has a non-finite value") {
        try Self.plain().hypergradient(at: number(value), by: estimator)
      }
    }
    let named = BilevelProblem<TrainingState<Tensor>, NamedTensors, NoTensors>(
      steps: 2, weights: { _ in vector([1, 2]) },
      optimizer: { h, _ in .sgd(rate: .init(h["rate"])) },
      loss: { w, h in 0.5 * (h["decay"] * w.square()).sum() }, outer: { w, _ in w.sum() })
    expectError("decay") {
      try named.solve(at: NamedTensors(["rate": number(0.1), "decay": vector([1, value])]))
    }
  }

  @Test func integerHyperparameters() {
    expectError("floating") { try Self.plain().hypergradient(at: Tensor([Int32(3)])) }
  }

  @Test func noHyperparameters() {
    let problem = BilevelProblem<TrainingState<Tensor>, NoTensors, NoTensors>(
      steps: 2, weights: { _ in number(1) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, _ in w.square() }, outer: { w, _ in w })
    expectError("no hyperparameters") { try problem.hypergradient(at: NoTensors()) }
  }

  @Test func outerLossThatIsNoScalar() throws {
    let vectorial = Self.plain(outer: { w, _ in w.square() })
    expectError("scalar") { try vectorial.hypergradient(at: number(0.3)) }
    let whole = Self.plain(outer: { w, _ in w.sum().cast(to: .int32) })
    expectError("scalar") { try whole.hypergradient(at: number(0.3)) }
    // One element in any shape will do.
    let boxed = Self.plain(outer: { w, _ in w.square().sum().reshaped([1, 1]) })
    _ = try boxed.hypergradient(at: number(0.3))
  }

  @Test func innerLossThatIsNoScalar() {
    let problem = Problem(
      steps: 2, weights: { _ in vector([1, 2]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h * w.square() }, outer: { w, _ in w.sum() })
    expectError("scalar") { try problem.hypergradient(at: number(0.3)) }
  }

  @Test func batchesOfDifferentSizes() {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>(
      steps: 3,
      batches: Batches { step in vector([Double](repeating: 1, count: step < 2 ? 2 : 3)) },
      weights: { _ in number(1) }, optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _, x in (w * x).square().mean() }, outer: { w, _ in w })
    expectError("batch 2", "sizes must agree") { try problem.hypergradient(at: number(0.3)) }
  }

  @Test func stepThatChangesTypes() {
    func problem(
      _ step: @escaping @Sendable ([Tensor], Tensor) -> [Tensor]
    ) -> BilevelProblem<[Tensor], Tensor, NoTensors> {
      BilevelProblem(
        dynamics: InnerDynamics(
          steps: 3, batches: .full, initial: { _ in [vector([1, 2])] },
          step: { s, h, _, _ in step(s, h) }),
        outer: { s, _ in s[0].sum() })
    }
    for estimator in [Estimator.reverse, .forward] {
      func text(_ step: @escaping @Sendable ([Tensor], Tensor) -> [Tensor]) -> String {
        message { _ = try problem(step).hypergradient(at: number(0.3), by: estimator) }
      }
      #expect(text { s, h in [s[0].sum() * h] }.contains("must stay the same from call to call"))
      let cast = text { s, h in [(s[0] * h).cast(to: .float32)] }
      #expect(cast.contains("must stay the same from call to call"))
      #expect(text { s, h in s + [h] }.contains("must stay the same from call to call"))
      #expect(text { s, h in [s[0] * h] } == "nothing was thrown")
    }
  }

  @Test func shapesThatDoNotFit() throws {
    let problem = Problem(
      steps: 2, weights: { _ in vector([1, 2]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in (h * w).sum() }, outer: { w, _ in w.sum() })
    #expect(throws: TensorError.self) { try problem.hypergradient(at: vector([1, 2, 3])) }
    #expect(throws: TensorError.self) { try problem.hypergradient(at: Tensor(1)) }
    #expect(throws: TensorError.self) {
      try problem.hypergradient(at: vector([1]).reshaped([7]))
    }
    // After a refusal the problem still answers.
    _ = try problem.hypergradient(at: number(0.3))
  }

  @Test func batchIndicesOutOfRange() throws {
    let data = vector([1, 2, 3])
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>(
      steps: 2, batches: Batches { step in Tensor([Int32(step + 2)]) },
      weights: { _ in number(1) }, optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _, rows in (w - data.gathered(at: rows)).square().mean() }, outer: { w, _ in w })
    expectError("index 3", "0..<3") { try problem.hypergradient(at: number(0.3)) }
  }

  /// Names belong to the problem: the same types under other names are another problem.
  @Test func namesInAnotherOrder() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, NamedTensors, NoTensors>(
      steps: 3, weights: { _ in vector([1, 2]) },
      optimizer: { h, _ in .sgd(rate: .init(h["rate"])) },
      loss: { w, h in 0.5 * (h["decay"].square() * w.square()).sum() }, outer: { w, _ in w.sum() })
    let one = NamedTensors(["rate": number(0.1), "decay": number(0.7)])
    let two = NamedTensors(["decay": number(0.7), "rate": number(0.1)])
    let a = try problem.hypergradient(at: one)
    let b = try problem.hypergradient(at: two)
    #expect(a.loss == b.loss)
    #expect(try a.gradient["rate"].item() == b.gradient["rate"].item())
    #expect(try a.gradient["decay"].item() == b.gradient["decay"].item())
    #expect(abs(a.loss - 3 * 0.951 * 0.951 * 0.951) < 1e-14)
  }
}
