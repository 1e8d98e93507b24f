import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Synchronization
import Testing

@testable import OuterloopBilevel

/// Reversible learning on every model and kind of hyperparameter, and what it refuses and detects.
@Suite struct ReversibleTests {
  static let momenta = [0.5, 0.9, 0.123456789, 0.99]

  struct Row: Sendable, CustomTestStringConvertible {
    var model: TrialModel
    var hyper: TrialHyper
    var momentum: Double
    var steps: Int
    var testDescription: String {
      "\(model.name) \(model.dtype), \(hyper), momentum \(momentum), \(steps) steps"
    }
  }

  /// Every model with every hyperparameter, the momenta taking turns.
  static let rows: [Row] = {
    let models = TrialModel.all(.float64) + [.rectified(.float64)]
    let double = models.enumerated().flatMap { number, model in
      TrialHyper.allCases.enumerated().map { index, hyper in
        Row(model: model, hyper: hyper, momentum: momenta[(number + index) % 4], steps: 6)
      }
    }
    let kinds: [TrialHyper] = [.several, .numbers, .exampleWeights, .rateOfEach, .initialScale]
    let single = zip(TrialModel.all(.float32), kinds).enumerated().map { number, pair in
      Row(model: pair.0, hyper: pair.1, momentum: momenta[number % 4], steps: 6)
    }
    // Long enough for the buffers to spill.
    let long = zip(momenta, [120, 400, 60, 3300]).map { momentum, steps in
      Row(model: .quadratic(.float64), hyper: .several, momentum: momentum, steps: steps)
    }
    return double + single + long
  }()

  static func optimizer(_ momentum: Double) -> TrialOptimizer {
    TrialOptimizer("momentum \(momentum)", [0.1 * (1 - momentum), momentum]) {
      .momentum(rate: $0[0], momentum: $0[1])
    }
  }

  @Test(arguments: rows) func equalsReverse(_ row: Row) throws {
    var test = try row.hyper.test(row.model, Self.optimizer(row.momentum), steps: row.steps)
    // A velocity is exact to 2^-36, which m = -v / (1 - b) shows enlarged.
    let rounding = row.steps > 6 ? 2e-8 : 2e-9
    test.agreement = row.model.dtype == .float64 ? rounding / (1 - row.momentum) : 2e-4
    try ReversibleLaws.check(test, momentum: row.momentum)
  }

