import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Minimising the outer loss: constraints, continuation, real-time updates.
@Suite struct OuterLoopTests {
  static let model = TrialModel.softmaxRegression(.float64)
  private let start = [TrialModel.exampleWeights(Self.model)]

  /// Example weights of softmax regression, trained by heavy ball.
  private static func problem(
    steps: Int = 6
  ) throws -> BilevelProblem<TrainingState<[Tensor]>, [Tensor], Tensor> {
    try TrialHyper.exampleWeights.problem(model, TrialOptimizer.all[1], steps: steps)
  }

  static let constraints: [Constraint] = [
    .nonNegative, try! .box(lower: 0.2, upper: 0.9), try! .simplex(total: 4),
    try! .l1Ball(radius: 3), try! .cappedSimplex(total: 5),
    try! .cappedSimplex(total: 5, upper: 0.8, sum: .exactly),
  ]

  /// Long outer steps: the start and every iterate are feasible; gradient descent goes where the
  /// projection of its step lies.
  @Test(arguments: constraints) func everyIterateIsFeasible(_ constraint: Constraint) throws {
    let problem = try Self.problem()
    let optimizers: [Optimizer] = [.sgd(rate: 30), .adam(rate: 0.7), .momentum(rate: 9)]
    for (number, optimizer) in optimizers.enumerated() {
      let loop = OuterLoop<[Tensor]>(optimizer, constraints: [constraint])
      var state = try loop.start(at: start)
      #expect(constraint.isFeasible(try state.hyper.flat, tolerance: 1e-12))
      for update in 1...6 {
        let result = try problem.hypergradient(at: state.hyper)
        let before = try state.hyper.flat
        state = try loop.step(state, along: result.gradient)
        let after = try state.hyper.flat
        #expect(constraint.isFeasible(after, tolerance: 1e-12))
        if number == 0 {
          var expected = zip(before, try result.gradient.flat).map { $0 - 30 * $1 }
          try constraint.project(&expected)
          #expect(deviation(after, expected) < 1e-12)
        }
        #expect(state.updates == update)
      }
    }
  }

  /// The loop's own step count reaches the optimizer: Adam's corrections are those of its recursion.
  @Test func adamByHand() throws {
    let loop = OuterLoop<Tensor>(.adam(rate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 0.01))
    var state = try loop.start(at: number(2))
    var (l, m, v, power1, power2) = (2.0, 0.0, 0.0, 1.0, 1.0)
    for g in [1.0, -0.5, 3, 0.25, 0] {
      (power1, power2) = (power1 * 0.8, power2 * 0.9)
      m = 0.8 * m + 0.2 * g
      v = 0.9 * v + 0.1 * g * g
      l -= 0.1 * m / (1 - power1) / (v / (1 - power2) + 1e-4).squareRoot()
      state = try loop.step(state, along: number(g))
      #expect(abs(try state.hyper.item() - l) < 1e-14)
    }
  }

  /// A scheduled optimizer sees the number of the update.
  @Test func scheduledRates() throws {
    let loop = OuterLoop<Tensor>(constraints: [.nonNegative]) {
      .momentum(rate: .init(0.4 / $0.number), momentum: 0.5)
    }
    var state = try loop.start(at: number(2))
    var (l, m) = (2.0, 0.0)
    for (update, g) in [1.0, -0.5, 3, 0.25, 40].enumerated() {
      m = 0.5 * m + g
      l = max(0, l - 0.4 / Double(update + 1) * m)
      state = try loop.step(state, along: number(g))
      #expect(abs(try state.hyper.item() - l) < 1e-14)
    }
    #expect(l == 0)
  }

  /// One constraint for each tensor; a wrong number of them is an error.
  @Test func constraintsOfEach() throws {
    let loop = OuterLoop<[Tensor]>(
      .sgd(rate: 1), constraints: [.nonNegative, Constraint.none, try .box(lower: -1, upper: 1)])
    let state = try loop.start(at: [number(-3), number(-3), number(-3)])
    #expect(try state.hyper.flat == [0, -3, -1])
    let moved = try loop.step(state, along: [number(1), number(1), number(-9)])
    #expect(try moved.hyper.flat == [0, -4, 1])
    #expect(throws: BilevelError.self) { try loop.start(at: [number(1), number(1)]) }
    let bad = [number(.nan), number(0), number(0)]
    #expect(throws: ConstraintError.self) { try loop.start(at: bad) }
    // No constraints at all.
    let free = OuterLoop<[Tensor]>(.sgd(rate: 1), constraints: [])
    #expect(try free.start(at: [number(-3)]).hyper.flat == [-3])
  }

