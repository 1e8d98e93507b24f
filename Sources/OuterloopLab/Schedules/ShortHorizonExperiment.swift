internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopText

/// A learning-rate schedule tuned by gradient, and the effect of short horizons.
public struct ShortHorizonExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "short-horizon",
    summary:
      "What short horizons do to a learning-rate schedule that is tuned by gradient.",
    question:
      "How far back does a gradient have to look to tune a learning-rate schedule?",
    method:
      "A small network is trained on bundled digits by gradient descent whose rate is interpolated between five "
      + "values. They are tuned on validation digits by reverse mode, by DrMAD, by the last tenth of the steps, and "
      + "by the last step alone, and judged on digits that neither training nor tuning has seen, over seeds.",
    mathematics: #"""
      With rates $\eta_t$ the weights are $w_t = w_{t-1} - \eta_t \nabla L(w_{t-1})$ and

      $$ \frac{dE}{d\eta_t} = -\nabla E(w_T) A_T \cdots A_{t+1} \nabla L(w_{t-1}), \quad A_t = I - \eta_t H_t. $$

      Truncating to the last $K$ steps keeps only $t > T - K$: what an early rate does for the end of training is not
      seen, and nor is what a late one costs beyond it. Rates are tuned as logarithms, one for each knot $j$ of
      $\log \eta_t = \sum_j c_j(t) \rho_j$ with linear weights $c_j$.
      """#,
    sources: [
      .init(
        "Maclaurin, Duvenaud, Adams, Gradient-based hyperparameter optimization through reversible "
          + "learning, 2015", "https://arxiv.org/abs/1502.03492"),
      .init(
        "Wu et al., Understanding short-horizon bias in stochastic meta-optimization, 2018",
        "https://arxiv.org/abs/1803.02021"),
    ])

  public static let settings: [Setting<Self>] = [
    .int("seeds", \.seeds, "Splits of the digits and first weights.", .within(1...1_000)),
    .int("steps", \.steps, "T, steps of training.", .within(10...100_000), value: "T"),
    .int("updates", \.updates, "Updates of the schedule.", .within(1...10_000)),
    .number("start", \.start, "The rate of every step at the start.", .within(1e-6...1)),
    .number("outer-rate", \.outerRate, "Adam's rate on log rates.", .within(1e-6...1)),
    .int("hidden", \.hidden, "Units of the hidden layer.", .within(1...1_000), value: "n"),
    .choice("method", \.methods, "Methods", among: Method.allCases.map(\.rawValue)),
    .seed("first-seed", \.firstSeed, "The seed of the first run."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates, quick.hidden) = (3, 60, 25, 12)
    return quick
  }

  public enum Method: String, CaseIterable, Sendable {
    case reverse, drmad, truncated
    case oneStep = "one-step"
  }

  public var seeds = 10
  public var steps = 100
  public var updates = 50
  public var start = 0.05
  public var outerRate = 0.15
  public var hidden = 32
  public var methods = Method.allCases.map(\.rawValue)
  public var firstSeed: UInt64 = 1

  public init() {}

  private static let knots = 5
  private static let (train, validation, test) = (200, 300, 800)

  /// Test losses before and after, and the schedule.
  private struct Run: Codable {
    var before, after: Double
    var rates: [Double]
    /// Fewer than requested if the hypergradient diverged.
    var updates: Int
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    var alone = self
    (alone.seeds, alone.methods, alone.firstSeed) = (1, [], 0)
    let key = try Fingerprint(of: alone).text
    let chosen = methods.compactMap(Method.init(rawValue:))
    let runs = try chosen.enumerated().map { place, method in
      try (0..<seeds).map { number in
        let seed = firstSeed &+ UInt64(number)
        let word = "\(method.rawValue), seed \(seed)"
        try context.report(place * seeds + number, of: chosen.count * seeds, word)
        return try context.run(word, key: key) { try tune(method, seed: seed, context) }
      }
    }
    return report(chosen, runs)
  }

  private func tune(_ method: Method, seed: UInt64, _ context: ExperimentContext) throws -> Run {
    let estimator: Estimator =
      switch method {
      case .reverse: .reverse
      case .drmad: .drmad(.steps(1))
      case .truncated: .truncated(Swift.max(steps / 10, 2))
      case .oneStep: .oneStep
      }
    let split = try DigitSplit(
      train: Self.train, validation: Self.validation + Self.test, seed: seed, dtype: .float32)
    let network = MultilayerPerceptron(
      [64, hidden, 10], key: RandomKey(seed: seed, purpose: "learning rate"))
    let weights = Tensor(
      interpolation.flatMap { $0.map { Float($0) } }, shape: [steps, Self.knots])
    let (validation, all) = (Self.validation, Self.validation + Self.test)
    func problem(
      _ range: Range<Int>
    ) -> BilevelProblem<TrainingState<MultilayerPerceptron>, Tensor, NoTensors> {
      let x = split.heldX.sliced(axis: 0, range)
      let y = split.heldY.sliced(axis: 0, range)
      return BilevelProblem(
        steps: steps, weights: { _ in network },
        optimizer: { knots, time in
          let row = weights.gathered(at: time.index).reshaped([Self.knots])
          return .sgd(rate: .init(exp((row * knots).sum())))
        },
        loss: { network, _ in Loss.crossEntropy(network(split.x), labels: split.y) },
        outer: { network, _ in Loss.crossEntropy(network(x), labels: y) })
    }
    let (tuned, judged) = (problem(0..<validation), problem(validation..<all))
    let first = Tensor([Float](repeating: Float(log(start)), count: Self.knots))
    var (hyper, made) = (first, 0)
    // Along a line instead of the trajectory, the product of the Jacobians can overflow where that of the
    // training does not: then the previous schedule is kept.
    do {
      _ = try tuned.minimize(
        from: first, by: estimator, updates: updates,
        with: OuterLoop(
          .adam(rate: .init(outerRate)), constraints: [try .box(lower: -12, upper: 0.7)]),
        training: .restarted
      ) { progress in
        try context.continueOrStop()
        (hyper, made) = (progress.hyper, made + 1)
        return true
      }
    } catch BilevelError.nonFinite {}
    let knots = try hyper.doubles()
    return Run(
      before: try judged.solve(at: first).loss, after: try judged.solve(at: hyper).loss,
      rates: interpolation.map { row in exp(zip(row, knots).reduce(0) { $0 + $1.0 * $1.1 }) },
      updates: made)
  }

  /// For each step the weights of the knots, linear in between.
  private var interpolation: [[Double]] {
    (0..<steps).map { step in
      let place = Double(step) / Double(Swift.max(steps - 1, 1)) * Double(Self.knots - 1)
      return (0..<Self.knots).map { Swift.max(0, 1 - abs(place - Double($0))) }
    }
  }

  private func report(_ chosen: [Method], _ runs: [[Run]]) -> ExperimentReport {
    let ratios = runs.map { $0.map { $0.after / $0.before } }
    func place(_ method: Method) -> Int? { chosen.firstIndex(of: method) }
    var claims: [Claim] = []
    if let reverse = place(.reverse) {
      claims.append(
        Claim(
          "Reverse mode finds better schedules than the start, on every seed", .theory,
          in: 0...0.95,
          measured: ratios[reverse].max() ?? .nan,
          check: "test loss as a share of that at the start, worst of \(seeds)"))
      for method in [Method.truncated, .oneStep] {
        guard let short = place(method) else { continue }
        claims.append(
          Claim(
            "\(method.rawValue) finds no better ones than reverse mode", .theory,
            in: 0.99...(.infinity),
            measured: Repetitions(values: ratios[short]).mean
              / Repetitions(values: ratios[reverse]).mean,
            check: "ratio of the mean shares of test loss"))
      }
    }
    let names = chosen.map { method in
      method == .truncated ? "last \(Swift.max(steps / 10, 2)) steps" : method.rawValue
    }
    let styles = chosen.map { method -> MethodStyle in
      switch method {
      case .reverse: .exact
      case .drmad: .drmad
      case .truncated: .short
      case .oneStep: .random
      }
    }
    return ExperimentReport(
      tables: [
        .init(
          "Test loss over \(NumberText.count(seeds, "seed")), \(updates) updates",
          columns: ["at the start", "tuned", "+-", "share", "mean rate", "ran away"],
          rows: chosen.indices.map { method in
            let (before, after) = (
              Repetitions(values: runs[method].map(\.before)),
              Repetitions(values: runs[method].map(\.after))
            )
            let rates = Repetitions(values: runs[method].flatMap(\.rates))
            return .init(
              names[method],
              [
                before.mean, after.mean, after.interval, Repetitions(values: ratios[method]).mean,
                rates.mean, Double(runs[method].count { $0.updates < updates }),
              ])
          })
      ],
      claims: claims,
      notes: [
        "\(Self.train) digits to train on, \(Self.validation) to tune on, \(Self.test) to test on; +- is half of the 95 % "
          + "interval over seeds.",
        "ran away: seeds whose hypergradient was infinite at some update; the schedule of the update before is the one that "
          + "is judged.",
      ],
      figures: [
        .init(
          "schedules.svg",
          "The tuned schedules, geometric means over seeds. Short horizons move only the last rates, which they see.",
          svg: LineChart(
            title: "Tuned schedules", x: "step", y: .log("learning rate"),
            series: chosen.indices.map { method in
              .init(
                names[method], x: (1...steps).map(Double.init),
                y: (0..<steps).map { step in
                  exp(Repetitions(values: runs[method].map { log($0.rates[step]) }).mean)
                }, markers: false, style: styles[method].rawValue)
            }, references: [ReferenceLine(start, "start")]
          ).svg()),
        .init(
          "losses.svg", "Test losses of each seed, before and after tuning.",
          svg: LineChart(
            title: "Test loss by seed", x: "seed", y: .log("test loss"),
            series: [
              .init(
                "start", x: seedNumbers, y: runs.first?.map(\.before) ?? [], hasLine: false,
                style: MethodStyle.model.rawValue)
            ]
              + chosen.indices.map { method in
                .init(
                  names[method], x: seedNumbers, y: runs[method].map(\.after), hasLine: false,
                  style: styles[method].rawValue)
              }
          ).svg()),
      ])
  }

  private var seedNumbers: [Double] { (0..<seeds).map { Double(firstSeed &+ UInt64($0)) } }
}
