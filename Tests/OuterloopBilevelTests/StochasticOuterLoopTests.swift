import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Outer loops by stochastic and penalty methods: logistic regression against a dense reference,
/// the same bits for the same seed, stopping, and callbacks that use the problem.
@Suite struct StochasticOuterLoopTests {
  // MARK: - Logistic regression with a decay e^l

  /// 24 training and 12 validation examples of 3 features with labels of +-1, drawn from a logistic
  /// model.
  private struct Logistic {
    static let truth = [1.2, -0.8, 0.4]
    let x: [[Double]]
    let y: [Double]

    init(_ name: String, count: Int) {
      let inputs = Self.numbers(name + " x", 3 * count)
      let draws = Self.numbers(name + " y", count)
      x = (0..<count).map { i in (0..<3).map { 2 * inputs[3 * i + $0] - 1 } }
      y = zip(x, draws).map { row, draw in
        let score = zip(row, Self.truth).reduce(0) { $0 + $1.0 * $1.1 }
        return draw < 1 / (1 + Self.exponential(-score)) ? 1 : -1
      }
    }

    static func numbers(_ name: String, _ count: Int) -> [Double] {
      let key = RandomKey(seed: 8, purpose: "logistic " + name)
      return (try? key.uniform([count], dtype: .float64).doubles()) ?? []
    }

    /// e^x by its series on x / 1024.
    static func exponential(_ x: Double) -> Double {
      var (term, sum) = (1.0, 1.0)
      for k in 1...12 {
        term *= x / 1024 / Double(k)
        sum += term
      }
      for _ in 0..<10 { sum *= sum }
      return sum
    }

    /// The gradient of mean log(1 + exp(-y x.w)), and its Hessian by rows.
    func derivatives(_ w: [Double]) -> (gradient: [Double], hessian: [[Double]]) {
      var gradient = [0.0, 0, 0]
      var hessian = [[Double]](repeating: [0, 0, 0], count: 3)
      for (row, label) in zip(x, y) {
        let margin = label * zip(row, w).reduce(0) { $0 + $1.0 * $1.1 }
        let miss = 1 / (1 + Self.exponential(margin))
        for i in 0..<3 {
          gradient[i] -= label * row[i] * miss / Double(x.count)
          for j in 0..<3 {
            hessian[i][j] += row[i] * row[j] * miss * (1 - miss) / Double(x.count)
          }
        }
      }
      return (gradient, hessian)
    }

    var tensors: (x: Tensor, y: Tensor) {
      (Tensor(x.flatMap { $0 }, shape: [x.count, 3]), Tensor(y))
    }
  }

  private static let training = Logistic("training2", count: 24)
  private static let validation = Logistic("validation2", count: 12)

  /// x with M x = y for symmetric positive M, by elimination.
  private static func solved(_ matrix: [[Double]], _ y: [Double]) -> [Double] {
    var rows = zip(matrix, y).map { $0 + [$1] }
    for k in 0..<3 {
      for i in 0..<3 where i != k {
        let factor = rows[i][k] / rows[k][k]
        for j in k...3 { rows[i][j] -= factor * rows[k][j] }
      }
    }
    return (0..<3).map { rows[$0][3] / rows[$0][$0] }
  }

  /// w*(l) by Newton's method, and dE/dl by a dense solve.
  private static func solution(at l: Double) -> (weights: [Double], slope: Double) {
    let decay = Logistic.exponential(l)
    var w = [0.0, 0, 0]
    var hessian: [[Double]] = []
    for _ in 0..<30 {
      let parts = training.derivatives(w)
      hessian = parts.hessian
      for i in 0..<3 { hessian[i][i] += decay }
      let step = solved(hessian, zip(parts.gradient, w).map { $0 + decay * $1 })
      w = zip(w, step).map { $0 - $1 }
    }
    let q = solved(hessian, validation.derivatives(w).gradient)
    return (w, -decay * zip(q, w).reduce(0) { $0 + $1.0 * $1.1 })
  }

  /// The l between -6 and 3 at which dE/dl = 0, by bisection.
  private static func optimum() -> Double {
    var (low, high) = (-6.0, 3.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if solution(at: middle).slope < 0 { low = middle } else { high = middle }
    }
    return low
  }

  private static func problem(
    _ batches: Batches<Tensor>, rate: Double, start: [Double]
  ) -> BilevelProblem<TrainingState<Tensor>, Tensor, Tensor> {
    let (x, y) = training.tensors
    let (outerX, outerY) = validation.tensors
    return BilevelProblem(
      steps: 50, batches: batches, weights: { _ in vector(start) },
      optimizer: { _, _ in .sgd(rate: Optimizer.Rate(rate)) },
      loss: { w, l, rows in
        let margin = y.gathered(at: rows) * matmul(x.gathered(at: rows), w)
        return softplus(-margin).mean() + 0.5 * exp(l) * w.square().sum()
      },
      outer: { w, _ in softplus(-outerY * matmul(outerX, w)).mean() })
  }

