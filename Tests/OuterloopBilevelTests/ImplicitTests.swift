import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Implicit hypergradients on a table of strongly convex problems, and on problems with closed forms.
@Suite struct ImplicitTests {
  @Test(arguments: rows) func solversAgree(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkSolvers(test)
  }

  @Test(arguments: rows) func stationarity(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkStationarity(test)
  }

  @Test(arguments: rows) func nystromOfAllColumns(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkNystrom(test)
  }

  @Test(arguments: rows) func termsAndSteps(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkTruncation(test)
  }

  @Test(arguments: rows) func fixedPoints(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkFixedPoint(test)
  }

  @Test(arguments: rows) func longTraining(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkLongTraining(test)
  }

  @Test(arguments: rows) func larsen(_ test: ImplicitCase) throws {
    try ImplicitLaws.checkLarsen(test)
  }

  // MARK: - The table

  /// A quadratic, ridge regression with a decay for each tensor and a weight for each example, and
  /// softmax regression with a direct term.
  static let rows: [ImplicitCase] = {
    func draw(_ name: String, _ shape: [Int]) -> Tensor {
      RandomKey(seed: 31, purpose: name).uniform(shape, dtype: .float64) * 2 - 1
    }
    let (x, y) = (draw("x", [12, 4]), draw("y", [12]))
    let target = draw("target", [5])
    let classes = Tensor((0..<12).map { Int32(($0 * $0 + 1) % 3) })
    let (vx, vy) = (draw("vx", [6, 4]), Tensor((0..<6).map { Int32($0 % 3) }))
    let exampleWeights = 1 + 0.3 * draw("example weights", [12])
    return [
      ImplicitCase(
        "quadratic", weights: [draw("start", [5])], hyper: vector([0.5, 1, 0.2, 2, 0.7]),
        examples: 12, rate: 0.25, steps: 300,
        loss: { w, h, rows in
          let shift = y.gathered(at: rows).mean()
          return (h * w[0].square() + (w[0] - target - 0.1 * shift).square()).sum()
        },
        outer: { w, h in (w[0] - 0.3).square().sum() + 0.1 * h.sum() }),
      ImplicitCase(
        "ridge", weights: [draw("w", [4]), number(0.1)],
        hyper: [vector([-1.5, -1]), exampleWeights], examples: 12, rate: 0.4, steps: 400,
        loss: { w, h, rows in
          let error = matmul(x.gathered(at: rows), w[0]) + w[1] - y.gathered(at: rows)
          let decay = w.enumerated().map { index, tensor in
            0.5 * exp(h[0].example(index)) * tensor.square().sum()
          }
          return (0.5 * h[1].gathered(at: rows) * error.square()).mean() + decay[0] + decay[1]
        },
        outer: { w, _ in (w[0] - 0.2).square().sum() + w[1] * w[1] * w[1] }),
      ImplicitCase(
        "softmax", weights: [draw("softmax w", [4, 3]), draw("softmax b", [3])],
        hyper: Pair(number(-1.2), exampleWeights), examples: 12, rate: 0.8, steps: 400,
        loss: { w, h, rows in
          let logits = matmul(x.gathered(at: rows), w[0]) + w[1]
          let losses = softmaxCrossEntropy(logits, labels: classes.gathered(at: rows))
          let decay = 0.5 * exp(h.first) * (w[0].square().sum() + w[1].square().sum())
          return (h.second.gathered(at: rows) * losses).mean() + decay
        },
        outer: { w, h in
          Loss.crossEntropy(matmul(vx, w[0]) + w[1], labels: vy)
            + 0.05 * exp(h.first) * (1 + w[0].square().sum())
        }),
    ]
  }()

  // MARK: - Closed forms

  /// L = sum e_i w_i^2 + (w_i - c_i)^2, E = sum (w_i - d_i)^2 + direct . e:
  /// w* = c / (1 + e), dE/de_i = -2 (w*_i - d_i) c_i / (1 + e_i)^2 + direct_i.
  static let (c, d) = ([1.0, -0.5, 2, 0.3], [0.4, 0.1, 0.5, -0.2])