  /// The momentum is the one that was asked for: in double precision hypergradients of 100 steps are
  /// those of reverse mode, by the momentum itself too, from decimals to numbers near 0 and 1.
  @Test(arguments: [
    0.9, 0.95, 0.99, 0.123456789, 1.0 / 3, 0.999, 0.9999, 0.99999, 1 - 1e-9, 0.5 + 1e-7, 0.1, 0.01,
    1e-3, 1e-5, 1e-7, 2.0.squareRoot() / 2,
  ]) func momentumAsAskedFor(_ momentum: Double) throws {
    let x = RandomKey(seed: 3).normal([12, 5], dtype: .float64)
    let y = RandomKey(seed: 4).normal([12], dtype: .float64)
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 100, weights: { _ in Tensor.zeros([5], dtype: .float64) },
      optimizer: { h, _ in .momentum(rate: .init(exp(h[1])), momentum: .init(h[2])) },
      loss: { w, h in
        Loss.squaredError(matmul(x, w), y) + (exp(h[0]) * (w.square() + w.square().square())).sum()
      },
      outer: { w, _ in (w - 0.3).square().sum() + w.square().square().sum() })
    let hyper = [vector([-3, -2, -4, -2.5, -3]), number(-5), number(momentum)]
    let answer = try problem.hypergradient(at: hyper, by: .reversible)
    let exact = try problem.hypergradient(at: hyper, by: .reverse)
    for (a, b) in zip(try answer.gradient.flat, try exact.gradient.flat) {
      #expect(abs(a / b - 1) < 1e-7, "\(a), \(b)")
    }
    #expect(deviation(try answer.gradient.flat, try exact.gradient.flat) < 1e-8)
    #expect(abs(answer.loss / exact.loss - 1) < 1e-9)
  }

  // MARK: - The same fixed-point run with its trajectory stored

  /// Reverse mode on the stored states of the fixed-point run: what reversible learning must equal.
  private struct Stored: IndependentMethod {
    var description: String { "stored fixed point" }
    var properties: EstimatorProperties { Reversible().properties }
    var needsSecondDerivatives: Bool { true }
    func refuse(_ problem: CompiledProblem, steps: Int) throws {}

    func run(_ run: Run) throws -> EstimatorResult {
      let ball = try run.problem.requireHeavyBall(self, remedy: "")
      let training = try ReversibleTraining(run, ball, for: self)
      var states: [[[Int64]]] = [Self.snapshot(training)]
      for t in 1...run.steps {
        try training.advance(t)
        states.append(Self.snapshot(training))
      }
      training.finish()
      let loss = try run.outer()
      run.finalCopy = run.finalState()
      for t in stride(from: run.steps, through: 1, by: -1) {
        try training.prepare(t)
        training.keepMomenta()
        for (index, tensor) in training.tensors.enumerated() {
          for (element, value) in states[t - 1][index].enumerated() {
            tensor.weights[element] = value
          }
          tensor.write(
            weights: training.state[index],
            momenta: training.state[training.tensors.count + index])
        }
        try training.adjointStep(t)
      }
      try run.finishReverse()
      return try run.result(loss: loss, programs: [])
    }

    /// w and v, side by side as they are stored.
    private static func snapshot(_ training: ReversibleTraining) -> [[Int64]] {
      training.tensors.map { tensor in (0..<(2 * tensor.count)).map { tensor.weights[$0] } }
    }
  }

  @Test(arguments: stride(from: 0, to: rows.count, by: 3).map { rows[$0] })
  func equalsTheStoredTrajectoryBitwise(_ row: Row) throws {
    let optimizer = Self.optimizer(row.momentum)
    let problem = try row.hyper.problem(row.model, optimizer, steps: row.steps)
    let hyper = row.hyper.start(row.model, optimizer, steps: row.steps)
    let answer = try problem.hypergradient(at: hyper, by: .reversible)
    let compiled = try problem.compiled(for: hyper)
    let stored = try compiled.lock.withLock { _ in
      try Stored().run(try Run(compiled, hyper: hyper))
    }
    try HypergradientLaws.requireSame(answer.gradient, stored.gradient, "the hypergradient")
    try HypergradientLaws.requireSame(answer.state.leaves, stored.state, "the final state")
    #expect(answer.loss == stored.loss)
  }

  // MARK: - Numbers that change by step or by weight

  /// A momentum and a rate for each step: heavy ball's path, by hand; and
  /// a rate for each weight. The derivatives are those of reverse mode there.
  @Test func schedules() throws {
    let steps = 9
    let momenta = (0..<steps).map { 0.3 + 0.07 * Double($0) }
    let rates = (0..<steps).map { 0.08 - 0.006 * Double($0) }
    let share = vector([1, 0.5, 2])
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: steps, weights: { $0[2] },
      optimizer: { h, time in
        .momentum(
          rate: .init(Schedule.perStep(h[0], time) * h[3]),
          momentum: .init(Schedule.perStep(h[1], time)))
      },
      loss: { w, _ in (w.square().square() + w * vector([0.3, -0.2, 0.9])).sum() },
      outer: { w, _ in (w - vector([0.5, 0.2, -0.1])).square().sum() })
    let start = vector([0.9, -0.7, 0.4])
    let answer = try problem.hypergradient(
      at: [vector(rates), vector(momenta), start, share], by: .reversible)
    let twin = try problem.hypergradient(
      at: [vector(rates), vector(momenta), start, share], by: .reverse)
    try HypergradientLaws.requireClose(answer.gradient, twin.gradient, 1e-9, "the hypergradient")

    var (w, m) = (try start.doubles(), [0.0, 0, 0])
    for t in 0..<steps {
      for index in 0..<3 {
        let gradient = 4 * w[index] * w[index] * w[index] + [0.3, -0.2, 0.9][index]
        m[index] = momenta[t] * m[index] + gradient
        w[index] -= rates[t] * [1, 0.5, 2][index] * m[index]
      }
    }
    #expect(deviation(try answer.state.flat, w + m) < 1e-9)
  }

  /// Windows of an online run start at the state that the last one ended at, momenta included.
  @Test func windows() throws {
    let optimizer = Self.optimizer(0.9)
    let hyper = TrialHyper.exampleWeights
    let model = TrialModel.perceptron(.float64)
    let start = hyper.start(model, optimizer, steps: 12)
    let loop = OuterLoop<[Tensor]>(.sgd(rate: 0.5))
    func updated(_ estimator: Estimator) throws -> [Tensor] {
      try hyper.problem(model, optimizer, steps: 12).minimize(
        from: start, by: estimator, updates: 5, with: loop, training: .online(every: 4)
      ).hyper
    }
    let exact = try updated(.reverse)
    let moved = zip(exact, start).map { $0 - $1 }
    try HypergradientLaws.requireClose(
      zip(try updated(.reversible), start).map { $0 - $1 }, moved, 1e-8, "lambda")
    #expect(try moved.flat.contains { abs($0) > 1e-3 })
  }

  /// Memory does not grow with the training, but for the words that spill.
  @Test(arguments: [(0.99, [40, 400]), (0.5, [40, 200])])
  func memory(momentum: Double, lengths: [Int]) throws {
    let costs = try lengths.map { steps in
      try TrialHyper.logDecay.test(
        .perceptron(.float64), Self.optimizer(momentum), steps: steps, isFullBatch: true
      ).hypergradient(by: .reversible).cost
    }
    let weights = TrialModel.perceptron(.float64).initial.reduce(0) { $0 + $1.count }
    // 47 bits fill a limb, and each spill makes room for 32.
    let words = momentum == 0.5 ? (lengths[1] - 47 + 31) / 32 : 0
    #expect(costs[1].stateBytes - costs[0].stateBytes == 4 * words * weights)
    // Integers, their bits, s, its gradient and momenta, the adjoint, and the start for the check.
    #expect(costs[0].stateBytes == (24 + 8 * 8) * weights)
  }

  // MARK: - What it detects

  private static func trained(_ momentum: Double = 0.5) throws -> (Run, ReversibleTraining) {
    let optimizer = Self.optimizer(momentum)
    let problem = try TrialHyper.several.problem(.quadratic(.float64), optimizer, steps: 60)
    let hyper = TrialHyper.several.start(.quadratic(.float64), optimizer, steps: 60)
    let run = try Run(try problem.compiled(for: hyper), hyper: hyper)
    let ball = try run.problem.requireHeavyBall(Reversible(), remedy: "")
    let training = try ReversibleTraining(run, ball, for: Reversible())
    for t in 1...60 { try training.advance(t) }
    training.finish()
    return (run, training)
  }

  /// Any one bit that is wrong, in the limbs, in a spilled word or in the integers themselves, is
  /// noticed.
  @Test func corruptedBits() throws {
    let (run, training) = try Self.trained()
    _ = try Reversible().goBack(run, training)
    for bit in [0, 1, 7, 20, 31] {
      for place in 0..<4 {
        let (run, training) = try Self.trained()
        let tensor = training.tensors[0]
        switch place {
        case 0: tensor.buffer.limbs[2] ^= 1 << UInt64(bit % 12)
        case 1: try #require(tensor.buffer.latestWords)[1] ^= 1 << UInt32(bit)
        case 2: tensor.weights[0] ^= 1 << Int64(bit)
        default: tensor.velocities[1] ^= 1 << Int64(bit)
        }
        let error = #expect(throws: BilevelError.self) {
          _ = try Reversible().goBack(run, training)
        }
        #expect("\(try #require(error))".contains("did not come back"), "place \(place) bit \(bit)")
      }
    }
  }

  /// Numbers beyond 2^11 stop the run with tensor and step, at the start and on the way.
  @Test func outOfRange() throws {
    func problem(start: Double, rate: Double) -> BilevelProblem<
      TrainingState<[Tensor]>, Tensor, NoTensors
    > {
      BilevelProblem(
        steps: 50, weights: { _ in [number(1), vector([start, 0.5])] },
        optimizer: { _, _ in .momentum(rate: .init(rate), momentum: 0.9) },
        loss: { w, h in h * (w[0].square() + w[1].square().sum()) },
        outer: { w, _ in w[1].square().sum() })
    }
    func answer(_ start: Double, _ rate: Double) throws -> Tensor {
      try problem(start: start, rate: rate).hypergradient(at: number(1), by: .reversible).gradient
    }
    _ = try answer(900, 0.001)
    expectError("[1]", "step 0 of 50") { try answer(2049, 0.001) }
    // |1 - 2 eta + ...| grows: w doubles and more in every step.
    let text = message { try answer(1, 3) }
    #expect(text.contains("range of fixed-point numbers") && text.contains(" of 50"), "\(text)")
    #expect(!text.contains("step 0 "), "\(text)")
  }

  // MARK: - What it refuses

  @Test func refusals() throws {
    func answer(_ make: @escaping @Sendable (Tensor) -> Optimizer) throws -> Tensor {
      let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
        steps: 3, weights: { _ in vector([1, 2]) }, optimizer: { h, _ in make(h) },
        loss: { w, h in 0.5 * h * w.square().sum() }, outer: { w, _ in w.square().sum() })
      return try problem.hypergradient(at: number(0.3), by: .reversible).gradient
    }
    _ = try answer { _ in .momentum(rate: 0.1) }
    for (name, optimizer) in [
      ("without momentum", .sgd(rate: 0.1)), ("Nesterov", .nesterov(rate: 0.1)),
      ("Adam", .adam(rate: 0.1)), ("AdamW", .adamW(rate: 0.1)), ("RMSProp", .rmsProp(rate: 0.1)),
    ] as [(String, Optimizer)] {
      expectError("reversible cannot differentiate", name, "use Optimizer.momentum") {
        try answer { _ in optimizer }
      }
    }
    for momentum in [0, 1, 1.2, -0.5] {
      expectError("between 0 and 1", "at step 1") {
        try answer { _ in .momentum(rate: 0.1, momentum: .init(momentum)) }
      }
    }
    expectError("the nearest that there is, ", "1e-12") {
      try answer { _ in .momentum(rate: 0.1, momentum: .init(1e-12)) }
    }
    expectError("one number for a weight tensor") {
      try answer { .momentum(rate: 0.1, momentum: .init($0 * vector([1, 2]))) }
    }

    let step = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, initial: { _ in vector([1, 2]) },
        step: { s, h, _, _ in s - h * s }), outer: { s, _ in s.sum() })
    expectError("step function", as: BilevelError.self) {
      try step.check(.reversible, at: number(0.3))
    }
  }
}
