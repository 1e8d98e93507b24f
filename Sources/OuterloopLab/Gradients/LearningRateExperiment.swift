internal import OuterloopCharts
internal import OuterloopText

/// A learning rate for every step of training, learned through training itself.
public struct LearningRateExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "learning-rate",
    summary: "A learning rate for every step, learned through the training it steers.",
    question:
      "Can the derivative of the validation loss through training turn a bad learning rate into a good schedule, "
      + "one number for each step?",
    method:
      "A small network is trained on handwritten digits by momentum. The logarithms of its learning rates, one for all "
      + "steps or one for each, are hyperparameters: whole trainings are differentiated in reverse and Adam moves "
      + "the rates. A schedule is learned on one order of the data, and on another order for each update. "
      + "All of them are then tried with other starting weights and an order not seen before.",
    mathematics: #"""
      With the gradient $g_t$ of the training loss, step $t$ of heavy ball is

      $$ m_t = \mu m_{t-1} + g_t, \quad w_t = w_{t-1} - \eta_t m_t, \quad \eta_t = e^{\lambda_t}. $$

      With the adjoint $a_t = dE / dw_t$, which the backward pass carries, the derivative of the validation loss is

      $$ \frac{dE}{d\lambda_t} = -\eta_t a_t^T m_t. $$

      All steps cost one backward pass together. A rate that all steps share has the sum of these derivatives,

      $$ \frac{dE}{d\lambda} = \sum_{t=1}^{T} \frac{dE}{d\lambda_t}, $$

      which is checked here against forward mode, that carries $dw_t / d\lambda$ along the training instead.

      A schedule is learned for a training of $T$ steps. Its last rates come out small because nothing follows them; for a
      longer training it would be the wrong one (short-horizon bias).
      """#,
    sources: [
      .init(
        "Maclaurin, Duvenaud, Adams, Gradient-based hyperparameter optimization through reversible "
          + "learning, 2015", "https://arxiv.org/abs/1502.03492"),
      .init(
        "Wu, Ren, Liao, Grosse, Understanding short-horizon bias in stochastic meta-optimization, 2018",
        "https://arxiv.org/abs/1803.02021"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .int("seeds", \.seeds, "Runs on other splits, weights and orders.", .within(1...1_000)),
      .int("steps", \.steps, "Steps of a training.", .within(2...100_000), value: "T"),
      .int("updates", \.updates, "Updates of the learning rates.", .within(1...100_000)),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .int("units", \.units, "Units of the hidden layer.", .within(1...10_000)),
      .number("rate", \.rate, "The untuned learning rate.", .above(0), value: "eta"),
      .number("momentum", \.momentum, "The momentum of training.", .between(0, 1), value: "mu"),
      .number("outer-rate", \.outerRate, "Adam's rate on the logarithms.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates, quick.units) = (3, 40, 100, 16)
    quick.outerRate = 0.1
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 10
  public var steps = 100
  public var updates = 150
  public var batch = 50
  public var units = 32
  public var rate = 0.005
  public var momentum = 0.9
  public var outerRate = 0.05
  public var train = 1_000
  public var validation = 400
  public var test = 397

  public init() {}

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let runs = try runs(context, parts) {
      try LearningRateTraining(self, parts, seed: $0).learn(context)
    }
    return report(runs)
  }

  private func report(_ runs: [LearningRateTraining.Run]) -> ExperimentReport {
    typealias Run = LearningRateTraining.Run
    func row(_ label: String, _ path: KeyPath<Run, Run.Outcome>) -> ExperimentReport.Table.Row {
      func mean(_ value: (Run.Outcome) -> Double) -> Double {
        Repetitions(values: runs.map { value($0[keyPath: path]) }).mean
      }
      let other = Repetitions(values: runs.map { $0[keyPath: path].otherTestLoss })
      return .init(
        label,
        [
          mean(\.validationLoss), mean(\.testLoss), mean(\.testError), other.mean, other.interval,
          mean(\.otherTestError),
        ])
    }
    /// The mean ratio of two test losses on another training, at the unfavourable end of its interval.
    func worstRatio(_ a: KeyPath<Run, Run.Outcome>, _ b: KeyPath<Run, Run.Outcome>) -> Double {
      let ratios = Repetitions(
        values: runs.map { $0[keyPath: a].otherTestLoss / $0[keyPath: b].otherTestLoss })
      return ratios.mean + ratios.interval
    }
    return ExperimentReport(
      tables: [
        .init(
          "Mean over \(seeds) seeds; the right half with other weights and another order",
          columns: [
            "validation loss", "test loss", "test error, %", "test loss, other", "+-",
            "test error, other, %",
          ],
          rows: [
            row("untuned: \(NumberText.short(rate)) at every step", \.untuned),
            row("one rate, learned", \.shared),
            row("a rate for each step, one order", \.schedule),
            row("a rate for each step, many orders", \.general),
          ]),
        .bySeed(
          "Test loss with other weights and another order, by seed", from: 0, count: seeds,
          rows: [
            .init("untuned", runs.map(\.untuned.otherTestLoss)),
            .init("one rate", runs.map(\.shared.otherTestLoss)),
            .init("each step, one order", runs.map(\.schedule.otherTestLoss)),
            .init("each step, many orders", runs.map(\.general.otherTestLoss)),
          ]),
      ],
      claims: [
        Claim(
          "The derivatives of all steps add up to that of a shared rate", .secondMethod,
          in: 0...1e-4, measured: runs.map(\.sumError).max() ?? .nan,
          check: "relative difference of reverse mode's sum from forward mode, largest of all seeds"
        ),
        Claim(
          "A schedule learned on many orders beats the untuned start where it was not learned",
          .expectation,
          in: 0...0.9, measured: worstRatio(\.general, \.untuned),
          check: "ratio of test losses with other weights and data order: mean over seeds, plus "
            + "half its 95 % interval"),
        Claim(
          "So does one learned rate", .expectation, in: 0...0.9,
          measured: worstRatio(\.shared, \.untuned), check: "the same ratio"),
        Claim(
          "A rate for each step fits the training it was learned on at least as well as one rate",
          .theory, in: 0...1,
          measured: Repetitions(
            values: runs.map { $0.schedule.validationLoss / $0.shared.validationLoss }
          ).mean, check: "ratio of validation losses, mean over seeds"),
      ],
      notes: [
        "\(train) digits to train on in batches of \(batch), \(validation) to validate with, \(test) to test on; "
          + "\(steps) steps of momentum \(momentum), \(updates) updates."
      ], figures: figures(runs))
  }

  private func figures(_ runs: [LearningRateTraining.Run]) -> [ExperimentReport.Picture] {
    func band(
      _ name: String, _ curves: [[Double]], style: Int = MethodStyle.exact.rawValue, dash: Int,
      from first: Int, hasBand: Bool = true
    ) -> LineChart.Series {
      let spreads = (curves.first ?? []).indices.map { place in
        Repetitions(values: curves.map { $0[place] })
      }
      return .init(
        name, x: spreads.indices.map { Double($0 + first) }, y: spreads.map(\.mean),
        lower: hasBand ? spreads.map { Swift.max($0.mean - $0.interval, $0.mean / 10) } : [],
        upper: hasBand ? spreads.map { $0.mean + $0.interval } : [], markers: false, style: style,
        dash: dash)
    }
    let ends: [Double] = [1, Double(steps)]
    let shared = Repetitions(values: runs.map(\.sharedRate)).mean
    return [
      .init(
        "schedule.svg",
        "Learned rates, means of all seeds, all from the untuned one. Learned on many orders (with the 95 % interval), they "
          + "fall towards the end, where no later step repairs the noise of a step. Learned on one order, they follow "
          + "its single batches up and down.",
        svg: LineChart(
          title: "Learning rates", x: "step of training", y: .log("learning rate"),
          series: [
            band("each step, one order", runs.map(\.rates), dash: 0, from: 1, hasBand: false),
            band("each step, many orders", runs.map(\.generalRates), style: 5, dash: 0, from: 1),
            .init(
              "one rate", x: ends, y: [shared, shared], markers: false,
              style: MethodStyle.exact.rawValue, dash: 1),
            .init(
              "untuned", x: ends, y: [rate, rate], markers: false,
              style: MethodStyle.random.rawValue, dash: 2),
          ]
        ).svg()),
      .init(
        "losses.svg",
        "The validation loss at the end of training, before each update of the rates. A rate for each step that sees one "
          + "order only goes on falling by fitting that order; in the table, it is the worse one on another order.",
        svg: LineChart(
          title: "Validation loss while rates are learned", x: "updates", y: .log("loss"),
          series: [
            band("each step, one order", runs.map(\.scheduleLosses), dash: 0, from: 0),
            band("each step, many orders", runs.map(\.generalLosses), style: 5, dash: 0, from: 0),
            band("one rate", runs.map(\.sharedLosses), dash: 1, from: 0),
          ]
        ).svg()),
    ]
  }
}