  static func quadratic(
    direct: Double = 0, dtype: DType = .float64
  ) -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
    let (c, d) = (vector(c).cast(to: dtype), vector(d).cast(to: dtype))
    return BilevelProblem(
      steps: 200, weights: { _ in Tensor.zeros([4], dtype: dtype) },
      optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, e in (e * w.square() + (w - c).square()).sum() },
      outer: { w, e in (w - d).square().sum() + direct * e.sum() })
  }

  static func quadraticGradient(_ e: [Double], direct: Double = 0) -> [Double] {
    e.indices.map { i in
      let w = c[i] / (1 + e[i])
      return -2 * (w - d[i]) * c[i] / ((1 + e[i]) * (1 + e[i])) + direct
    }
  }

  static let solvers: [CurvatureSolver] = [
    .dense, .cg(), .minres(), .gmres(), .neumann(terms: 500, step: 0.2),
  ]

  @Test(arguments: solvers) func quadraticClosedForm(_ solver: CurvatureSolver) throws {
    let e = [0.5, 1.5, 0.1, 3]
    for inner in [InnerSolution.training, .lbfgs(LBFGS(tolerance: 1e-12))] {
      let result = try Self.quadratic(direct: 0.7).hypergradient(
        at: vector(e), by: .implicit(solver, inner: inner))
      #expect(
        deviation(try result.gradient.flat, Self.quadraticGradient(e, direct: 0.7)) < 1e-9)
      #expect(deviation(try result.direct.flat, [0.7, 0.7, 0.7, 0.7]) == 0)
      #expect(
        deviation(try result.state.weights.flat, e.indices.map { Self.c[$0] / (1 + e[$0]) }) < 1e-9)
    }
  }

  /// Single precision, to its rounding.
  @Test(arguments: solvers) func singlePrecision(_ solver: CurvatureSolver) throws {
    let e = [0.5, 1.5, 0.1, 3]
    let result = try Self.quadratic(dtype: .float32).hypergradient(
      at: vector(e).cast(to: .float32),
      by: .implicit(solver, inner: .lbfgs(LBFGS(tolerance: 1e-5))))
    #expect(result.gradient.dtype == .float32)
    #expect(deviation(try result.gradient.flat, Self.quadraticGradient(e)) < 1e-4)
  }

  /// The course toy: L = |h + w|^2, E = |w|^2, dE/dh = -2 w_T whatever T, since w* = -h has slope -1.
  @Test func courseToy() throws {
    let result = try Toys.course().hypergradient(at: number(1), by: .implicit(.dense))
    #expect(abs(try result.gradient.item() - 1.3557549056) < 1e-10)
    let diagnostics = try #require(result.diagnostics.implicit)
    // |grad L| = 2 |h + w_T|: not a solution, and it is said.
    #expect(abs(diagnostics.stationarity - 2 * (1 - 0.6778774528)) < 1e-9)
    #expect(diagnostics.residual < 1e-15)
    #expect(abs(try #require(diagnostics.condition) - 1) < 1e-12)
    #expect(diagnostics.innerIterations == 10 && diagnostics.innerTolerance == nil)
  }

  /// An indefinite inner Hessian: w* is a saddle of L = h (w_1^2 - w_2^2) / 2 + w_1 - w_2, reached by a
  /// Newton-like step function. CG names the negative curvature, the others solve.
  @Test func saddle() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 1, weights: { _ in vector([-2, -2]) }, optimizer: { _, _ in .sgd(rate: 0) },
      loss: { w, h in
        (0.5 * h * vector([1, -1]) * w.square() + vector([1, -1]) * w).sum()
      }, outer: { w, _ in (vector([1, 3]) * w).sum() })
    // w* = (-1/h, -1/h): at h = .5, dE/dh = 4 / h^2 = 16.
    for solver in [CurvatureSolver.dense, .minres(), .gmres()] {
      let result = try problem.hypergradient(at: number(0.5), by: .implicit(solver))
      #expect(abs(try result.gradient.item() - 16) < 1e-9, "\(solver)")
    }
    expectError("negative curvature", "MINRES") {
      try problem.hypergradient(at: number(0.5), by: .implicit(.cg()))
    }
    expectError("diverged") {
      try problem.hypergradient(at: number(0.5), by: .implicit(.neumann(terms: 100, step: 0.5)))
    }
  }

  /// Decoupled decay moves the fixed point away from the loss's minimum: AdamW-like descent
  /// w' = w - rate (grad L + decay w), which the fixed-point form sees and `implicit` refuses.
  @Test func decoupledDecay() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      dynamics: InnerDynamics(
        steps: 400, batches: .full,
        initial: { _ in TrainingState(weights: vector([0, 0])) },
        objective: InnerObjective(
          weights: { [$0.weights] },
          loss: { s, h, _ in (h[0] * (s.weights - vector([1, 2])).square()).sum() },
          update: { s, g, h, _ in
            TrainingState(weights: s.weights - 0.1 * (g[0] + h[1] * s.weights))
          })),
      outer: { s, _ in s.weights.square().sum() })
    // 2 a (w - c) + mu w = 0: w = 2 a c / (2 a + mu).
    let (a, mu) = (1.0, 0.5)
    let result = try problem.hypergradient(
      at: [number(a), number(mu)], by: .fixedPoint(.gmres(StoppingRule(relative: 1e-13))))
    let size = 2 * a + mu
    let (w, dwa, dwm) = (
      [2 * a / size, 4 * a / size], [2 * mu / (size * size), 4 * mu / (size * size)],
      [-2 * a / (size * size), -4 * a / (size * size)]
    )
    let expected = [
      2 * (w[0] * dwa[0] + w[1] * dwa[1]), 2 * (w[0] * dwm[0] + w[1] * dwm[1]),
    ]
    #expect(deviation(try result.gradient.flat, expected) < 1e-10)
    #expect(try #require(result.diagnostics.implicit).stationarity < 1e-12)
  }

  /// A system that is no training: s' = (cos(h s_1) + .3 s_2) / 2, ..., by differences of its fixed point.
  @Test func anyDynamics() throws {
    let problem = BilevelProblem<Tensor, Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 200, batches: .full, initial: { _ in vector([0.1, 0.2]) },
        step: { s, h, _, _ in
          0.5 * cos(h * s) + 0.3 * matmul(Tensor([0, 1, -0.5, 0.2] as [Double], shape: [2, 2]), s)
        }),
      outer: { s, h in (s.square() * vector([1, 2])).sum() + h.sum() })
    let point = vector([0.8, 1.1])
    for solver in [
      FixedPointSolver.gmres(StoppingRule(relative: 1e-13)), .neumann(terms: 200),
    ] {
      let fixed = try problem.hypergradient(
        at: point, by: .fixedPoint(solver, tolerance: 1e-15)
      ).gradient.flat
      let unrolled = try problem.hypergradient(at: point, by: .reverse).gradient.flat
      #expect(deviation(fixed, unrolled) < 1e-12)
    }
  }

  // MARK: - Minibatches

  /// The mean over the batches of an epoch is the loss on all data: the same solution and hypergradient
  /// as training on all data at once. A mean over one batch is another problem, and says so by nothing
  /// but its own answer.
  @Test func batchesOfAnEpoch() throws {
    let x = RandomKey(seed: 41, purpose: "epoch x").normal([12, 3], dtype: .float64)
    let y = RandomKey(seed: 41, purpose: "epoch y").normal([12], dtype: .float64)
    @Sendable func loss(_ w: Tensor, _ h: Tensor, _ rows: Tensor) -> Tensor {
      (matmul(x.gathered(at: rows), w) - y.gathered(at: rows)).square().mean()
        + exp(h) * w.square().sum()
    }
    func problem(size: Int) throws -> BilevelProblem<TrainingState<Tensor>, Tensor, Tensor> {
      BilevelProblem(
        steps: 8, batches: try .shuffled(count: 12, size: size, seed: 3),
        weights: { _ in vector([0, 0, 0]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
        loss: loss, outer: { w, _ in (w - 0.5).square().sum() })
    }
    let inner = InnerSolution.lbfgs(LBFGS(tolerance: 1e-12))
    let whole = try problem(size: 12).hypergradient(
      at: number(-1), by: .implicit(.dense, batches: 1, inner: inner))
    for solver in [CurvatureSolver.dense, .cg()] {
      let parts = try problem(size: 3).hypergradient(
        at: number(-1), by: .implicit(solver, batches: 4, inner: inner))
      #expect(deviation(try parts.gradient.flat, try whole.gradient.flat) < 1e-10)
      #expect(deviation(try parts.state.flat, try whole.state.flat) < 1e-10)
      let said = try #require(parts.diagnostics.implicit)
      #expect(said.innerGradients % 4 == 0 && parts.cost.products % 4 == 0)
    }
    // By default all batches that training sees: two epochs, so the same again.
    let all = try problem(size: 3).hypergradient(at: number(-1), by: .implicit(inner: inner))
    #expect(deviation(try all.gradient.flat, try whole.gradient.flat) < 1e-8)
    let one = try problem(size: 3).hypergradient(
      at: number(-1), by: .implicit(batches: 1, inner: inner))
    #expect(deviation(try one.gradient.flat, try whole.gradient.flat) > 1e-3)
  }

  /// With one batch, activations are kept from product to product: not from one lambda to the next, and
  /// not from one estimator's weights to another's.
  @Test func keptActivationsAreOfTheseWeights() throws {
    let x = RandomKey(seed: 42, purpose: "kept").normal([20, 4], dtype: .float64)
    func problem() -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
      BilevelProblem(
        steps: 5, weights: { _ in vector([0.3, -0.2, 0.1, 0.5]) },
        optimizer: { _, _ in .sgd(rate: 0.2) },
        loss: { w, h in tanh(matmul(x, w)).square().mean() + exp(h) * (w - 1).square().sum() },
        outer: { w, _ in (w - 0.5).square().sum() })
    }
    let kept = problem()
    for lambda in [-1.0, 0.5, -2] {
      for inner in [InnerSolution.training, .lbfgs(LBFGS(tolerance: 1e-10))] {
        let estimator = Estimator.implicit(.dense, inner: inner)
        let again = try kept.hypergradient(at: number(lambda), by: estimator)
        let fresh = try problem().hypergradient(at: number(lambda), by: estimator)
        #expect(try again.gradient.flat == fresh.gradient.flat)
      }
    }
  }

  // MARK: - Warm starts

  /// In `minimize` the second solve at the same lambda starts from the last q and w*: nothing is left to
  /// do.
  @Test(arguments: [
    Estimator.implicit(.cg(), inner: .lbfgs()), .implicit(.minres(), inner: .lbfgs()),
    .implicit(.gmres(), inner: .trainingUntil(tolerance: 1e-8)), .hoag(.constant(1e-6)),
  ])
  func secondUpdate(_ estimator: Estimator) throws {
    let seen = try Self.quadratic().path(
      from: vector([0.5, 1.5, 0.1, 3]), by: estimator, updates: 3,
      with: OuterLoop(.sgd(rate: 0))
    ) { try #require($0.diagnostics.implicit) }
    #expect(seen[0].iterations > 0 && seen[0].innerIterations > 0)
    for later in seen[1...] { #expect(later.iterations == 0 && later.innerIterations == 0) }
  }

  /// One update, by each estimator, through the same entry.
  @Test func minimizes() throws {
    let start = vector([0.5, 1.5, 0.1, 3])
    var ends: [[Double]] = []
    for estimator in [
      Estimator.implicit(.dense), .implicit(.cg(), inner: .lbfgs(LBFGS(tolerance: 1e-11))),
      .fixedPoint(.gmres(StoppingRule(relative: 1e-12))), .hoag(.constant(1e-11)), .reverse,
    ] {
      let end = try Self.quadratic().minimize(
        from: start, by: estimator, updates: 12,
        with: OuterLoop(.sgd(rate: 0.3), constraints: [try .box(lower: 0, upper: 10)]))
      ends.append(try end.hyper.flat)
    }
    for end in ends { #expect(deviation(end, ends[0]) < 1e-8) }
  }
}
