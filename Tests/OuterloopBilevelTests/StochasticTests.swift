import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Stochastic and penalty methods against closed forms: their fixed points, and where outer loops by
/// them end.
@Suite struct StochasticTests {
  static let quadratic = QuadraticBilevel()
  private static let point = [0.8, -1.1]

  // MARK: - One hypergradient

  /// On full batches, many steps at fixed lambda lead to the implicit hypergradient, with its sign
  /// and its direct term.
  @Test(
    arguments: [
      .soba(rate: 0.5), .soba(rate: .decaying(4)), .saba(rate: 0.5, batches: 1),
      .amigo(rate: 0.7, linearSteps: 200), .stocBiO(rate: 0.7, linearSteps: 200),
      .reverse,
    ] as [Estimator])
  func fixedPointIsImplicit(_ estimator: Estimator) throws {
    let problem = try Self.quadratic.fullBatch(steps: 300)
    let result = try problem.hypergradient(at: vector(Self.point), by: estimator)
    let exact = Self.quadratic.hypergradient(at: Self.point)
    #expect(deviation(try result.gradient.flat, exact) < 1e-8, "\(estimator)")
    #expect(deviation(try result.state.flat, Self.quadratic.solution(at: Self.point)) < 1e-12)
    #expect(abs(result.loss - (try problem.solve(at: vector(Self.point)).loss)) < 1e-12)
    // The direct term: rho l + F' w*.
    let direct = try problem.hypergradient(at: vector(Self.point)).direct.flat
    #expect(deviation(try result.direct.flat, direct) < 1e-12)
  }

