internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopText

/// Lorraine's table of hypergradient approximations, every row measured on one problem; and a million decays.
public struct ImplicitTableExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "implicit-table",
    summary:
      "Lorraine's table of approximations, each row measured against the exact one; a million decays.",
    question:
      "How close does each approximation of the implicit hypergradient come to the exact one?",
    method:
      "Softmax regression of the bundled digits with a log decay for each of 64 pixels. Every row of the table of "
      + "Lorraine et al. is computed at the same point and compared with the exact implicit hypergradient: unrolled and "
      + "truncated training, Larsen's curvature, the identity for the inverse Hessian (T1-T2), Neumann series of "
      + "growing length, conjugate gradients, a hypernetwork, and the derivative of a Gaussian process fitted to "
      + "losses around the point. Then a hypergradient with one decay for each of many weights.",
    mathematics: #"""
      All rows approximate the inverse of the training Hessian $H$ in

      $$ \frac{dE}{d\lambda} = \frac{\partial E}{\partial \lambda} - \frac{\partial E}{\partial w} H^{-1} \frac{\partial^2 L}{\partial w \partial \lambda}. $$

      T1-T2 takes $I$, Larsen the sum of outer products of the examples' gradients, and the Neumann series

      $$ H^{-1} \approx a \sum_{j=0}^{K} (I - a H)^j, $$

      which is what $K + 1$ steps of backpropagation through training at its end with rate $a$ would give. It converges
      where $\|I - a H\| < 1$; conjugate gradients need no such step.
      """#,
    sources: [
      .init(
        "Lorraine, Vicol, Duvenaud, Optimizing millions of hyperparameters by implicit differentiation, 2020",
        "https://arxiv.org/abs/1911.02590"),
      .init(
        "Larsen et al., Design and regularization of neural networks: the optimal use of a validation set, 1996",
        "https://doi.org/10.1109/NNSP.1996.548336"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .int("steps", \.steps, "T, steps of unrolled training.", .within(20...1_000_000), value: "T"),
    .ints("terms", \.terms, "Terms of Neumann series.", .within(1...1_000_000), value: "n"),
    .int(
      "evaluations", \.evaluations, "Losses that the Gaussian process is fitted to.",
      .within(4...2_000),
      value: "n"),
    .int(
      "decays", \.decays, "Weights, each with a decay of its own.", .within(10...2_000_000),
      value: "n"),
    .int("train", \.train, "Digits to train on.", .within(20...1_700), value: "n"),
    .int("validation", \.validation, "Digits to validate on.", .within(20...1_700), value: "n"),
    .seed("seed", \.seed, "Of digits and points."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.evaluations, quick.decays, quick.train, quick.validation) = (40, 100_000, 150, 300)
    quick.steps = 300
    return quick
  }

  public var steps = 1_000
  public var terms = [5, 20, 100, 500]
  public var evaluations = 200
  public var decays = 1_000_000
  public var train = 300
  public var validation = 500
  public var seed: UInt64 = 1

  public init() {}

  public func validate(_: ExperimentContext) throws {
    try DigitSplit.check(train: train, validation: validation)
  }

  /// The batch holds row numbers of the training set, so that single examples have gradients.
  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, Tensor>

  /// The rate of the inner optimizer and of the Neumann series; below the inverse of the largest
  /// curvature.
  private static let rate = 0.2
  private static let logDecay = -4.0

  private var rows: [(name: String, estimator: Estimator)] {
    let inner = InnerSolution.lbfgs(LBFGS(tolerance: 1e-9))
    func implicit(_ solver: CurvatureSolver, damping: Double = 0) -> Estimator {
      .implicit(solver, damping: damping, batches: 1, inner: inner)
    }
    return [
      ("unrolled, \(steps) steps", .reverse),
      ("truncated, last \(Swift.max(steps / 20, 1)) steps", .truncated(Swift.max(steps / 20, 1))),
      ("Larsen", implicit(.larsen, damping: 0.02)), ("T1-T2 (identity)", implicit(.identity)),
    ] + terms.map { ("Neumann, \($0) terms", implicit(.neumann(terms: $0, step: Self.rate))) } + [
      ("conjugate gradients", implicit(.cg())),
      (
        "hypernetwork",
        .hypernetwork(.init(scale: 0.1, scaleRate: nil, samples: 4, seed: seed))
      ),
    ]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let problem = try problem()
    let hyper = Tensor([Double](repeating: Self.logDecay, count: 64))
    let total = rows.count + 3
    try context.report(0, of: total, "exact")
    let exact = try context.run("exact", key: key) {
      try problem.hypergradient(
        at: hyper,
        by: .implicit(.dense, batches: 1, inner: .lbfgs(LBFGS(tolerance: 1e-10)))
      ).gradient.doubles()
    }
    var answers: [(name: String, gradient: [Double])] = []
    for (place, row) in rows.enumerated() {
      try context.report(1 + place, of: total, row.name)
      let gradient = try context.run(row.name, key: key) {
        try problem.hypergradient(at: hyper, by: row.estimator).gradient.doubles()
      }
      answers.append((row.name, gradient))
    }
    try context.report(total - 2, of: total, "Gaussian process")
    answers.append(
      (
        "Gaussian process, \(evaluations) losses",
        try context.run("Gaussian process", key: key) { try modelled(problem, context) }
      ))
    try context.report(total - 1, of: total, "decays")
    let million = try context.run("decays", key: key) {
      try MillionDecays(weights: decays, seed: seed).answer()
    }
    return report(exact, answers, million)
  }

  private func problem() throws -> Problem {
    let split = try DigitSplit(train: train, validation: validation, seed: seed)
    let (start, rate) = (split.zeroModel(), Self.rate)
    let all = Tensor((0..<Int32(train)).map { $0 })
    return Problem(
      steps: steps, batches: Batches { _ in all }, weights: { _ in start },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { model, decay, rows in
        Loss.crossEntropy(
          model(split.x.gathered(at: rows)), labels: split.y.gathered(at: rows))
          + 0.5 * (exp(decay).reshaped([64, 1]) * model.weights.square()).sum()
          + 5e-3 * model.bias.square().sum()
      },
      outer: { model, _ in Loss.crossEntropy(model(split.heldX), labels: split.heldY) })
  }

  /// The derivative of a Gaussian process fitted to losses around the point.
  private func modelled(_ problem: Problem, _ context: ExperimentContext) throws -> [Double] {
    let offsets = try RandomKey(seed: seed, purpose: "implicit table").normal(
      [evaluations, 64], dtype: .float64
    ).doubles()
    let points = (0..<evaluations).map { row in (0..<64).map { 0.5 * offsets[64 * row + $0] } }
    let losses = try points.map { point in
      try context.continueOrStop()
      let hyper = Tensor(point.map { Self.logDecay + $0 })
      return try problem.hypergradient(
        at: hyper, by: .implicit(.identity, batches: 1, inner: .lbfgs(LBFGS(tolerance: 1e-6)))
      ).loss
    }
    let model = try LossModel(points, losses: losses)
    return model?.gradient(dimensions: points[0].count)
      ?? [Double](repeating: .nan, count: points[0].count)
  }

  private func report(
    _ exact: [Double], _ answers: [(name: String, gradient: [Double])],
    _ million: MillionDecays.Answer
  ) -> ExperimentReport {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let measures = answers.map { answer in
      let product = zip(answer.gradient, exact).reduce(0) { $0 + $1.0 * $1.1 }
      return (
        name: answer.name, cosine: product / (norm(answer.gradient) * norm(exact)),
        error: norm(zip(answer.gradient, exact).map { $0 - $1 }) / norm(exact)
      )
    }
    func error(_ prefix: String) -> Double {
      measures.first { $0.name.hasPrefix(prefix) }?.error ?? .nan
    }
    func cosine(_ prefix: String) -> Double {
      measures.first { $0.name.hasPrefix(prefix) }?.cosine ?? .nan
    }
    let series = measures.filter { $0.name.hasPrefix("Neumann") }.map(\.error)
    let order = terms.indices.sorted { terms[$0] < terms[$1] }
    let rises = zip(order, order.dropFirst()).count { series[$0] < series[$1] }
    let longest = order.last.map { series[$0] } ?? .nan
    return ExperimentReport(
      tables: [
        .init(
          "Against the exact implicit hypergradient", columns: ["cosine", "relative error"],
          rows: measures.map { .init($0.name, [$0.cosine, $0.error]) }),
        .init(
          "A decay for each of \(decays) weights", columns: ["value"],
          rows: [
            .init("relative error against Woodbury's formula", [million.error]),
            .init("seconds", [million.seconds]),
          ]),
      ],
      claims: [
        Claim(
          "Conjugate gradients are exact", .secondMethod, in: 0...1e-5,
          measured: error("conjugate"), check: "relative difference from the Cholesky solve"),
        Claim(
          "Longer Neumann series are nearer", .theory, in: 0...0, measured: Double(rises),
          check: "how often a longer series has a larger error"),
        Claim(
          "T1-T2 is further off than the longest Neumann series", .published,
          in: 1...(.infinity), measured: error("T1-T2") / longest, check: "ratio of the errors"),
        Claim(
          "but points in a useful direction", .published, in: 0.3...1, measured: cosine("T1-T2"),
          check: "cosine with the exact one"),
        Claim(
          "Larsen's curvature is nearer in direction than the identity", .theory, in: 0...2,
          measured: cosine("Larsen") - cosine("T1-T2"), check: "difference of the cosines"),
        Claim(
          "A model of the loss knows less of 64 directions than any hypergradient", .theory,
          in: 0...2, measured: cosine("conjugate") - cosine("Gaussian process"),
          check: "difference of the cosines, with \(evaluations) losses"),
        Claim(
          "The hypergradient of \(decays) decays is exact", .closedForm, in: 0...1e-5,
          measured: million.error, check: "relative difference from Woodbury's formula"),
      ],
      notes: [
        "Bengio's row is the exact one: it solves the same system densely.",
        "Larsen's curvature is damped by 0.02, the decay's own curvature: its gradients of single examples vanish nowhere else.",
        "Unrolled and truncated training, and the hypernetwork, answer for \(steps) steps of training and not for its "
          + "solution: their distance from the implicit hypergradient is not an error of theirs alone.",
      ],
      figures: [
        .init(
          "cosine.svg",
          "The direction of each approximation: the cosine with the exact hypergradient, 1 at best.",
          svg: BarChart(
            title: "Cosine with the exact hypergradient", x: "", y: .init("cosine", range: 0...1),
            categories: measures.map(\.name), series: [.init("", measures.map(\.cosine))]
          ).svg(width: 640, height: 460)),
        .init(
          "neumann.svg", "The error of the Neumann series by its length.",
          svg: LineChart(
            title: "Neumann series", x: .log("terms"), y: .log("relative error"),
            series: [
              .init(
                "error", x: terms.map(Double.init), y: series, style: MethodStyle.implicit.rawValue)
            ]
          ).svg()),
      ])
  }
}
