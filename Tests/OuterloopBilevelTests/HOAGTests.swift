import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

/// Inexact hypergradients whose tolerance falls, and the outer loop that they are made for.
@Suite struct HOAGTests {
  // MARK: - Schedules

  @Test func scheduleValues() {
    #expect(ToleranceSchedule.quadratic().tolerance(1) == 1e-3)
    #expect(ToleranceSchedule.quadratic().tolerance(10) == 1e-5)
    #expect(abs(ToleranceSchedule.cubic(initial: 2).tolerance(10) - 2e-3) < 1e-18)
    #expect(abs(ToleranceSchedule.exponential().tolerance(3) - 0.81e-3) < 1e-18)
    #expect(ToleranceSchedule.exponential(factor: 0.5, initial: 8).tolerance(4) == 1)
    #expect(ToleranceSchedule.quadratic(initial: 1, floor: 0.1).tolerance(100) == 0.1)
    #expect(ToleranceSchedule.constant(1e-5).tolerance(7) == 1e-5)
  }

  // MARK: - Errors

  static let schedules: [ToleranceSchedule] = [
    .quadratic(initial: 0.1), .cubic(initial: 0.1), .exponential(factor: 0.7, initial: 0.1),
  ]

  /// On the quadratic, at every update: |g_k - g| <= C eps_k with one C. With H = 2 (1 + e) >= 2 and all
  /// |w|, |c| <= 2: |w - w*| <= eps / 2; |q - q*| <= (eps + 2 |w - w*|) / 2 <= eps; |g| = |2 w q| moves
  /// by at most 2 (|w| |q - q*| + |q| |w - w*|) <= 8 eps.
  @Test(arguments: schedules) func errorsFollowTheTolerance(_ schedule: ToleranceSchedule) throws {
    let rate = 0.2
    var point = vector([0.5, 1.5, 0.1, 3])
    var shares: [Double] = []
    var works: [Int] = []
    _ = try ImplicitTests.quadratic(direct: 0.01).minimize(
      from: point, by: .hoag(schedule), updates: 25, with: OuterLoop(.sgd(rate: .init(rate)))
    ) { progress in
      let (before, after) = (try point.flat, try progress.hyper.flat)
      let given = zip(before, after).map { ($0 - $1) / rate }
      let exact = ImplicitTests.quadraticGradient(before, direct: 0.01)
      let error = zip(given, exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let tolerance = schedule.tolerance(progress.update)
      let said = try #require(progress.diagnostics.implicit)
      #expect(said.innerTolerance == tolerance && said.stationarity <= tolerance)
      #expect(error <= 8 * tolerance + 1e-14, "update \(progress.update)")
      shares.append(error / tolerance)
      works.append(said.innerGradients)
      point = progress.hyper
      return true
    }
    // The tolerances are made use of: exact hypergradients would have errors of rounding.
    #expect(shares.contains { $0 > 0.01 } && works.count == 25)
  }

  /// Linear systems are solved to the tolerance too, in absolute terms.
  @Test func linearTolerance() throws {
    for scale in [1.0, 100] {
      let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
        steps: 1, weights: { _ in Tensor.zeros([30], dtype: .float64) },
        optimizer: { _, _ in .sgd(rate: 0.1) },
        loss: { w, e in
          let curvature = 1 + 0.3 * Tensor.iota([30], axis: 0, dtype: .float64)
          return (e * curvature * w.square()).sum() - w.sum()
        },
        outer: { w, _ in scale * (w - 1).square().sum() })
      let tolerance = 1e-2
      func check(_ diagnostics: ImplicitDiagnostics?, at weights: Tensor) throws {
        let said = try #require(diagnostics)
        let size = try gradient(at: weights) {
          scale * ($0 - 1).square().sum()
        }.flat.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(said.residual * size <= tolerance && said.residual * size > 1e-3 * tolerance)
        #expect(said.iterations < 30)
      }
      let result = try problem.hypergradient(at: number(1), by: .hoag(.constant(tolerance)))
      try check(result.diagnostics.implicit, at: result.state.weights)
      _ = try problem.minimize(
        from: number(1), by: .hoag(.constant(tolerance)), updates: 1, with: OuterLoop(.sgd(rate: 0))
      ) { progress in
        try check(progress.diagnostics.implicit, at: progress.state.weights)
        return true
      }
    }
  }

  // MARK: - Work

  /// Logistic regression with a decay for each feature, on generated data.
  private static func logistic(
    features: Int = 20
  ) -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
    func draw(_ name: String, _ shape: [Int]) -> Tensor {
      RandomKey(seed: 51, purpose: name).normal(shape, dtype: .float64)
    }
    let (x, vx) = (draw("x", [80, features]), draw("vx", [60, features]))
    let teacher =
      draw("teacher", [features])
      * exp(
        -0.4 * Tensor.iota([features], axis: 0, dtype: .float64))
    let (y, vy) = (
      sign(matmul(x, teacher) + 0.5 * draw("noise", [80])),
      sign(matmul(vx, teacher) + 0.5 * draw("validation noise", [60]))
    )
    return BilevelProblem(
      steps: 1, weights: { _ in Tensor.zeros([features], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in
        softplus(-y * matmul(x, w)).mean() + 0.5 * (exp(h) * w.square()).sum()
      },
      outer: { w, _ in softplus(-vy * matmul(vx, w)).mean() })
  }

  private static func sign(_ x: Tensor) -> Tensor {
    let values = (try? x.doubles()) ?? []
    return vector(values.map { $0 > 0 ? 1 : -1 })
  }

