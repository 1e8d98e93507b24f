internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// Learning to learn by gradient descent by gradient descent: an LSTM as an optimizer.
public struct LearningToLearnExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "learning-to-learn",
    summary: "An LSTM that was trained to train, against SGD, NAG, RMSprop and Adam.",
    question:
      "Can an optimizer be learned that trains a small network for digits faster than hand-designed ones with tuned rates?",
    method:
      "A two-layer LSTM sees the gradient of each weight and gives its update; it is the same for all weights, each with a "
      + "state of its own. It is trained by Adam through windows of trainings, each from new weights. Then it and four "
      + "optimizers with tuned rates train from weights that none of them has seen; loss, norm of the gradient and norm of "
      + "the parameters are followed. At last it is tried on networks that it was not trained for.",
    mathematics: #"""
      The optimizer $m$ with parameters $\phi$ makes a training of a network $x$ with the loss $f$,

      $$ x_{t+1} = x_t + u_t, \quad (u_t, h_{t+1}) = m(\nabla f(x_t), h_t, \phi), $$

      and is judged by all losses that it meets,

      $$ E(\phi) = \sum_{t=0}^{T} f(x_t). $$

      The gradient of $E$ by $\phi$ goes through the updates and the states, over windows of some steps; $\nabla f(x_t)$ is taken for
      a constant, so that no second derivatives of $f$ are needed. Each coordinate $g$ of the gradient enters by its size and its sign,

      $$ \left( \max\left( \frac{\log(|g| + \epsilon)}{k}, -1 \right), \min(\max(g e^k, -1), 1) \right), \quad k = 5, $$

      and the output of the LSTM is multiplied by 0.01.
      """#,
    sources: [
      .init(
        "Andrychowicz et al., Learning to learn by gradient descent by gradient descent, 2016",
        "https://arxiv.org/abs/1606.04474")
    ])

  public static let settings: [Setting<Self>] = [
    .text(
      "data", \.data, "A folder with pictures, such as MNIST; the bundled digits if left out.",
      value: "DIR"),
    .int("seeds", \.seeds, "Optimizers that are trained.", .within(1...1_000)),
    .int("runs", \.runs, "Trainings that each optimizer is judged by.", .within(2...1_000)),
    .int("trainings", \.trainings, "Trainings that the LSTM learns from.", .within(1...1_000_000)),
    .int("steps", \.steps, "Steps of a training.", .within(2...10_000), value: "T"),
    .int("unroll", \.unroll, "Steps of a window.", .within(1...10_000)),
    .int("units", \.units, "Units of the network that is trained.", .within(1...10_000)),
    .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
    .number("outer-rate", \.outerRate, "Adam's rate on the LSTM.", .above(0)),
    .int("train", \.train, "Examples.", .within(10...1_000_000), value: "n"),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.runs, quick.trainings) = (1, 5, 40)
    (quick.steps, quick.unroll, quick.units, quick.batch) = (60, 20, 10, 64)
    quick.outerRate = 0.01
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 3
  public var runs = 20
  public var trainings = 400
  public var steps = 100
  public var unroll = 20
  public var units = 20
  public var batch = 128
  public var outerRate = 0.003
  public var train = 1_797

  public init() {}

  /// Networks that the LSTM was not trained for.
  static func networks(_ units: Int) -> [(name: String, hidden: [Int], activation: Activation)] {
    [
      ("twice as many units", [2 * units], .sigmoid),
      ("two hidden layers", [units, units], .sigmoid), ("ReLU", [units], .relu),
    ]
  }

  private var sizes: ImageSplit.Sizes { .init(train: train, validation: 0, test: 0) }

  public func validate(_ context: ExperimentContext) throws {
    guard steps.isMultiple(of: unroll) else {
      throw LabError(
        .setting, "--unroll \(unroll) does not divide --steps \(steps)",
        remedy: "change one of them")
    }
    guard batch <= train else {
      throw LabError(
        .setting, "--batch \(batch) is more than --train \(train)", remedy: "lower --batch")
    }
    try ImageSplit.check(try ImageSplit.parts(of: data, context), sizes)
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    var alone = self
    (alone.seeds, alone.data) = (1, nil)
    let key = try ImageSplit.key(of: alone, parts)
    // The same digits for all seeds, which differ in the initial weights.
    let pictures = try ImageSplit.first(train, of: parts.train)
    let runs = try (0..<seeds).map { seed in
      try context.report(seed, of: seeds, "seed \(seed)")
      return try context.run("seed \(seed)", key: key) {
        try LearningToLearnTraining(settings: self, data: pictures, seed: UInt64(seed))
          .run(context)
      }
    }
    return try report(runs)
  }
}
