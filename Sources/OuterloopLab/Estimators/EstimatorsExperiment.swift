internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// All estimators on one problem: accuracy and cost.
///
/// The problem: softmax regression of the bundled digits, trained on all data with momentum; a log
/// decay for each of the 64 pixels, with the loss on held-out digits as outer loss. A short and a long
/// training.
public struct EstimatorsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "estimators",
    summary: "All estimators on one problem: error and cost.",
    question:
      "Which estimator: how far from the exact hypergradient is each of them, and what does it cost?",
    method:
      "Softmax regression of the bundled digits with a log decay for each of the 64 pixels, trained for a "
      + "short and for a long time; every estimator differentiates the same training.",
    mathematics: #"""
      Training minimizes $L(W, b, \lambda) = \text{CE}(W, b) + \frac{1}{2} \sum_i e^{\lambda_i} \|W_i\|^2$ by heavy
      ball for $T$ steps, and the hypergradient is that of the loss on held-out digits,

      $$ \frac{dE}{d\lambda} = \frac{\partial E}{\partial \lambda} + \sum_{t=1}^{T} \frac{\partial E}{\partial s_T} A_T \cdots A_{t+1} B_t, \quad A_t = \frac{\partial \Phi_t}{\partial s}, \quad B_t = \frac{\partial \Phi_t}{\partial \lambda}. $$

      Implicit estimators answer another question: they differentiate the solution $w^*(\lambda)$ that a training
      without end would reach. Both errors are shown.
      """#,
    sources: [
      .init(
        "Franceschi et al., Forward and reverse gradient-based hyperparameter optimization, 2017",
        "https://arxiv.org/abs/1703.01785"),
      .init(
        "Lorraine, Vicol, Duvenaud, Optimizing millions of hyperparameters by implicit differentiation, 2020",
        "https://arxiv.org/abs/1911.02590"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .ints("steps", \.steps, "Steps of each training.", .atLeast(2), value: "T"),
    .int("repeats", \.repeats, "Timed runs of each estimator; the median counts.", .atLeast(1)),
    .number("rate", \.rate, "The inner learning rate.", .above(0)),
    .int("train", \.train, "Digits to train on.", .atLeast(10), value: "n"),
    .int("validation", \.validation, "Digits to validate on.", .atLeast(10), value: "n"),
    .number("momentum", \.momentum, "The inner momentum.", .between(0, 1)),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.steps, quick.repeats, quick.train, quick.validation) = ([10, 60], 1, 100, 100)
    return quick
  }

  /// Steps of each training.
  public var steps = [30, 1_000]
  public var train = 400
  public var validation = 400
  public var rate = 0.3
  public var momentum = 0.9
  /// Timed runs of each estimator; the median counts.
  public var repeats = 5

  public init() {}

  public func validate(_: ExperimentContext) throws {
    let count = try Digits.load().count
    guard train <= count, validation <= count - train else {
      throw LabError(
        .setting, "--train \(train) and --validation \(validation) are more digits than there are",
        remedy: "there are \(count)")
    }
  }

  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, NoTensors>

  func estimators(steps: Int) -> [Estimator] {
    // A memory budget of a tenth of the trajectory's states.
    let state = 8 * 2 * 650
    return [
      .reverse, .reverse(memory: (1 << 20) + state * (steps / 10 + 5)), .reversible, .forward,
      .truncated(Swift.max(2, steps / 10)), .oneStep, .finiteDifference(), .greedy(gamma: 0.9),
      .distill(gamma: 0.9, period: 1), .drmad(.steps(1)), .drmad(.steps(8)), .drmad(.arcLength(8)),
      .implicit(.dense), .implicit(.cg()), .implicit(.neumann(terms: 20, step: rate)),
      .implicit(.nystrom(rank: 40), damping: 1e-3), .implicit(.identity), .fixedPoint(),
      .implicit(.cg(), inner: .lbfgs()), .soba(rate: .constant(rate)),
      .penalty(multiplier: 100), .hypernetwork(.init(scale: 0.1, scaleRate: nil)), .firstOrder,
    ]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let total = steps.reduce(0) { $0 + estimators(steps: $1).count }
    var report = ExperimentReport(
      tables: [],
      notes: [
        "cosine, norm ratio and error (norm of the difference over norm of the truth) against the "
          + "exact hypergradient of the training; \"error, implicit\" against that of the solution of "
          + "the inner problem.",
        "time: of one hypergradient, in plain trainings of the same length, in turn with them; median "
          + "of \(repeats). "
          + "KiB: planned for states, kept products and programs; linear solvers hold vectors beside.",
        "double precision; \(train) training and \(validation) validation digits, 650 weights, 64 log decays.",
      ])
    for (place, count) in steps.enumerated() {
      let estimators = estimators(steps: count)
      // All estimators of a training at once: each is compared with the same two references.
      let answers = try context.run("\(count) steps", key: key) {
        var comparison = Comparison(try problem(steps: count), steps: count, repeats: repeats)
        for (number, estimator) in estimators.enumerated() {
          let done = steps[..<place].reduce(number) { $0 + self.estimators(steps: $1).count }
          try context.report(done, of: total, "\(estimator), \(count) steps")
          comparison.add(estimator)
        }
        return comparison.answers
      }
      report.tables.append(
        .init(
          "\(count) steps",
          columns: [
            "cosine", "norm ratio", "error", "error, implicit", "time", "KiB",
          ], rows: answers.rows))
      // Once for both trainings where the reason is the same.
      for note in answers.notes where !report.notes.contains(note) { report.notes.append(note) }
      report.claims += claims(answers.rows, steps: count)
      let points = zip(estimators, answers.rows).compactMap {
        estimator, row -> (EstimatorProperties.Family, Double, Double)? in
        guard let time = row.values[4], let error = row.values[2] else { return nil }
        return (estimator.properties.family, time, Swift.max(error, Self.leastError))
      }
      report.figures.append(
        .init(
          "error-cost-\(count).svg",
          "Each dot is an estimator: to the left is cheap, down is right. Exact ones lie on the floor.",
          svg: chart(points, steps: count)))
    }
    return report
  }

  /// What theory predicts about the errors, for any problem.
  private func claims(_ rows: [ExperimentReport.Table.Row], steps: Int) -> [Claim] {
    func error(_ estimator: Estimator) -> Double {
      rows.first { $0.label == "\(estimator)" }.flatMap { $0.values[2] } ?? .nan
    }
    return [
      Claim(
        "Forward mode gives the hypergradient of reverse mode, \(steps) steps", .secondMethod,
        in: 0...1e-10, measured: error(.forward), check: "relative difference, rounding only"),
      Claim(
        "Reversed training in 64-bit fixed point does too, \(steps) steps", .secondMethod,
        in: 0...1e-6, measured: error(.reversible), check: "relative difference"),
      Claim(
        "The last step alone is no hypergradient of \(steps) steps", .theory,
        in: 0.05...(.infinity),
        measured: error(.oneStep), check: "relative difference"),
    ]
  }

  /// Smaller errors are drawn here: their size is rounding error without meaning.
  private static let leastError = 1e-6

  private func chart(
    _ points: [(family: EstimatorProperties.Family, x: Double, y: Double)], steps: Int
  ) -> String {
    let families = EstimatorProperties.Family.allCases.filter { family in
      points.contains { $0.family == family }
    }
    return Scatter(
      title: "Error against cost, training of \(steps) steps",
      x: .init("time, in plain trainings", scale: .log),
      y: .init("error (1e-6: or less)", scale: .log),
      groups: families.map { family in
        let own = points.filter { $0.family == family }
        return .init(
          family.rawValue, x: own.map(\.x), y: own.map(\.y), style: MethodStyle(family).rawValue)
      }
    ).svg()
  }

  private func problem(steps: Int) throws -> Problem {
    let digits = try Digits.load()
    let order = RandomKey(seed: 1, purpose: "estimators").permutation(digits.count)
    func part(_ range: Range<Int>) throws -> (x: Tensor, y: Tensor) {
      let data = try digits.selecting(Array(order[range]))
      return ((data.featureTensor(flat: true) * (1 / 16)).cast(to: .float64), data.labelTensor)
    }
    let seen = try part(0..<train)
    let held = try part(train..<(train + validation))
    let start = Dense(
      weights: Tensor.zeros([64, 10], dtype: .float64), bias: Tensor.zeros([10], dtype: .float64))
    let (rate, momentum) = (rate, momentum)
    return Problem(
      steps: steps, weights: { _ in start },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: { model, decay in
        let strength = exp(decay).reshaped([64, 1])
        // The bias needs a small decay too, since adding a constant to all classes changes nothing
        // else.
        return Loss.crossEntropy(model(seen.x), labels: seen.y)
          + 0.5 * (strength * model.weights.square()).sum() + 5e-4 * model.bias.square().sum()
      },
      outer: { model, _ in Loss.crossEntropy(model(held.x), labels: held.y) })
  }
}