  /// Stopping, storing the state and going on gives the same bits as not stopping.
  @Test(arguments: [0, 1, 4, 7]) func continuation(after pause: Int) throws {
    let optimizers: [Optimizer] = [
      .sgd(rate: 1), .momentum(rate: 0.5), .adam(rate: 0.1), .adamW(rate: 0.1, decay: 0.1),
      .rmsProp(rate: 0.1), .nesterov(rate: 0.5),
    ]
    let problem = try Self.problem()
    for optimizer in optimizers {
      let loop = OuterLoop<[Tensor]>(optimizer, constraints: [try .cappedSimplex(total: 6)])
      let whole = try problem.minimize(from: start, updates: 8, with: loop)

      var state = try loop.start(at: start)
      for _ in 0..<pause {
        state = try loop.step(state, along: try problem.hypergradient(at: state.hyper).gradient)
      }
      // Through plain numbers, as a store would hold them.
      let training = try state.training.mapLeaves {
        Tensor(try $0.scalars(Double.self), shape: $0.shape)
      }
      let later = OuterLoop<[Tensor]>(optimizer, constraints: loop.constraints)
      let again = try Self.problem()
      state = OuterLoop<[Tensor]>.State(training: training, updates: state.updates)
      for _ in pause..<8 {
        state = try later.step(state, along: try again.hypergradient(at: state.hyper).gradient)
      }
      #expect(try state.training.flat == whole.training.flat)
      #expect(state.updates == whole.updates)
    }
  }

