internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopFoundation
internal import OuterloopLearning
internal import OuterloopText

/// Training on noisy labels with a learned weight for each example (generalized greedy gradient,
/// Table 2): a small convolutional network, full-batch momentum, one update of the weights every T
/// steps of a training that is never restarted.
public struct NoisyLabelsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "noisy-labels",
    summary: "Weights of examples learned online, on data with wrong labels.",
    question:
      "Do online hypergradients of example weights tell right labels from wrong ones while the model trains?",
    method:
      "A small convolutional network, full-batch momentum, one update of the weights every T steps of a "
      + "training that is never restarted (generalized greedy gradient, Table 2, MNIST with 30 % noise: "
      + "87.06 +- 0.77 % with greedy, 70.46 without weights). Without --data the bundled digits serve: "
      + "minutes with the defaults, seconds with --quick.",
    mathematics: #"""
      Each example has a weight $\sigma(q_i)$ in the training loss,

      $$ L(w, q) = \frac{1}{n} \sum_{i=1}^{n} \sigma(q_i) \ell_i(w), \quad E(w) = \frac{1}{m} \sum_{j=1}^{m} \ell_j(w), $$

      and $q$ follows the greedy hypergradient of the last $T$ steps, each judged where it ends:

      $$ g = \sum_{t=1}^{T} \gamma^{T-t} \frac{\partial E}{\partial w_t} B_t, \quad B_t = -\eta \frac{\partial^2 L}{\partial w \partial q}. $$

      With $\gamma = 0$ only the last step counts (one-step, T1-T2).
      """#,
    sources: [
      .init(
        "Generalized greedy gradient-based hyperparameter optimization (gradhpo)",
        "https://github.com/intsystems/gradhpo"),
      .init(
        "Luketina et al., Scalable gradient-based tuning of continuous regularization hyperparameters, 2016",
        "https://arxiv.org/abs/1511.06727"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .text(
      "data", \.data,
      "A folder with pictures and a test part, or the name of a data set that was fetched.",
      value: "path"),
    .text(
      "choice", \.choice,
      "CSV of the training examples (position, anything, label) instead of a random choice.",
      value: "file"),
    .int("train", \.train, "Training examples.", .atLeast(1), value: "n"),
    .number(
      "noise", \.noise, "Share of labels that are drawn at random.", .within(0...1), value: "share"),
    .int("seeds", \.seeds, "Runs from different starts.", .within(1...1_000)),
    .int("updates", \.updates, "Updates of the example weights.", .atLeast(1)),
    .int("every", \.every, "Steps of training between updates.", .atLeast(1), value: "T"),
    .number("gamma", \.gamma, "Of the greedy method.", .within(0...1)),
    .choice("method", \.methods, "Methods", among: Method.allCases.map(\.rawValue)),
    .seed("first-seed", \.firstSeed, "The seed of the first run."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.updates, quick.train, quick.evaluateEvery) = (1, 40, 300, 10)
    quick.methods = [Method.none, .greedy].map(\.rawValue)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  /// A file with a fixed choice of training examples.
  @OrNull public var choice: String? = nil
  public var train = 1_000
  public var noise = 0.3
  /// Runs from different starts, on the same data.
  public var seeds = 5
  public var updates = 201
  /// T: steps of training between updates.
  public var every = 10
  public var rate = 0.1
  public var momentum = 0.9
  /// Added to the gradient, times the parameter.
  public var decay = 3e-4
  /// Adam's rate on the logits of the example weights.
  public var outerRate = 0.1
  public var gamma = 0.9
  /// Validation examples for each update.
  public var validationBatch = 1_000
  /// Updates between evaluations.
  public var evaluateEvery = 50
  /// Words of `Method`.
  public var methods = Method.allCases.map(\.rawValue)
  public var firstSeed: UInt64 = 0

  public init() {}

  public enum Method: String, CaseIterable, Sendable {
    case none
    case oneStep = "one-step"
    case difference, greedy, reverse

    var style: MethodStyle {
      switch self {
      case .none: .random
      case .oneStep, .difference, .greedy: .short
      case .reverse: .exact
      }
    }
  }

  public func validate(_ context: ExperimentContext) throws { _ = try examples(context) }

  /// The data that these settings name.
  /// - Throws: `LabError` and `DataError` for data that cannot be read or do not fit.
  func examples(_ context: ExperimentContext) throws -> NoisyLabelsData {
    let parts = try data.map(context.load) ?? DataParts(train: Digits.load(), test: nil)
    let choices = try choice.map { file in
      guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
        throw LabError(.data, "\(file): cannot be read", remedy: "check the path given to --choice")
      }
      return try NoisyLabelsData.choices(String(decoding: bytes, as: UTF8.self), file: file)
    }
    return try NoisyLabelsData(
      parts, choices: choices, count: train, noise: noise, seed: firstSeed)
  }

  func estimator(_ method: Method) -> Estimator {
    switch method {
    case .none, .oneStep: .oneStep
    case .difference: .finiteDifference()
    case .greedy: .greedy(gamma: gamma)
    case .reverse: .reverse
    }
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let chosen = methods.compactMap(Method.init(rawValue:))
    let total = chosen.count * seeds
    let data = try examples(context)
    let training = NoisyLabelsTraining(settings: self, data: data)
    let key = try runKey(data)
    var rows: [ExperimentReport.Table.Row] = []
    var single: [ExperimentReport.Table.Row] = []
    var curves: [LineChart.Series] = []
    var claims: [Claim] = []
    for (number, method) in chosen.enumerated() {
      var results: [NoisyLabelsTraining.Result] = []
      for seed in 0..<seeds {
        let word = "\(method.rawValue), seed \(firstSeed &+ UInt64(seed))"
        try context.report(number * seeds + seed, of: total, word)
        results.append(
          try context.run(word, key: key) {
            try training.train(by: method, seed: firstSeed &+ UInt64(seed), context)
          })
      }
      func spread(_ value: (NoisyLabelsTraining.Result) -> Double) -> Repetitions {
        Repetitions(values: results.map(value))
      }
      let best = spread { $0.accuracies.max() ?? .nan }
      single.append(.init(method.rawValue, best.values))
      let last = spread { $0.accuracies.last ?? .nan }
      rows.append(
        .init(
          method.rawValue,
          [
            best.mean, best.interval, last.mean, last.interval, spread(\.rightWeight).mean,
            spread(\.wrongWeight).mean, spread(\.seconds).mean,
          ]))
      if method != .none, updates >= 25, data.isWrong.contains(true) {
        claims.append(
          Claim(
            "\(method.rawValue) gives right labels more weight than wrong ones", .theory,
            in: 0.05...1,
            measured: spread { $0.rightWeight - $0.wrongWeight }.mean,
            check: "mean weight of right labels less that of wrong ones, mean of seeds"))
      }
      if let claim = published(method, best) { claims.append(claim) }
      let points = results[0].accuracies.indices
      curves.append(
        .init(
          method.rawValue, x: points.map { Double(evaluationUpdates[$0]) },
          y: points.map { point in spread { $0.accuracies[point] }.mean },
          style: MethodStyle.style(method, among: Method.allCases) { $0.style }))
    }
    let chart = LineChart(
      title:
        "Accuracy with \(data.isWrong.filter(\.self).count) of \(data.train.count) labels wrong",
      x: .init("updates of the example weights"), y: .init("accuracy on clean data, %"),
      series: curves)
    return ExperimentReport(
      tables: [
        .init(
          "Accuracy in %, mean of \(seeds) seeds",
          columns: ["best", "+-", "last", "+-", "weight, right", "weight, wrong", "seconds"],
          rows: rows),
        .bySeed("Best accuracy by seed", from: firstSeed, count: seeds, rows: single),
      ],
      claims: claims,
      notes: [
        "best: the best of the evaluations after updates "
          + "\(evaluationUpdates.map(String.init).joined(separator: ", ")), on the data that "
          + "validate, as the paper's code reports it; last: the last of them.",
        "\(data.isWrong.filter(\.self).count) of \(data.train.count) labels are wrong; "
          + "\(data.validation.count) validation examples, \(training.batchSize) for an update.",
      ],
      figures: [
        .init(
          "accuracy.svg",
          "Accuracy on clean data while the model trains; with weights it rises above training as the labels say.",
          svg: chart.svg())
      ])
  }

  /// The published accuracy, for the published setting.
  private func published(_ method: Method, _ best: Repetitions) -> Claim? {
    guard method == .greedy, data != nil, choice != nil, noise == 0.3, updates == 201 else {
      return nil
    }
    return Claim(
      "The published accuracy of greedy", .published, is: 87.06, within: 0.77 + best.interval,
      measured: best.mean, check: "Table 2; the two intervals overlap")
  }

  /// What a run depends on besides its method and seed.
  private func runKey(_ data: NoisyLabelsData) throws -> String {
    var alone = self
    (alone.seeds, alone.methods, alone.firstSeed) = (1, [], 0)
    // The key depends on the data, not on their path.
    (alone.data, alone.choice) = (nil, nil)
    var hash = try Fingerprint(of: alone)
    hash.add(data.train)
    hash.add(data.validation)
    return hash.text
  }

  var evaluationUpdates: [Int] {
    (1...updates).filter { $0 % evaluateEvery == 1 && $0 > 1 || $0 == updates }
  }
}
