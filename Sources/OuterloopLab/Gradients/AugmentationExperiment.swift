internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// The strengths of rotation, shift and noise of training images, learned through training on them.
public struct AugmentationExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "augmentation",
    summary: "How strongly to turn, shift and disturb training pictures, learned by derivatives.",
    question:
      "Can a training learn how strongly its own pictures should be turned, shifted and disturbed by noise?",
    method:
      "A small network sees the training digits turned and shifted by random amounts, with noise; the three standard "
      + "deviations are hyperparameters, moved along the derivative of the validation loss through whole trainings. "
      + "Done twice: the digits to validate and test with are as they are, and turned by random angles whose "
      + "standard deviation the method is not told.",
    mathematics: #"""
      Random amounts are written as strengths times numbers that do not depend on them: the angle is $\sigma_1 z_1$, the shift
      $\sigma_2 (z_2, z_3)$, the noise of each pixel $\sigma_3 z$, with standard normal $z$. A pixel $p$ of the new picture is read
      from the place $q(p)$ that rotation and shift bring it from, by bilinear interpolation,

      $$ y(p) = \sum_{i,j} k(q_1(p) - i) k(q_2(p) - j) x(i, j) + \sigma_3 z, \quad k(t) = \max(0, 1 - |t|), $$

      so that the training loss of a batch has derivatives by the strengths. The validation loss $E$ sees pictures without them, and its
      derivative comes through the training alone,

      $$ \frac{dE}{d \log \sigma} = \sum_{t=1}^{T} \frac{\partial E}{\partial s_T} A_T \cdots A_{t+1} B_t. $$
      """#,
    sources: [
      .init(
        "Lorraine, Vicol, Duvenaud, Optimizing millions of hyperparameters by implicit differentiation, "
          + "2020", "https://arxiv.org/abs/1911.02590"),
      .init(
        "Hataya et al., Meta approach to data augmentation optimization, 2022",
        "https://arxiv.org/abs/2006.07965"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .int("seeds", \.seeds, "Runs on other splits, weights and draws.", .within(1...1_000)),
      .int("steps", \.steps, "Steps of a training.", .within(2...100_000), value: "T"),
      .int("updates", \.updates, "Updates of the strengths.", .within(1...100_000)),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .int("units", \.units, "Units of the hidden layer.", .within(1...10_000)),
      .number("angle", \.angle, "Degrees by which held-out digits are turned.", .within(0...90)),
      .number("rotation", \.rotation, "Degrees at the start.", .above(0)),
      .number("shift", \.shift, "Pixels at the start.", .above(0)),
      .number("noise", \.noise, "Noise at the start, of a range of 1.", .above(0)),
      .number("rate", \.rate, "The learning rate of training.", .above(0), value: "eta"),
      .number("outer-rate", \.outerRate, "Adam's rate on the logarithms.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates, quick.units) = (3, 40, 40, 16)
    (quick.validation, quick.test) = (400, 500)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 10
  public var steps = 150
  public var updates = 60
  public var batch = 50
  public var units = 64
  public var angle = 25.0
  public var rotation = 3.0
  public var shift = 0.1
  public var noise = 0.03
  public var rate = 0.1
  public var outerRate = 0.1
  public var train = 200
  public var validation = 600
  public var test = 900

  public init() {}

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let key = try key(parts)
    func runs(_ name: String, _ angle: Double, from first: Int) throws -> [AugmentationTraining.Run]
    {
      try (0..<seeds).map { seed in
        try context.report(first + seed, of: 2 * seeds, "\(name), seed \(seed)")
        return try context.run("\(name), seed \(seed)", key: key) {
          try AugmentationTraining(self, parts, angle: angle, seed: UInt64(seed)).learn(context)
        }
      }
    }
    let upright = try runs("upright", 0, from: 0)
    let turned = try runs("turned", angle, from: seeds)
    return try report(upright, turned, parts)
  }

  private func report(
    _ upright: [AugmentationTraining.Run], _ turned: [AugmentationTraining.Run],
    _ parts: DataParts
  ) throws -> ExperimentReport {
    func rows(_ name: String, _ runs: [AugmentationTraining.Run])
      -> [ExperimentReport.Table.Row]
    {
      func row(
        _ label: String, _ path: KeyPath<AugmentationTraining.Run, AugmentationTraining.Outcome>
      )
        -> ExperimentReport.Table.Row
      {
        let outcomes = runs.map { $0[keyPath: path] }
        let loss = Repetitions(values: outcomes.map(\.testLoss))
        return .init(
          "\(name): \(label)",
          (0..<3).map { place in Repetitions(values: outcomes.map { $0.strengths[place] }).mean }
            + [loss.mean, loss.interval, Repetitions(values: outcomes.map(\.testError)).mean])
      }
      return [
        row("no augmentation", \.without), row("untuned start", \.start), row("learned", \.learned),
      ]
    }
    func gain(_ runs: [AugmentationTraining.Run]) -> Double {
      let ratios = Repetitions(values: runs.map { $0.learned.testLoss / $0.start.testLoss })
      return ratios.mean + ratios.interval
    }
    let rotations = Repetitions(
      values: zip(turned, upright).map { $0.learned.strengths[0] / $1.learned.strengths[0] })
    return ExperimentReport(
      tables: [
        .init(
          "Mean over \(seeds) seeds",
          columns: AugmentationTraining.names + ["test loss", "+-", "test error, %"],
          rows: rows("upright", upright) + rows("turned", turned)),
        .bySeed(
          "Learned rotation by seed, degrees", from: 0, count: seeds,
          rows: [
            .init("upright", upright.map { $0.learned.strengths[0] }),
            .init("turned", turned.map { $0.learned.strengths[0] }),
          ]),
      ],
      claims: [
        Claim(
          "The derivatives by the three strengths are right", .secondMethod, in: 0...1e-3,
          measured: (upright + turned).map(\.modesError).max() ?? .nan,
          check: "relative difference of reverse and forward mode at the start, largest of all runs"
        ),
        Claim(
          "Upright digits: the learned strengths lower the test loss of the untuned ones",
          .expectation, in: 0...1, measured: gain(upright),
          check: "ratio of test losses: mean over seeds, plus half its 95 % interval"),
        Claim(
          "Turned digits: they lower it too", .expectation, in: 0...0.95, measured: gain(turned),
          check: "the same ratio"),
        Claim(
          "The rotation that is learned for turned digits is larger than that for upright ones",
          .theory, in: 1.2...(.infinity), measured: rotations.mean - rotations.interval,
          check: "ratio of learned rotations: mean over seeds, less half its 95 % interval"),
      ],
      notes: [
        "\(train) digits to train on, \(validation) to validate with, \(test) to test on; \(steps) steps of "
          + "momentum 0.9 with rate \(NumberText.short(rate)), \(updates) updates. Turned digits: by normal "
          + "angles of \(NumberText.short(angle)) degrees."
      ], figures: try figures(upright, turned, parts))
  }

  private func figures(
    _ upright: [AugmentationTraining.Run], _ turned: [AugmentationTraining.Run],
    _ parts: DataParts
  ) throws -> [ExperimentReport.Picture] {
    func curve(_ name: String, _ runs: [AugmentationTraining.Run], _ place: Int, style: Int)
      -> LineChart.Series
    {
      let spreads = (runs.first?.path ?? []).indices.map { update in
        Repetitions(values: runs.map { $0.path[update][place] })
      }
      return .init(
        name, x: spreads.indices.map(Double.init), y: spreads.map(\.mean),
        lower: spreads.map { Swift.max($0.mean - $0.interval, $0.mean / 10) },
        upper: spreads.map { $0.mean + $0.interval }, markers: false, style: style, dash: style)
    }
    let panels = AugmentationTraining.names.enumerated().map { place, name in
      LineChart(
        title: name, x: "updates", y: .log(""),
        series: [
          curve("upright", upright, place, style: 0), curve("turned", turned, place, style: 1),
        ])
    }
    let split = try ImageSplit(parts, sizes, seed: 0)
    func cells(_ strengths: [Double], _ caption: String) throws -> [ImageGrid.Cell] {
      let pictures = try AugmentationTraining.examples(split, strengths, count: 8)
      return pictures.map {
        ImageGrid.Cell(
          GreyImage(width: split.width, height: split.height, values: $0), caption: caption)
      }
    }
    return [
      .init(
        "strengths.svg",
        "The three strengths by update, mean of all seeds with its 95 % interval. Where the digits to validate with are turned, "
          + "the rotation of the training digits grows towards theirs; the method sees the angles only by the loss. What does not "
          + "help is turned off: digits come centred and gain nothing by shifts, upright ones nothing by rotation.",
        svg: SmallMultiples(title: "Strengths while they are learned", figures: panels, columns: 3)
          .svg(width: 900, height: 320)),
      .init(
        "digits.svg",
        "The same training digits without augmentation, with the strengths learned for upright digits, and with those learned for "
          + "turned ones (seed 0).",
        svg: ImageGrid(
          title: "What the network is trained on",
          cells: try cells([0, 0, 0], "as it is")
            + cells(upright[0].learned.strengths, "for upright")
            + cells(turned[0].learned.strengths, "for turned"), columns: 8
        ).svg(width: 640, height: 330)),
    ]
  }
}