  @Test(
    arguments: [
      (.soba(rate: 2), 1e-7, false), (.amigo(rate: 2, every: 4, linearSteps: 4), 1e-7, false),
      (.stocBiO(rate: 2, every: 4, linearSteps: 80), 1e-7, false),
      (.penalty(multiplier: 1e6, every: 4), 1e-4, false),
      (.saba(rate: 0.7, batches: 4), 1e-6, true),
    ] as [(Estimator, Double, Bool)])
  func logisticRegression(_ estimator: Estimator, tolerance: Double, isStochastic: Bool) throws {
    let optimum = Self.optimum()
    #expect(optimum > -5 && optimum < 2 && abs(Self.solution(at: optimum).slope) < 1e-12)
    let rows = Tensor((0..<24).map { Int32($0) })
    let problem = Self.problem(
      isStochastic ? try .partitioned(count: 24, size: 6, seed: 5) : Batches { _ in rows },
      rate: isStochastic ? 0.7 : 2, start: Self.solution(at: optimum + 1).weights)
    let end = try problem.minimize(
      from: number(optimum + 1), by: estimator, updates: isStochastic ? 1500 : 500,
      with: OuterLoop(.sgd(rate: isStochastic ? 15 : 40)))
    let reached = try end.hyper.item()
    #expect(abs(reached - optimum) < tolerance, "\(estimator): \(reached), not \(optimum)")
  }

  // MARK: - Determinism and callbacks

  static let estimators: [Estimator] = [
    .soba(rate: .decaying(0.5)), .saba(rate: 0.2, batches: 6, validation: 3),
    .amigo(rate: 0.2, every: 2, linearSteps: 2), .stocBiO(rate: 0.2, every: 2, linearSteps: 2),
    .penalty(multiplier: 5, growth: 1, every: 2),
  ]

  private func path(
    _ estimator: Estimator, seed: UInt64 = 3, updates: Int = 20,
    onUpdate: (QuadraticBilevel.Problem, Int) throws -> Bool = { _, _ in true }
  ) throws -> (hyper: [[Double]], end: [Double], updates: Int) {
    let problem = try QuadraticBilevel().stochastic(steps: 7, rate: 0.2, seed: seed)
    var seen: [[Double]] = []
    let state = try problem.minimize(
      from: vector([0.3, -0.2]), by: estimator, updates: updates,
      with: OuterLoop(.momentum(rate: 0.05))
    ) { progress in
      seen.append(try progress.hyper.flat)
      return try onUpdate(problem, progress.update)
    }
    return (seen, try state.hyper.flat, state.updates)
  }

  @Test(arguments: estimators) func sameBitsForTheSameSeed(_ estimator: Estimator) throws {
    let one = try path(estimator)
    #expect(try path(estimator).hyper == one.hyper)
    #expect(try path(estimator, seed: 4).hyper != one.hyper)
    #expect(Set(one.hyper).count == 20)
  }

  /// Stopping after an update leaves what as many updates give, and a longer run goes through it.
  @Test(arguments: estimators) func stopping(_ estimator: Estimator) throws {
    let whole = try path(estimator)
    for pause in [1, 4, 9] {
      let stopped = try path(estimator) { _, update in update < pause }
      #expect(stopped.updates == pause && stopped.hyper == Array(whole.hyper[..<pause]))
      #expect(stopped.end == whole.hyper[pause - 1])
      #expect(try path(estimator, updates: pause).end == stopped.end)
    }
  }

  /// Programs are shared by all runs of a problem: others between updates change nothing.
  @Test(arguments: estimators) func callbacksMayUseTheProblem(_ estimator: Estimator) throws {
    let undisturbed = try path(estimator)
    let disturbed = try path(estimator) { problem, _ in
      for other in Self.estimators + [.reverse] {
        _ = try problem.hypergradient(at: vector([2, 3]), by: other)
      }
      return true
    }
    #expect(disturbed.hyper == undisturbed.hyper)
  }

  /// Nothing is left behind by a run: the second is like the first.
  @Test(arguments: estimators) func runsAreIndependent(_ estimator: Estimator) throws {
    let problem = try QuadraticBilevel().stochastic(steps: 7, rate: 0.2, seed: 3)
    let loop = OuterLoop<Tensor>(.sgd(rate: 0.05))
    let ends = try (0..<2).map { _ in
      try problem.minimize(from: vector([0.3, -0.2]), by: estimator, updates: 15, with: loop)
        .hyper.flat
    }
    #expect(ends[0] == ends[1])
    let alone = try (0..<2).map { _ in
      try problem.hypergradient(at: vector([0.3, -0.2]), by: estimator).gradient.flat
    }
    #expect(alone[0] == alone[1])
  }
}