  /// With any optimizer for the weights: buffers are part of what moves. Those that divide by the
  /// size of gradients come to rest with a falling rate only.
  @Test(arguments: [0, 1, 2, 3, 5]) func anyOptimizer(index: Int) throws {
    let optimizer = TrialOptimizer.all[index]
    let isScaleFree = ["Adam", "RMSProp"].contains(optimizer.name)
    let centers = [0.3, 0.8, 1.5]
    let targets = [1, -1, 0.5]
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 1500, weights: { _ in vector([1, 1, 1]) },
      optimizer: { _, time in
        let rate = Schedule.exponential(
          number(optimizer.numbers[0]), factor: number(isScaleFree ? 0.99 : 1), every: 1, time)
        return optimizer.make([.init(rate)] + optimizer.numbers.dropFirst().map { .init($0) })
      },
      loss: { w, e in 0.5 * (e * w.square() + (w - vector(centers)).square()).sum() },
      outer: { w, _ in (w - vector(targets)).square().sum() })
    // w* = c / (1 + e),  dE/de = -2 (w* - d) c / (1 + e)^2
    let e = [0.5, 1, 0.2]
    let exact = (0..<3).map { (i: Int) -> Double in
      let shrunk = centers[i] / (1 + e[i])
      return -2 * (shrunk - targets[i]) * shrunk / (1 + e[i])
    }
    for estimator in [Estimator.soba(rate: 0.3), .saba(rate: 0.3, batches: 1)] {
      let result = try problem.hypergradient(at: vector(e), by: estimator)
      #expect(deviation(try result.gradient.flat, exact) < 1e-6, "\(optimizer.name) \(estimator)")
    }
    let penalty = try problem.hypergradient(at: vector(e), by: .penalty(multiplier: 1e4))
    #expect(deviation(try penalty.gradient.flat, exact) < 1e-3, "\(optimizer.name) penalty")
  }

  // MARK: - Penalty

  /// The course toy, L = |h + w|^2 and E = |w|^2: 2 h m / (1 + m) where the truth is 2 h.
  @Test(arguments: [0.5, 1, 4, 100, 1e4]) func courseToy(multiplier: Double) throws {
    let problem = Toys.course(steps: 200, rate: 0.2)
    for h in [1, -0.7] {
      let result = try problem.hypergradient(
        at: number(h), by: .penalty(multiplier: multiplier))
      let expected = 2 * h * multiplier / (1 + multiplier)
      #expect(abs(try result.gradient.item() - expected) < 1e-11)
    }
  }

  /// The error against the implicit hypergradient falls as 1 / m.
  @Test func penaltyErrorIsOfFirstOrder() throws {
    let problem = try Self.quadratic.fullBatch(steps: 400)
    let exact = Self.quadratic.hypergradient(at: Self.point)
    let errors = try [1e2, 1e3, 1e4, 1e5].map { multiplier in
      let given = try problem.hypergradient(
        at: vector(Self.point), by: .penalty(multiplier: multiplier)
      ).gradient.flat
      return zip(given, exact).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    #expect(errors[0] > 1e-4)
    for (one, next) in zip(errors, errors.dropFirst()) {
      // A slope of -1 +- 0.02 in logarithms.
      #expect(one / next > 9.55 && one / next < 10.47, "\(errors)")
    }
  }

  // MARK: - Outer loops

  /// One row for each method: where `minimize` ends, against the closed form.
  struct Row: Sendable, CustomTestStringConvertible {
    var estimator: Estimator
    var updates: Int
    var tolerance: Double
    var outerRate = 0.3
    var schedule: TrainingSchedule?
    var testDescription: String { "\(estimator)" }
  }

  static let fullBatchRows: [Row] = [
    Row(estimator: .reverse, updates: 80, tolerance: 1e-9),
    Row(estimator: .soba(rate: 0.5), updates: 1100, tolerance: 1e-9, outerRate: 0.1),
    Row(
      estimator: .soba(rate: 0.5), updates: 200, tolerance: 1e-9,
      schedule: .online(every: 3, start: .reptile(rate: 1))),
    Row(
      estimator: .saba(rate: 0.5, batches: 1), updates: 1100, tolerance: 1e-9, outerRate: 0.1),
    Row(estimator: .amigo(rate: 0.5, every: 4, linearSteps: 3), updates: 150, tolerance: 1e-9),
    Row(estimator: .stocBiO(rate: 0.5, every: 4, linearSteps: 60), updates: 100, tolerance: 1e-9),
    Row(estimator: .penalty(multiplier: 1e7, every: 4), updates: 200, tolerance: 1e-6),
    Row(
      estimator: .penalty(multiplier: 10, growth: 100, every: 4), updates: 300, tolerance: 1e-4),
  ]

  @Test(arguments: fullBatchRows) func sameOptimum(_ row: Row) throws {
    // Trainings are shorter than the run: it goes on from one to the next.
    let problem = try Self.quadratic.fullBatch(steps: row.schedule == nil ? 60 : 7)
    let loop = OuterLoop<Tensor>(.sgd(rate: Optimizer.Rate(row.outerRate)))
    let end = try problem.minimize(
      from: vector(Self.point), by: row.estimator, updates: row.updates, with: loop,
      training: row.schedule)
    let optimum = Self.quadratic.optimum()
    let reached = try end.hyper.flat
    #expect(
      deviation(reached, optimum) < row.tolerance,
      "\(row.estimator): \(reached), not \(optimum)")
  }

  /// A truncated series for the linear system keeps its bias; the same number of steps from where
  /// the last ones ended does not.
  @Test func warmStartRemovesTheBias() throws {
    let problem = try Self.quadratic.fullBatch(steps: 60)
    let loop = OuterLoop<Tensor>(.sgd(rate: 0.3))
    let optimum = Self.quadratic.optimum()
    func end(_ estimator: Estimator) throws -> Double {
      let state = try problem.minimize(
        from: vector(Self.point), by: estimator, updates: 150, with: loop)
      return deviation(try state.hyper.flat, optimum)
    }
    #expect(try end(.amigo(rate: 0.5, every: 4, linearSteps: 2)) < 1e-9)
    #expect(try end(.stocBiO(rate: 0.5, every: 4, linearSteps: 2)) > 1e-2)
  }

  /// Minibatches of one term with constant steps: SABA gets to the optimum at a linear rate, SOBA
  /// stalls. Eight orders of data; were the two alike, all eight would agree by chance with
  /// probability 2^-8.
  @Test func varianceReductionIsLinear() throws {
    let optimum = Self.quadratic.optimum()
    for seed in UInt64(0)..<8 {
      func errors(_ estimator: Estimator) throws -> [Double] {
        try Self.quadratic.stochastic(steps: 100, rate: 0.1, seed: seed).path(
          from: vector(Self.point), by: estimator, updates: 1000,
          with: OuterLoop(.sgd(rate: 0.03))
        ) { deviation(try $0.hyper.flat, optimum) }
      }
      func worst(_ errors: [Double], _ range: Range<Int>) -> Double {
        errors[range].max() ?? .nan
      }
      let reduced = try errors(.saba(rate: 0.1, batches: 6, validation: 3))
      let plain = try errors(.soba(rate: 0.1))
      let (early, late) = (worst(reduced, 400..<500), worst(reduced, 900..<1000))
      #expect(late < 1e-7 && late < 1e-3 * early)
      let (before, after) = (worst(plain, 400..<500), worst(plain, 900..<1000))
      #expect(after > 2e-3 && after > 0.1 * before && after < 10 * before)
      #expect(late < 1e-4 * after)
    }
  }

  /// With all step sizes falling as 1 / sqrt(k), SOBA gets below the floor of constant ones, in the
  /// mean over the last fifth of a run. Eight orders of data, as above.
  @Test func fallingStepsPassTheFloor() throws {
    let optimum = Self.quadratic.optimum()
    for seed in UInt64(0)..<8 {
      func error(_ rate: StepSize, decays: Bool, _ loop: OuterLoop<Tensor>) throws -> Double {
        let problem = try Self.quadratic.stochastic(
          steps: 2000, rate: rate.at(1), decays: decays, seed: seed)
        var sum = 0.0
        _ = try problem.minimize(
          from: vector(Self.point), by: .soba(rate: rate), updates: 2000, with: loop
        ) { progress in
          if progress.update > 1600 { sum += deviation(try progress.hyper.flat, optimum) / 400 }
          return true
        }
        return sum
      }
      let floor = try error(0.1, decays: false, OuterLoop(.sgd(rate: 0.03)))
      let falling = try error(
        .decaying(0.8), decays: true,
        OuterLoop { .sgd(rate: Optimizer.Rate(0.3 / sqrt($0.number))) })
      #expect(falling < 0.5 * floor, "\(seed): \(falling), \(floor)")
    }
  }
}
