internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// Data hyper-cleaning as in the published table: half of the labels wrong, weights of examples with a bounded sum.
public struct CleaningExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "cleaning",
    summary: "Half of the labels are wrong: a weight for each example, learned, tells which.",
    question:
      "Half of the training labels are wrong: can the derivatives of a clean validation loss by a weight for each "
      + "example tell which ones?",
    method:
      "Softmax regression is trained by gradient descent on weighted examples, of which exactly half were moved to "
      + "another class. The weights, in [0, 1] with a sum of at most R, follow the hypergradient of the validation loss. "
      + "The final model is trained on all examples with their weights. Beside it: the oracle, which knows the wrong "
      + "labels, and the baseline, which trusts all.",
    mathematics: #"""
      With a weight $\lambda_i$ for each of $n$ training examples, training minimizes

      $$ L(w, \lambda) = \frac{1}{n} \sum_{i=1}^{n} \lambda_i l_i(w), $$

      by $T$ steps of gradient descent of the rate $0.1 n / R$, and the outer problem is

      $$ \min_\lambda E(w_T(\lambda)) \quad \text{with } 0 \leq \lambda_i \leq 1, \quad \sum_{i=1}^{n} \lambda_i \leq R. $$

      The derivative by one weight says how much the gradients of its example agree with where the validation loss falls,
      with the adjoints $a_t = dE / dw_t$ of the backward pass,

      $$ \frac{dE}{d\lambda_i} = -\frac{\eta}{n} \sum_{t=1}^{T} a_t^T \nabla l_i(w_{t-1}). $$

      After each step of Adam the weights are projected onto the constraints, exactly: $\lambda_i = \min(1, \max(0, y_i - \tau))$
      with the threshold $\tau$ at which they add up to $R$ (or 0). An example counts as found when its weight is below 0.001,
      and $F_1$ is the harmonic mean of precision and recall of the wrong labels.
      """#,
    sources: [
      .init(
        "Franceschi et al., Forward and reverse gradient-based hyperparameter optimization, 2017",
        "https://arxiv.org/abs/1703.01785")
    ])

  public static let settings: [Setting<Self>] = [
    .text(
      "data", \.data, "A folder with pictures, such as MNIST; the bundled digits if left out.",
      value: "DIR"),
    .int("seeds", \.seeds, "Runs on other splits and wrong labels.", .within(1...1_000)),
    .numbers("total", \.totals, "R, largest sums of the weights.", .above(0), value: "R"),
    .int("train", \.train, "Examples to clean.", .within(10...1_000_000), value: "n"),
    .int("validation", \.validation, "Clean examples to validate with.", .atLeast(10), value: "n"),
    .int("test", \.test, "Clean examples to test on, at most.", .atLeast(10), value: "n"),
    .number("corrupt", \.corrupt, "The share of wrong labels.", .between(0, 1)),
    .int("steps", \.steps, "Steps of a training.", .within(1...1_000_000), value: "T"),
    .int("updates", \.updates, "Updates of the weights.", .within(1...1_000_000), value: "K"),
    .number("rate", \.rate, "The learning rate at average weight 1.", .above(0), value: "eta"),
    .number("outer-rate", \.outerRate, "Adam's rate on the weights.", .above(0)),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates) = (1, 60, 50)
    quick.outerRate = 0.05
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 10
  /// R; in the source 1000 to 2500 with 2500 right labels.
  public var totals = [180.0, 270, 360, 450]
  public var train = 900
  public var validation = 300
  public var test = 597
  public var corrupt = 0.5
  public var steps = 200
  public var updates = 100
  public var rate = 2.0
  public var outerRate = 0.03

  public init() {}

  func cleaning(total: Double, seed: UInt64) -> CleaningSettings {
    var settings = CleaningSettings()
    (settings.train, settings.validation, settings.test) = (train, validation, test)
    (settings.corrupt, settings.steps, settings.hyperSteps) = (corrupt, steps, updates)
    (settings.rate, settings.outerRate, settings.total) = (rate, outerRate, total)
    settings.seed = seed
    return settings
  }

  public func validate(_ context: ExperimentContext) throws {
    let parts = try ImageSplit.parts(of: data, context)
    _ = try CleaningRun(
      CleaningData(parts, settings: cleaning(total: totals[0], seed: 0)),
      settings: cleaning(total: totals[0], seed: 0))
  }

  /// One cleaning with its two reference models.
  struct Cleaned: Codable, Sendable {
    /// Test accuracies.
    var oracle, baseline, cleaned: Double
    var precision, recall, f1: Double
    var weights: [Float]
    var losses: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    var alone = self
    (alone.seeds, alone.data, alone.totals) = (1, nil, [])
    let key = try ImageSplit.key(of: alone, parts)
    let runs = try totals.enumerated().map { place, total in
      try (0..<seeds).map { seed in
        let word = "R = \(NumberText.short(total)), seed \(seed)"
        try context.report(place * seeds + seed, of: totals.count * seeds, word)
        return try context.run("\(total), seed \(seed)", key: key) {
          try clean(parts, total: total, seed: UInt64(seed), context)
        }
      }
    }
    return try report(runs, parts)
  }

  private func clean(
    _ parts: DataParts, total: Double, seed: UInt64, _ context: ExperimentContext
  ) throws -> Cleaned {
    let settings = cleaning(total: total, seed: seed)
    let run = try CleaningRun(CleaningData(parts, settings: settings), settings: settings)
    var state = try run.start()
    while !run.isDone(state) {
      try context.continueOrStop()
      state = try run.update(state).state
    }
    let files = CleaningReport.Files(
      suspicious: "", losses: "", weights: "", images: nil, result: "")
    let report = try run.finish(state, files: files) { _ in try context.continueOrStop() }
    return Cleaned(
      oracle: report.accuracy.oracle ?? .nan, baseline: report.accuracy.baseline,
      cleaned: report.accuracy.cleaned, precision: report.detection?.precision ?? .nan,
      recall: report.detection?.recall ?? .nan, f1: report.detection?.f1 ?? .nan,
      weights: state.weights, losses: state.losses)
  }
}