  /// Inexact hypergradients reach the loss of exact ones with less work: gradients and products.
  @Test(arguments: [
    ToleranceSchedule.quadratic(), .cubic(), .exponential(),
  ])
  func lessWorkForTheSameLoss(_ schedule: ToleranceSchedule) throws {
    let problem = Self.logistic()
    let start = vector([Double](repeating: -3, count: 20))
    func run(_ schedule: ToleranceSchedule) throws -> (loss: Double, work: Int) {
      var (loss, work) = (Double.infinity, 0)
      _ = try problem.minimize(
        from: start, by: .hoag(schedule), updates: 30, with: OuterLoop(.adam(rate: 0.1))
      ) { progress in
        loss = min(loss, progress.loss)
        work += progress.cost.gradients + progress.cost.products
        return true
      }
      return (loss, work)
    }
    let (exact, inexact) = (try run(.constant(1e-12)), try run(schedule))
    let (before, _) = try problem.solveExactly(at: start)
    #expect(exact.loss < before - 0.01, "nothing was learned: the test shows nothing")
    #expect(inexact.loss <= exact.loss + 1e-3 * (before - exact.loss))
    #expect(
      Double(inexact.work) < 0.8 * Double(exact.work), "\(inexact.work) of \(exact.work)")
  }

  // MARK: - The adaptive step

  /// One projected step an update, lambda' = lambda - s g, with s by how much of the promised decrease
  /// came.
  @Test func adaptiveSteps() throws {
    let loop = OuterLoop<Tensor>(AdaptiveStep(initial: 0.5))
    var state = try loop.start(at: vector([1, 2]))
    func step(_ gradient: [Double], loss: Double, to point: [Double], back: Bool = false) throws {
      state = try loop.step(state, along: vector(gradient), loss: loss)
      #expect(deviation(try state.hyper.flat, point) < 1e-15, "\(state.hyper)")
      #expect(state.wasRejected == back)
    }
    try step([2, -2], loss: 10, to: [0, 3])
    // 4 were promised: 1.5 keeps the step.
    try step([1, 1], loss: 8.5, to: [-0.5, 2.5])
    // .1 of 1 halves it; so does a small rise, from the new point.
    try step([2, 0], loss: 8.4, to: [-1, 2.5])
    try step([4, 0], loss: 9, to: [-1.5, 2.5])
    // A rise by a fifth: back to [-1, 2.5], and half the step along [4, 0], twice.
    try step([9, 9], loss: 10.8, to: [-1.25, 2.5], back: true)
    try step([9, 9], loss: 10.8, to: [-1.125, 2.5], back: true)
    // More than half of the promise: a longer step.
    try step([1, 0], loss: 8, to: [-1.125 - 0.03125 / 0.95, 2.5])
    #expect(state.updates == 7)
    #expect(throws: BilevelError.self) { try loop.step(state, along: vector([1, 0])) }
    // Without a first step: a root mean square of 1.
    let free = OuterLoop<Tensor>(AdaptiveStep())
    let moved = try free.step(try free.start(at: vector([0, 0])), along: vector([3, 4]), loss: 1)
    let root = 2.0.squareRoot()
    #expect(deviation(try moved.hyper.flat, [-0.6 * root, -0.8 * root]) < 1e-15)
    for bad in [
      AdaptiveStep(initial: 0), AdaptiveStep(growth: 0), AdaptiveStep(growth: 1.1),
      AdaptiveStep(shrinkage: 1), AdaptiveStep(rise: -1),
    ] {
      let loop = OuterLoop<Tensor>(bad)
      #expect(throws: BilevelError.self) {
        try loop.step(try loop.start(at: vector([1])), along: vector([1]), loss: 1)
      }
    }
  }

  /// A first step that is far too long is cut down, by any estimator; HOAG's tolerance is halved with
  /// each rejection; constraints hold after every update.
  @Test(arguments: [Estimator.hoag(.exponential(factor: 0.99)), .implicit(.dense), .reverse])
  func findsAStep(_ estimator: Estimator) throws {
    // w* = c / (1 + exp h) meets d at a finite h in each coordinate, so both ends of the box are bad.
    let (c, d) = (vector([1, -0.5, 2, 0.3]), vector([0.4, -0.3, 1, 0.2]))
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 100, weights: { _ in vector([0, 0, 0, 0]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in (exp(h) * w.square() + (w - c).square()).sum() },
      outer: { w, _ in (w - d).square().sum() })
    let loop = OuterLoop<Tensor>(
      AdaptiveStep(initial: 300), constraints: [try .box(lower: -2, upper: 1)])
    var (accepted, last, rejections) = (Double.infinity, 0.0, 0)
    var tolerance: Double?
    let end = try problem.minimize(
      from: vector([0, 0, -0.7, 0]), by: estimator, updates: 60, with: loop
    ) { progress in
      last = progress.loss
      if last >= 1.2 * accepted { rejections += 1 } else { accepted = last }
      tolerance = progress.diagnostics.implicit?.innerTolerance
      let point = try progress.hyper.flat
      #expect(point.allSatisfy { $0 >= -2 && $0 <= 1 })
      return true
    }
    #expect(end.updates == 60 && rejections > 2 && accepted < 1e-3, "\(rejections), \(accepted)")
    if let hoag = estimator.method as? HOAG {
      var halved = hoag.tolerances.tolerance(60)
      for _ in 0..<rejections { halved *= 0.5 }
      #expect(abs(try #require(tolerance) - halved) <= 1e-12 * halved || last >= 1.2 * accepted)
    }
  }
}

extension BilevelProblem {
  /// E at a solution of the inner problem.
  fileprivate func solveExactly(at hyper: Hyper) throws -> (loss: Double, state: State) {
    let result = try hypergradient(at: hyper, by: .hoag(.constant(1e-11)))
    return (result.loss, result.state)
  }
}