  /// The outer loss goes down, and `onUpdate` sees what is promised.
  @Test(
    arguments: [.reverse, .forward, .truncated(6), .reverse(memory: 1 << 20), .oneStep]
      as [Estimator])
  func minimizeLowersTheLoss(_ estimator: Estimator) throws {
    let problem = try Self.problem()
    let loop = OuterLoop<[Tensor]>(.adam(rate: 0.1), constraints: [.nonNegative])
    var losses: [Double] = []
    var updates: [Int] = []
    let end = try problem.minimize(from: start, by: estimator, updates: 15, with: loop) {
      progress in
      losses.append(progress.loss)
      updates.append(progress.update)
      #expect(progress.cost.steps == 6)
      return true
    }
    let last = try problem.solve(at: end.hyper).loss
    #expect(losses[0] == (try problem.solve(at: start).loss))
    #expect(last < losses[0] - 0.01)
    #expect(updates == Array(1...15))
    if estimator != .oneStep { #expect(losses == losses.sorted(by: >)) }
  }

  @Test func stoppingEarly() throws {
    let problem = try Self.problem()
    let loop = OuterLoop<[Tensor]>(.sgd(rate: 1))
    let none = try problem.minimize(from: start, updates: 0, with: loop)
    #expect(try none.hyper.flat == start.flat)
    #expect(none.updates == 0)
    let two = try problem.minimize(from: start, updates: 9, with: loop) { $0.update < 2 }
    #expect(two.updates == 2)
    let live = try problem.minimize(
      from: start, by: .realTime(every: 1), with: loop
    ) { $0.update < 2 }
    #expect(live.updates == 2)
  }

  // MARK: - Real time

  /// With an outer rate of 0, lambda stays and every update sees forward mode's hypergradient at
  /// the training of that length.
  @Test func realTimeWithoutMoving() throws {
    let loop = OuterLoop<[Tensor]>(.momentum(rate: 0, momentum: 0.5))
    let problem = try Self.problem(steps: 7)
    var losses: [Double] = []
    let state = try problem.minimize(
      from: start, by: .realTime(every: 2), with: loop
    ) { progress in
      losses.append(progress.loss)
      return true
    }
    #expect(try state.hyper.flat == start.flat)
    #expect(state.updates == 3)
    // The loop's momentum has gathered the hypergradients: m = g_6 + (g_4 + g_2 / 2) / 2.
    var gathered = [Double](repeating: 0, count: 10)
    for (number, steps) in [2, 4, 6].enumerated() {
      let batch = try Self.problem(steps: steps).hypergradient(at: start, by: .forward)
      #expect(abs(batch.loss - losses[number]) < 1e-14)
      gathered = zip(gathered, try batch.gradient.flat).map { 0.5 * $0 + $1 }
    }
    #expect(deviation(try state.training.slots[0].flat, gathered) < 1e-13)
  }

  /// With lambda moving, the update is along the tangents that were kept: checked against the
  /// recursion written out, w' = w - eta (w - l), Z' = (1 - eta) Z + eta, g = w Z.
  @Test(arguments: [1, 2, 3]) func realTimeByHand(every: Int) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 12, weights: { h in h * h }, optimizer: { _, _ in .sgd(rate: 0.3) },
      loss: { w, l in 0.5 * (w - l).square() }, outer: { w, l in 0.5 * w.square() + l })
    var (w, z, l) = (0.49, 1.4, 0.7)
    var expected: [Double] = []
    for t in 1...12 {
      w -= 0.3 * (w - l)
      z = 0.7 * z + 0.3
      if t % every == 0, expected.count < 5 {
        l -= 0.2 * (w * z + 1)
        expected.append(l)
      }
    }
    var seen: [Double] = []
    let loop = OuterLoop<Tensor>(.sgd(rate: 0.2))
    let state = try problem.minimize(
      from: number(0.7), by: .realTime(every: every), updates: expected.count, with: loop
    ) { progress in
      seen.append(try progress.hyper.item())
      return true
    }
    #expect(deviation(seen, expected) < 1e-14)
    #expect(try state.hyper.item() == seen.last)
  }

  /// A schedule with an end has so many updates: more are an error before anything is trained, none in
  /// particular are all of them. A schedule without an end must be told.
  @Test func updatesThatThereAreNot() throws {
    let loop = OuterLoop<[Tensor]>(.sgd(rate: 1))
    let problem = try Self.problem(steps: 7)
    func made(_ updates: Int?, _ schedule: TrainingSchedule? = nil) throws -> Int {
      try problem.minimize(
        from: start, by: .realTime(every: 3), updates: updates, with: loop, training: schedule
      ).updates
    }
    #expect(try made(2) == 2 && made(nil) == 2)
    expectError("`updates` is 7, and the schedule has 2", "7 steps, with an update every 3") {
      try made(7)
    }
    #expect(try made(7, .online(every: 3)) == 7)
    #expect(try made(6, .online(every: 3, trainings: 3)) == 6)
    expectError("it trains 3 times") { try made(7, .online(every: 3, trainings: 3)) }
    expectError("`updates` is missing") { try made(nil, .online(every: 3)) }
    expectError("`updates` is -1") { try made(-1) }
    expectError("0 trainings") { try made(1, .online(every: 3, trainings: 0)) }
  }

  /// `onUpdate` may use the problem: to evaluate, as one does after every update.
  @Test(arguments: [.reverse, .realTime(every: 2)] as [Estimator])
  func callbacksMayUseTheProblem(_ estimator: Estimator) throws {
    let loop = OuterLoop<[Tensor]>(.sgd(rate: 1))
    let undisturbed = try Self.problem().minimize(
      from: start, by: estimator, updates: 3, with: loop)
    let problem = try Self.problem()
    let state = try problem.minimize(from: start, by: estimator, updates: 3, with: loop) {
      progress in
      _ = try problem.solve(at: progress.hyper)
      for other in [Estimator.reverse, .forward] {
        _ = try problem.hypergradient(at: progress.hyper.map { $0 * 0.5 }, by: other)
      }
      return true
    }
    #expect(try state.hyper.flat == undisturbed.hyper.flat)
  }

  // MARK: - Transforms

  @Test(arguments: [.log, .softplus, .sigmoid(lower: -2, upper: 3)] as [HyperTransform])
  func transformsAreInverse(_ transform: HyperTransform) throws {
    let values = vector([1e-6, 0.01, 0.5, 1, 2.5])
    let back = try transform.constrained(transform.free(values)).doubles()
    for (a, b) in zip(back, try values.doubles()) { #expect(abs(a / b - 1) < 1e-9) }
    let free = vector([-30, -1, 0, 1, 30])
    let inside = try transform.constrained(free).doubles()
    if case .sigmoid = transform {
      #expect(inside.allSatisfy { $0 >= -2 && $0 <= 3 })
    } else {
      #expect(inside.allSatisfy { $0 > 0 })
    }
    // Out of range: not a number, never a plausible one.
    #expect(try transform.free(number(-5)).item().isNaN)
  }
}
