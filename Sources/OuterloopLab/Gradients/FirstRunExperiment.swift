internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopPlatform
internal import OuterloopText

/// A first run: learning rate and weight decays of a small network for handwritten digits.
public struct FirstRunExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "mnist",
    summary:
      "A first run: learning rate and weight decays of a small network, by their derivatives.",
    question:
      "A small network for handwritten digits has few examples to learn from: can its learning rate and the weight "
      + "decay of each layer be learned along with it?",
    method:
      "The network is trained by momentum with a weight decay for each layer. The logarithms of the rate and of the two "
      + "decays are moved along the derivative of the validation loss through whole trainings. Random search "
      + "over the same range gets as many trainings, each hypergradient counted as three.",
    mathematics: #"""
      The network has layers $W_1$, $W_2$ and is trained on

      $$ L(W, \lambda) = \text{CE}(W) + \frac{1}{2} \sum_{l=1}^{2} e^{\lambda_l} \|W_l\|^2 $$

      by $T$ steps of heavy ball with the rate $e^{\lambda_0}$. What counts is $E$, the mean cross-entropy of the trained network on
      examples that were held out,

      $$ \frac{dE}{d\lambda} = \sum_{t=1}^{T} \frac{\partial E}{\partial s_T} A_T \cdots A_{t+1} B_t, \quad A_t = \frac{\partial \Phi_t}{\partial s}, \quad B_t = \frac{\partial \Phi_t}{\partial \lambda}, $$

      where $\Phi_t$ is a step of training and $s$ are the weights with their momenta. Reverse mode sums from the end and stores the
      states; forward mode sums from the start and carries three tangents. They are the same number.
      """#,
    sources: [
      .init(
        "Franceschi et al., Forward and reverse gradient-based hyperparameter optimization, 2017",
        "https://arxiv.org/abs/1703.01785"),
      .init(
        "Luketina et al., Scalable gradient-based tuning of continuous regularization hyperparameters, "
          + "2016", "https://arxiv.org/abs/1511.06727"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .int("seeds", \.seeds, "Runs on other splits, weights and orders.", .within(1...1_000)),
      .int("steps", \.steps, "Steps of a training.", .within(2...100_000), value: "T"),
      .int("updates", \.updates, "Updates of the hyperparameters.", .within(1...100_000)),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .int("units", \.units, "Units of the hidden layer.", .within(1...10_000)),
      .number("rate", \.rate, "The learning rate at the start.", .above(0), value: "eta"),
      .number("decay", \.decay, "The weight decay of each layer at the start.", .above(0)),
      .number("momentum", \.momentum, "The momentum of training.", .between(0, 1), value: "mu"),
      .number("outer-rate", \.outerRate, "Adam's rate on the logarithms.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates, quick.units) = (4, 60, 60, 16)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 10
  public var steps = 150
  public var updates = 100
  public var batch = 50
  public var units = 100
  public var rate = 0.003
  public var decay = 1e-5
  public var momentum = 0.9
  public var outerRate = 0.2
  public var train = 100
  public var validation = 600
  public var test = 1_000

  public init() {}

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let runs = try runs(context, parts) {
      try FirstRunTraining(self, parts, seed: $0).learn(context)
    }
    return try report(runs, parts)
  }

  private func report(
    _ runs: [FirstRunTraining.Run], _ parts: DataParts
  ) throws -> ExperimentReport {
    typealias Outcome = FirstRunTraining.Outcome
    func row(_ label: String, _ path: KeyPath<FirstRunTraining.Run, Outcome>)
      -> ExperimentReport.Table.Row
    {
      let outcomes = runs.map { $0[keyPath: path] }
      func mean(_ value: (Outcome) -> Double) -> Double {
        Repetitions(values: outcomes.map(value)).mean
      }
      let loss = Repetitions(values: outcomes.map(\.testLoss))
      return .init(
        label,
        [
          mean { $0.hyper[0] }, mean { $0.hyper[1] }, mean { $0.hyper[2] },
          mean(\.validationLoss), loss.mean, loss.interval, mean(\.testError),
        ])
    }
    let gains = Repetitions(values: runs.map { $0.tuned.testLoss / $0.start.testLoss })
    let errors = Repetitions(values: runs.map { $0.tuned.testError - $0.start.testError })
    let search = Repetitions(
      values: runs.map { $0.tuned.validationLoss / $0.searched.validationLoss })
    return ExperimentReport(
      tables: [
        .init(
          "Mean over \(seeds) seeds",
          columns: [
            "rate", "decay 1", "decay 2", "validation loss", "test loss", "+-", "test error, %",
          ],
          rows: [
            row("untuned start", \.start), row("by gradient", \.tuned),
            row("random search, \(3 * updates) trainings", \.searched),
          ]),
        .bySeed(
          "Test error by seed, %", from: 0, count: seeds,
          rows: [
            .init("untuned start", runs.map(\.start.testError)),
            .init("by gradient", runs.map(\.tuned.testError)),
            .init("random search", runs.map(\.searched.testError)),
          ]),
      ],
      claims: [
        Claim(
          "Reverse and forward mode agree at the start", .secondMethod, in: 0...1e-4,
          measured: runs.map(\.modesError).max() ?? .nan,
          check: "relative difference of the three derivatives, largest of all seeds"),
        Claim(
          "The tuned network has a lower test loss than the untuned one", .expectation, in: 0...0.9,
          measured: gains.mean + gains.interval,
          check: "ratio of test losses: mean over seeds, plus half its 95 % interval"),
        Claim(
          "It makes fewer errors, too", .expectation, in: (-100)...0,
          measured: errors.mean + errors.interval,
          check: "difference in percentage points: mean over seeds, plus half its 95 % interval"),
        Claim(
          "At the same cost, it comes within a tenth of random search, which is strong in three dimensions",
          .expectation, in: 0...1.1, measured: search.mean,
          check: "ratio of validation losses, gradient over search, mean over seeds"),
      ],
      notes: [
        "\(train) examples to train on, \(validation) to validate with, \(test) to test on; \(steps) steps in "
          + "batches of \(batch), \(updates) updates.",
        "Random search draws the logarithms of the rate from \(NumberText.short(FirstRunTraining.rates.lowerBound)) to "
          + "\(NumberText.short(FirstRunTraining.rates.upperBound)), of the decays from "
          + "\(NumberText.short(FirstRunTraining.decays.lowerBound)) to "
          + "\(NumberText.short(FirstRunTraining.decays.upperBound)), and keeps the best on validation.",
      ], figures: try figures(runs, parts))
  }

  private func figures(
    _ runs: [FirstRunTraining.Run], _ parts: DataParts
  ) throws -> [ExperimentReport.Picture] {
    func curve(_ name: String, style: MethodStyle, _ values: [[Double]], cost: Double)
      -> LineChart.Series
    {
      let spreads = (values.first ?? []).indices.map { place in
        Repetitions(values: values.map { $0[place] })
      }
      return .init(
        name, x: spreads.indices.map { cost * Double($0 + 1) }, y: spreads.map(\.mean),
        lower: spreads.map { Swift.max($0.mean - $0.interval, $0.mean / 10) },
        upper: spreads.map { $0.mean + $0.interval }, markers: false, style: style.rawValue,
        dash: 0)
    }
    let names = ["learning rate", "decay of layer 1", "decay of layer 2"]
    let paths = names.enumerated().map { number, name in
      LineChart.Series(
        name,
        y: (runs.first?.path ?? []).indices.map { place in
          exp(Repetitions(values: runs.map { log($0.path[place][number]) }).mean)
        }, markers: false, style: number)
    }
    return [
      .init(
        "losses.svg",
        "The best validation loss so far by the work spent, mean of all seeds with its 95 % interval. A hypergradient "
          + "counts as three trainings. Three hyperparameters are few: random search hits a good place early, derivatives lead "
          + "there from a bad start. With more hyperparameters only the derivatives still do.",
        svg: LineChart(
          title: "Best validation loss", x: "work, in trainings", y: .log("loss"),
          series: [
            curve(
              "random search", style: .random, runs.map { Self.best($0.searchLosses) }, cost: 1),
            curve("by gradient", style: .exact, runs.map { Self.best($0.losses) }, cost: 3),
          ]
        ).svg()),
      .init(
        "hyperparameters.svg",
        "The three hyperparameters by update, geometric mean of all seeds. All move by the same rule, on a logarithmic scale.",
        svg: LineChart(
          title: "Hyperparameters", x: "updates", y: .log("value"), series: paths
        ).svg()),
      try misread(runs, parts),
    ]
  }

  /// The running minimum.
  private static func best(_ losses: [Double]) -> [Double] {
    var best = Double.infinity
    return losses.map {
      best = Swift.min(best, $0)
      return best
    }
  }

  /// Digits of the first seed that only one of the two networks classifies correctly.
  private func misread(
    _ runs: [FirstRunTraining.Run], _ parts: DataParts
  ) throws -> ExperimentReport.Picture {
    let split = try ImageSplit(parts, sizes, seed: 0)
    let (before, after) = (runs[0].startPredictions, runs[0].tunedPredictions)
    let labels = split.test.data.labels
    let changed = labels.indices.filter { (before[$0] == labels[$0]) != (after[$0] == labels[$0]) }
    let size = split.pixels
    let cells = changed.prefix(32).map { index in
      let values = Array(split.test.data.features[(index * size)..<((index + 1) * size)])
      return ImageGrid.Cell(
        GreyImage(width: split.width, height: split.height, values: values),
        caption: "\(before[index]) -> \(after[index])", isMarked: after[index] == labels[index])
    }
    let better = changed.count { after[$0] == labels[$0] }
    return .init(
      "digits.svg",
      "Test digits that only one of the two networks reads, with what the untuned and the tuned one take them for (seed 0). "
        + "Framed ones are right after tuning: \(better) against \(changed.count - better).",
      svg: ImageGrid(title: "Read differently after tuning", cells: Array(cells), columns: 8).svg())
  }
}
