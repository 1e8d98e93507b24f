internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// Hypergradients of the solution of the inner problem, where it is known: Bengio's quadratic loss and
/// Pedregosa's theorem.
public struct ClosedFormExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "closed-form",
    summary:
      "The implicit function theorem checked against closed forms; what an inner tolerance costs in accuracy.",
    question:
      "How exact is a hypergradient that is computed at an inner solution, and how exact does that solution "
      + "have to be?",
    method:
      "Two quadratic problems whose hypergradients are known are differentiated by every implicit solver of the "
      + "library. Then training stops at looser and tighter gradient tolerances, and the error of the "
      + "hypergradient is measured. Last, Bengio's way, backpropagation through the solution of the linear "
      + "system itself, is timed by the number of weights.",
    mathematics: #"""
      If $\nabla_\theta L(\theta^*, h) = 0$ and the Hessian $H$ is invertible there, differentiating this equation by $h$ gives
      $N^{\top} + H \frac{\partial \theta^*}{\partial h} = 0$ and with it Pedregosa's formula

      $$ \nabla_h Q = \frac{\partial Q}{\partial h} - N H^{-1} \nabla_\theta Q, \quad N = \frac{\partial^2 L}{\partial h \partial \theta}. $$

      The first problem has $L = \sum_i (e_i w_i^2 + (w_i - c_i)^2)$ and $E = \sum_i (w_i - d_i)^2$, so that

      $$ w^*_i = \frac{c_i}{1 + e_i}, \quad \frac{dE}{de_i} = -2 (w^*_i - d_i) \frac{c_i}{(1 + e_i)^2}. $$

      Where training stops short, at $\|\nabla L\| = \epsilon$, weights and hypergradient are wrong by $O(\epsilon)$. Bengio's
      problem is $Q = a(h) + b(h) \theta + \frac{1}{2} \theta^{\top} H(h) \theta$ with the solution $\theta(h) = -H^{-1}(h) b(h)$:
      backpropagation through its Cholesky factor takes $O(s^3)$ for $s$ weights.
      """#,
    sources: [
      .init(
        "Bengio, Gradient-based optimization of hyperparameters, 2000",
        "https://doi.org/10.1162/089976600300015187"),
      .init(
        "Pedregosa, Hyperparameter optimization with approximate gradient, 2016",
        "https://arxiv.org/abs/1602.02355"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .int("weights", \.weights, "Weights of the first problem.", .within(1...1_000), value: "n"),
    .numbers(
      "tolerance", \.tolerances, "Tolerances of the inner gradient.", .within(1e-14...1),
      value: "eps"),
    .ints(
      "sizes", \.sizes, "Weights s of Bengio's problem, timed.", .within(2...4_000), value: "s"),
    .int("repeats", \.repeats, "Timed runs; the fastest counts.", .within(1...1_000)),
    .seed("seed", \.seed, "Of the problems' numbers."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.sizes, quick.repeats) = ([128, 256, 512], 9)
    return quick
  }

  public var weights = 8
  public var tolerances = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
  public var sizes = [128, 256, 512, 1_024]
  public var repeats = 5
  public var seed: UInt64 = 1

  public init() {}

  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    try context.report(0, of: 3, "solvers")
    let solvers = try context.run("solvers", key: key) { try solverErrors() }
    try context.report(1, of: 3, "tolerances")
    let errors = try context.run("tolerances", key: key) { try toleranceErrors() }
    try context.report(2, of: 3, "sizes")
    let times = try context.run("sizes", key: key) {
      try sizes.map { size in
        try context.continueOrStop()
        return try BengioProblem(size: size, seed: seed).seconds(repeats: repeats)
      }
    }
    return report(solvers, errors, times)
  }

  /// Numbers of the first problem: c, d, and e where the hypergradient is taken.
  private var numbers: (c: [Double], d: [Double], e: [Double]) {
    get throws {
      let keys = RandomKey(seed: seed, purpose: "closed form").split(3)
      return (
        try keys[0].normal([weights], dtype: .float64).doubles(),
        try keys[1].normal([weights], dtype: .float64).doubles(),
        try keys[2].uniform([weights], dtype: .float64).doubles().map { 0.1 + 2 * $0 }
      )
    }
  }

  /// dE/de_i = -2 (w_i - d_i) c_i / (1 + e_i)^2 at w_i = c_i / (1 + e_i).
  private func known() throws -> [Double] {
    let (c, d, e) = try numbers
    return c.indices.map {
      -2 * (c[$0] / (1 + e[$0]) - d[$0]) * c[$0] / ((1 + e[$0]) * (1 + e[$0]))
    }
  }

  private func problem() throws -> Problem {
    let (c, d, _) = try numbers
    let (target, goal, start) = (
      Tensor(c), Tensor(d), Tensor([Double](repeating: 0, count: weights))
    )
    return Problem(
      steps: 5_000, weights: { _ in start }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, e in (e * w.square()).sum() + (w - target).square().sum() },
      outer: { w, _ in (w - goal).square().sum() })
  }

  /// The solvers that are compared with the closed forms.
  private static let solvers: [(name: String, estimator: Estimator)] = {
    let inner = InnerSolution.lbfgs(LBFGS(tolerance: 1e-12))
    return [
      ("Cholesky", .implicit(.dense, inner: inner)),
      ("conjugate gradients", .implicit(.cg(), inner: inner)),
      ("Neumann series, 400 terms", .implicit(.neumann(terms: 400, step: 0.1), inner: inner)),
      ("fixed point of training", .fixedPoint()),
      ("HOAG to 1e-10", .hoag(.constant(1e-10))),
    ]
  }()

  /// Relative errors of each solver on the first problem, and on Bengio's.
  private func solverErrors() throws -> [[Double]] {
    let e = Tensor(try numbers.e)
    let first = try problem()
    let (known, bengio) = (try known(), BengioProblem(size: 20, seed: seed))
    let hyper = Tensor([Double](repeating: 0.1, count: 20))
    let (second, through) = (try bengio.problem(), try bengio.throughSolution(hyper))
    return try Self.solvers.map { _, estimator in
      [
        Self.error(try first.hypergradient(at: e, by: estimator).gradient.doubles(), known),
        Self.error(try second.hypergradient(at: hyper, by: estimator).gradient.doubles(), through),
      ]
    }
  }

  /// For training to a tolerance: the remaining gradient and the relative error.
  private func toleranceErrors() throws -> [[Double]] {
    let (problem, e, known) = (try problem(), Tensor(try numbers.e), try known())
    return try tolerances.map { tolerance in
      let result = try problem.hypergradient(
        at: e,
        by: .implicit(.dense, inner: .trainingUntil(tolerance: tolerance, every: 1)))
      return [
        result.diagnostics.implicit?.stationarity ?? .nan,
        Self.error(try result.gradient.doubles(), known),
      ]
    }
  }

  private static func error(_ given: [Double], _ known: [Double]) -> Double {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return norm(zip(given, known).map { $0 - $1 }) / norm(known)
  }

  private func report(
    _ solvers: [[Double]], _ errors: [[Double]], _ times: [Double]
  ) -> ExperimentReport {
    let slope = PowerLaw(x: errors.map { $0[0] }, y: errors.map { $0[1] }).exponent
    let growth = PowerLaw(x: sizes.map(Double.init), y: times).exponent
    var claims = zip(Self.solvers, solvers).map { solver, errors in
      Claim(
        "\(solver.name) gives both closed forms", .closedForm, in: 0...1e-8,
        measured: errors.max() ?? .nan, check: "the larger relative error of the two problems")
    }
    if tolerances.count >= 3 {
      claims.append(
        Claim(
          "The error is proportional to the inner gradient that is left", .theory, is: 1,
          within: 0.1,
          measured: slope, check: "exponent fitted to errors over the tolerances"))
    }
    if sizes.count >= 3 {
      claims.append(
        Claim(
          "Backpropagation through the solution takes between s^2 and s^3.5", .theory,
          in: 1.5...3.5,
          measured: growth,
          check: "exponent fitted to times; small systems have not reached the asymptotic 3 yet"))
    }
    return ExperimentReport(
      tables: [
        .init(
          "Relative error against the closed form", columns: ["e_i w_i^2", "Bengio's quadratic"],
          rows: zip(Self.solvers, solvers).map { .init($0.name, $1) }),
        .init(
          "Training until a tolerance", columns: ["gradient left", "relative error"],
          rows: zip(tolerances, errors).map { .init("\($0)", $1) }),
        .init(
          "Backpropagation through the solution of s equations", columns: ["milliseconds"],
          rows: zip(sizes, times).map { .init("s = \($0)", [$1 * 1_000]) }),
      ],
      claims: claims,
      notes: ["exponents: error ~ tolerance^\(Self.short(slope)), time ~ s^\(Self.short(growth))."],
      figures: [
        .init(
          "tolerance.svg",
          "The error of the hypergradient against the inner gradient that is left: a straight line of slope 1. Halving "
            + "the tolerance halves the error, which is what HOAG's schedules rest on.",
          svg: LineChart(
            title: "Hypergradient error by inner tolerance", x: .log("norm of the inner gradient"),
            y: .log("relative error"),
            series: [
              .init(
                "implicit, Cholesky", x: errors.map { $0[0] }, y: errors.map { $0[1] },
                style: MethodStyle.implicit.rawValue)
            ]
          ).svg()),
        .init(
          "time.svg",
          "Time of Bengio's hypergradient by the number of weights, with the slope of $s^3$.",
          svg: LineChart(
            title: "Backpropagation through a linear solve", x: .log("weights s"),
            y: .log("seconds"),
            series: [
              .init(
                "measured", x: sizes.map(Double.init), y: times, style: MethodStyle.exact.rawValue),
              .init(
                "s^3", x: sizes.map(Double.init),
                y: sizes.map { size in
                  let share = Double(size) / Double(sizes.last ?? 1)
                  return (times.last ?? 0) * share * share * share
                }, markers: false, style: MethodStyle.random.rawValue, dash: 2),
            ]
          ).svg()),
      ])
  }

  private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
