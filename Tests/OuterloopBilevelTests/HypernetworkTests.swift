import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Learned best responses against known ones.
@Suite struct HypernetworkTests {
  // MARK: - Linear responses are learned exactly

  /// L = |h + w|^2, E = |w|^2: w = a h + b with a = -1, b = 0, and dE/dh = 2 h.
  @Test func courseToy() throws {
    let h = [0.7, -1.2, 0.4]
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 400, weights: { _ in Tensor([2.0, 2, 2], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 0.3) },
      loss: { w, h in (h + w).square().sum() }, outer: { w, _ in w.square().sum() })
    for samples in [1, 2, 5] {
      let settings = HypernetworkSettings(samples: samples)
      let result = try problem.hypergradient(at: Tensor(h), by: .hypernetwork(settings))
      let response = try #require(result.diagnostics.response)
      let slope = try response.slopes[0].doubles()
      #expect(deviation(slope, [-1, 0, 0, 0, -1, 0, 0, 0, -1]) < 1e-13, "\(samples)")
      // b = w - a h
      let w = try result.state.weights.doubles()
      for i in 0..<3 {
        let moved = slope[i] * h[0] + slope[3 + i] * h[1] + slope[6 + i] * h[2]
        #expect(abs(w[i] - moved) < 1e-13, "\(samples)")
      }
      #expect(abs(result.loss - h.reduce(0) { $0 + $1 * $1 }) < 1e-13)
      #expect(deviation(try result.gradient.doubles(), h.map { 2 * $0 }) < 1e-12)
    }
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var dtype: DType
    var optimizer: @Sendable () -> Optimizer
    var tolerance: Double
  }

  static let rows: [Row] = [
    Row(testDescription: "sgd", dtype: .float64, optimizer: { .sgd(rate: 0.3) }, tolerance: 1e-11),
    Row(
      testDescription: "momentum", dtype: .float64,
      optimizer: { .momentum(rate: 0.15, momentum: 0.5) }, tolerance: 1e-11),
    Row(
      testDescription: "nesterov", dtype: .float64,
      optimizer: { .nesterov(rate: 0.15, momentum: 0.5) }, tolerance: 1e-11),
    Row(
      testDescription: "sgd in single precision", dtype: .float32,
      optimizer: { .sgd(rate: 0.3) }, tolerance: 1e-5),
  ]

  /// On a quadratic the slope is that of the best response, and the gradient that of implicit
  /// differentiation; reverse mode through the same training agrees.
  @Test(arguments: rows) func quadratic(_ row: Row) throws {
    let test = try QuadraticResponse(steps: 600, dtype: row.dtype, optimizer: row.optimizer)
    let result = try test.problem.hypergradient(
      at: test.hyper, by: .hypernetwork(.init(scale: 0.8)))
    let response = try #require(result.diagnostics.response)
    #expect(response.slopes.map(\.shape) == [[3, 2, 1], [3, 3]])
    #expect(response.scale.map(\.shape) == [[1], [2]])
    for (slope, expected) in zip(response.slopes, test.slopes) {
      #expect(deviation(try slope.doubles(), expected) < row.tolerance)
    }
    #expect(deviation(try result.state.weights.flat, test.solution) < row.tolerance)
    #expect(deviation(try result.gradient.flat, test.gradient) < row.tolerance)
    #expect(deviation(try result.direct.flat, test.direct) < row.tolerance)
    let reverse = try test.problem.hypergradient(at: test.hyper, by: .reverse)
    #expect(deviation(try reverse.gradient.flat, test.gradient) < row.tolerance)
  }

  /// Whatever the outer loss, linear responses give the exact hypergradient: it is that at lambda, not
  /// the mean over perturbations, which an outer loss that bends shows. `verify` says the same.
  @Test(arguments: [1, 2, 7]) func outerLossesThatBend(samples: Int) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 400, weights: { _ in Tensor([2.0, 2], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 0.3) },
      loss: { w, h in (0.5 * h + w).square().sum() },
      outer: { w, h in (exp(w) + w.square().square()).sum() + h.square().sum() })
    let h = Tensor([0.7, -1.2], dtype: .float64)
    for rate in [nil, 3e-3] {
      let estimator = Estimator.hypernetwork(
        .init(scale: 0.5, scaleRate: rate, samples: samples))
      let result = try problem.hypergradient(at: h, by: estimator)
      // w = -h / 2
      let expected = try h.doubles().map { h in
        let w = -0.5 * h
        return -0.5 * (Foundation.exp(w) + 4 * w * w * w) + 2 * h
      }
      #expect(deviation(try result.gradient.doubles(), expected) < 1e-11)
      let verified = try problem.verify(estimator, at: h, against: .implicit(.dense))
      #expect(verified.residual < 1e-11)
    }
  }

  /// A training from the start knows nothing of the last one's response; one that goes on from the
  /// weights of the last keeps it.
  @Test func trainingsAreReset() throws {
    let test = try QuadraticResponse(steps: 10, optimizer: { .sgd(rate: 0.3) })
    func slopes(_ start: TrainingSchedule.Start) throws -> [[Double]] {
      try test.problem.path(
        from: test.hyper, by: .hypernetwork(.init(scaleRate: nil)), updates: 3,
        with: OuterLoop(.sgd(rate: 0)), training: .online(every: 10, start: start)
      ) { try #require($0.diagnostics.response).slopes.flatMap { try $0.doubles() } }
    }
    let exact = test.slopes.flatMap { $0 }
    func error(_ slopes: [Double]) -> Double { deviation(slopes, exact) }
    let fresh = try slopes(.fresh)
    // The errors of three trainings of ten steps are alike.
    #expect(error(fresh[1]) > 0.5 * error(fresh[0]) && error(fresh[2]) > 0.5 * error(fresh[0]))
    let kept = try slopes(.reptile(rate: 1))
    #expect(deviation(kept[0], fresh[0]) < 1e-14)
    #expect(error(kept[1]) < 0.7 * error(kept[0]) && error(kept[2]) < 0.7 * error(kept[1]))
  }

  /// When lambda moves the response is carried along: one training run through many updates ends
  /// with the same slope, and at the minimum of E(w*(l)).
  @Test func online() throws {
    let test = try QuadraticResponse(steps: 1200, optimizer: { .sgd(rate: 0.3) })
    var last: BestResponse?
    var state: [Double] = []
    var gradients: [[Double]] = []
    // k makes E(w*(l)) decrease for ever along some direction unless N' H^-2 N is regular: it is.
    let end = try test.problem.minimize(
      from: test.hyper, by: .hypernetwork(), updates: 600, with: OuterLoop(.sgd(rate: 0.05))
    ) { progress in
      last = progress.diagnostics.response
      state = try progress.state.weights.flat
      gradients.append(try progress.hyper.flat)
      return true
    }
    #expect(end.updates == 600 && gradients.count == 600)
    let final = try test.problem.hypergradient(at: end.hyper, by: .hypernetwork())
    #expect(try final.gradient.flat.allSatisfy { abs($0) < 1e-3 })
    let response = try #require(last)
    for (slope, expected) in zip(response.slopes, test.slopes) {
      #expect(deviation(try slope.doubles(), expected) < 1e-10)
    }
    #expect(deviation(state, try final.state.weights.flat) < 1e-3)
  }

  /// A large step of lambda takes the model along: it is at the new minimum before it is trained there.
  @Test func movingAlong() throws {
    let test = try QuadraticResponse(steps: 4, optimizer: { .sgd(rate: 0.3) })
    let points = try test.problem.path(
      from: test.hyper, by: .hypernetwork(.init(warmUp: 1500)), updates: 2,
      with: OuterLoop(.sgd(rate: 1))
    ) { (try $0.hyper.flat, try $0.state.weights.flat) }
    // w*(l) moved by its slope from the first point.
    let moves = zip(points[0].0, try test.hyper.flat).map { $0 - $1 }
    #expect(moves.contains { abs($0) > 0.3 })
    let slope = { (weight: Int, number: Int) in
      weight < 2 ? test.slopes[0][2 * number + weight] : test.slopes[1][3 * number + weight - 2]
    }
    let expected = test.solution.indices.map { weight in
      moves.indices.reduce(test.solution[weight]) { $0 + slope(weight, $1) * moves[$1] }
    }
    #expect(deviation(points[0].1, test.solution) < 1e-11)
    #expect(deviation(points[1].1, expected) < 1e-11)
  }

  // MARK: - Hidden layers

  /// w* = sin l, which no line follows: with hidden layers the slope is cos l.
  @Test func hiddenLayers() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 3000, weights: { _ in Tensor([0.0], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in (w - OuterloopAutodiff.sin(h)).square().sum() },
      outer: { w, _ in (w - 2).square().sum() })
    let settings = HypernetworkSettings(
      hidden: [12], scale: 0.7, scaleRate: nil, samples: 32, trunkRate: 3e-3)
    for l in [0.5, 1.5] {
      let result = try problem.hypergradient(at: Tensor([l]), by: .hypernetwork(settings))
      let response = try #require(result.diagnostics.response)
      let (s, c) = (Foundation.sin(l), Foundation.cos(l))
      #expect(abs(try response.slopes[0].item() - c) < 0.06, "\(l)")
      #expect(abs(try result.state.weights.item() - s) < 0.02, "\(l)")
      #expect(abs(try result.gradient.item() - 2 * (s - 2) * c) < 0.15, "\(l)")
    }
  }

  // MARK: - The scale

  /// With w* = -l and E = w^2 the mean of E over l + e is l^2 + s^2: with the entropy -tau log s it is
  /// smallest at s = sqrt(tau / 2).
  @Test(arguments: [0.02, 0.18]) func scale(tau: Double) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 4000, weights: { _ in number(0) }, optimizer: { _, _ in .sgd(rate: 0.4) },
      loss: { w, h in (h[0] + h[1] + w).square() }, outer: { w, _ in w.square() })
    let settings = HypernetworkSettings(scaleRate: 0.01, entropyWeight: tau, samples: 8)
    let sizes = try problem.path(
      from: [number(0.3), number(-0.1)], by: .hypernetwork(settings), updates: 2000,
      with: OuterLoop(.sgd(rate: 0.1))
    ) { try #require($0.diagnostics.response).scale[1].item() }
    let late = sizes.suffix(1000).reduce(0, +) / 1000
    #expect(abs(late / (tau / 2).squareRoot() - 1) < 0.05, "\(late)")
    // One rate for all, s fixed.
    let fixed = try problem.hypergradient(
      at: [number(0.3), number(-0.1)], by: .hypernetwork(.init(scale: 0.3, scaleRate: nil)))
    #expect(abs(try #require(fixed.diagnostics.response).scale[0].item() - 0.3) < 1e-15)
  }

  // MARK: - Data, seeds, warm-up

  /// One gradient step of L = (w - b_t)^2 / 2 at rate 1 puts w on the batch's number: training and
  /// validation see the batches of their steps.
  @Test func batches() throws {
    let problem = try BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>(
      steps: 8, batches: Batches { Tensor([Double($0)]) },
      validation: Batches { Tensor([10 + Double($0)], dtype: .float64) },
      weights: { _ in Tensor([0.0], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 1) },
      loss: { w, _, b in 0.5 * (w - b).square().sum() },
      outer: { w, h, v in (w * v).sum() * h + h.square() })
    let losses = try problem.path(
      from: number(3), by: .hypernetwork(), with: OuterLoop(.sgd(rate: 0))
    ) { progress in
      let weights = try progress.state.weights.doubles()
      #expect(weights == [Double(2 * progress.update - 1)])
      #expect(progress.cost.steps == 2)
      return progress.loss
    }
    let expected: [Double] = [1 * 33 + 9, 3 * 39 + 9, 5 * 45 + 9, 7 * 51 + 9]
    #expect(losses == expected)
    let whole = try problem.hypergradient(at: number(3), by: .hypernetwork())
    #expect(whole.loss == 7 * 51 + 9)
    // d/dh (w v h + h^2)
    #expect(abs(try whole.gradient.item() - (7 * 17 + 6)) < 1e-12)
    #expect(try whole.direct.item() == 7 * 17 + 6)
  }

  /// Where L does not read lambda there is no response to learn, and the model at lambda is the one
  /// that the problem's optimizer trains. (Adam and RMSProp blow up what rounding leaves of the slope's
  /// gradient, to about their epsilon squared.)
  @Test func plainTraining() throws {
    let c = Tensor([0.3, -1, 2], dtype: .float64)
    let optimizers: [@Sendable (Time) -> Optimizer] = [
      { _ in .adam(rate: 0.1) }, { _ in .momentum(rate: 0.1) }, { _ in .rmsProp(rate: 0.1) },
      { .sgd(rate: .init(Schedule.perStep(Tensor((1...9).map { 0.05 * Double($0) }), $0))) },
    ]
    for optimizer in optimizers {
      let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
        steps: 9, weights: { _ in Tensor([1.0, 1, 1], dtype: .float64) },
        optimizer: { _, time in optimizer(time) },
        loss: { w, _ in (w - c).square().square().sum() * 0.01 },
        outer: { w, h in w.sum() * h })
      let (loss, state) = try problem.solve(at: number(0.5))
      let result = try problem.hypergradient(at: number(0.5), by: .hypernetwork())
      #expect(deviation(try result.state.flat, try state.flat) < 1e-8)
      #expect(abs(result.loss - loss) < 1e-8)
    }
  }

  /// Weights in single precision under hyperparameters of both.
  @Test func mixedPrecision() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 400, weights: { _ in Tensor([Float(2), 2]) }, optimizer: { _, _ in .sgd(rate: 0.3) },
      loss: { w, h in (h[0].cast(to: .float32) + 2 * h[1] + w).square().sum() },
      outer: { w, _ in w.square().sum() })
    let hyper = [Tensor([0.5, -1.0], dtype: .float64), Tensor(0.25)]
    let result = try problem.hypergradient(at: hyper, by: .hypernetwork())
    let response = try #require(result.diagnostics.response)
    #expect(result.gradient.map(\.dtype) == [.float64, .float32])
    #expect(response.slopes.map(\.type) == [TensorType([3, 2])])
    #expect(deviation(try response.slopes[0].doubles(), [-1, 0, 0, -1, -2, -2]) < 1e-5)
    // w = -(h_0 + 2 h_1) = (-1, 0.5); dE/dh = -2 w, and by h_1 twice its sum.
    #expect(deviation(try result.gradient.flat, [2, -1, 2]) < 1e-5)
    let bent = try problem.hypergradient(at: hyper, by: .hypernetwork(.init(hidden: [6])))
    #expect(try #require(bent.diagnostics.response).slopes.map(\.type) == [TensorType([3, 2])])
  }

  @Test func seeds() throws {
    let test = try QuadraticResponse(steps: 7, optimizer: { .adam(rate: 0.05) })
    func gradient(_ seed: UInt64) throws -> [Double] {
      try test.problem.hypergradient(at: test.hyper, by: .hypernetwork(.init(seed: seed)))
        .gradient.flat
    }
    #expect(try gradient(1) == gradient(1))
    #expect(try gradient(1) != gradient(2))
  }

  /// The first update after a warm-up goes along the exact gradient; without, along little more than
  /// the direct term.
  @Test func warmUp() throws {
    let test = try QuadraticResponse(steps: 10, optimizer: { .sgd(rate: 0.3) })
    func first(_ warmUp: Int) throws -> [Double] {
      let end = try test.problem.minimize(
        from: test.hyper, by: .hypernetwork(.init(warmUp: warmUp)), updates: 1,
        with: OuterLoop(.sgd(rate: 1)))
      return zip(try test.hyper.flat, try end.hyper.flat).map { $0 - $1 }
    }
    #expect(deviation(try first(1500), test.gradient) < 1e-11)
    #expect(deviation(try first(0), test.gradient) > 0.1)
  }

  // MARK: - Refusals

  private func requireRefused<State, Hyper, Batch>(
    _ problem: BilevelProblem<State, Hyper, Batch>, _ hyper: Hyper,
    with settings: HypernetworkSettings = .init(), _ word: String,
    location: SourceLocation = #_sourceLocation
  ) {
    expectError(word, as: BilevelError.self, sourceLocation: location) {
      try problem.check(.hypernetwork(settings), at: hyper)
    }
  }

  @Test func refusals() throws {
    let rate = BilevelProblem<TrainingState<Tensor>, NamedTensors, NoTensors>(
      steps: 3, weights: { _ in number(1) }, optimizer: { h, _ in .sgd(rate: .init(h["rate"])) },
      loss: { w, h in h["decay"] * w.square() }, outer: { w, _ in w })
    let named = NamedTensors(["rate": number(0.1), "decay": number(0.1)])
    requireRefused(rate, named, "the optimizer reads rate:")

    let start = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 3, weights: { $0 }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h * w.square() }, outer: { w, _ in w })
    requireRefused(start, number(1), "initial state depends on lambda")

    let dynamics = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, initial: { _ in number(1) }, step: { s, h, _, _ in s * h }),
      outer: { s, _ in s })
    requireRefused(dynamics, number(1), "InnerObjective")

    let large = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 3, weights: { _ in Tensor.zeros([100_000]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h.sum() * w.square().sum() }, outer: { w, _ in w.sum() })
    requireRefused(large, Tensor.zeros([10_000]), "hidden layer")
    try large.check(.hypernetwork(.init(hidden: [8])), at: Tensor.zeros([10_000]))

    let fine = try QuadraticResponse(steps: 3, optimizer: { .sgd(rate: 0.1) })
    for settings in [
      HypernetworkSettings(hidden: [0]), .init(scale: 0), .init(scale: .infinity),
      .init(samples: 0), .init(warmUp: -1), .init(scaleRate: -1), .init(entropyWeight: .nan),
    ] { requireRefused(fine.problem, fine.hyper, with: settings, "use ") }
    requireRefused(
      fine.problem, fine.hyper, with: .init(hidden: [3, 0]), "hypernetwork [3, 0] cannot")
  }

  @Test func divergence() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 2000, weights: { _ in number(1) }, optimizer: { _, _ in .sgd(rate: 10) },
      loss: { w, h in (h + w).square() }, outer: { w, _ in w.square() })
    expectError("the hypernetwork became non-finite", as: BilevelError.self) {
      try problem.hypergradient(at: number(1), by: .hypernetwork())
    }
  }
}
