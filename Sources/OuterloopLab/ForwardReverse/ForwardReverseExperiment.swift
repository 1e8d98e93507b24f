internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// Forward, reverse and real-time hypergradients of three models: the same numbers, at different costs.
public struct ForwardReverseExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "rfho-trace",
    summary:
      "Forward, reverse and real-time hypergradients of three models: memory and time by their laws.",
    question:
      "Forward and reverse mode give the same hypergradient: what does each cost in memory and time, and what "
      + "does updating the hyperparameters during training bring?",
    method:
      "Logistic regression, a network of five layers and a convolutional one are trained on digits by 100 steps of "
      + "momentum; their learning rate, momentum and two weight penalties for each layer are differentiated in both "
      + "modes, and updated while training in real time. Bytes are checked against the law that all six published cells follow.",
    mathematics: #"""
      A state $s = (w, m)$ of $P$ weights and as many momenta moves by $s_t = \Phi_t(s_{t-1}, \lambda)$, with the derivatives
      $A_t = \partial \Phi_t / \partial s$ and $B_t = \partial \Phi_t / \partial \lambda$ and $Q$ hyperparameters. Forward mode carries a matrix,

      $$ Z_t = A_t Z_{t-1} + B_t, \quad \frac{dE}{d\lambda} = \frac{\partial E}{\partial \lambda} + \frac{\partial E}{\partial s_T} Z_T, $$

      reverse mode goes back through the states with a row,

      $$ a_{t-1} = a_t A_t, \quad \frac{dE}{d\lambda} = \frac{\partial E}{\partial \lambda} + \sum_{t=1}^{T} a_t B_t. $$

      In numbers of four bytes, forward mode holds $Q$ tangents and a state, reverse mode $T + 1$ states and an adjoint,

      $$ M_f = 4 \cdot 2 P (Q + 1), \quad M_r = 4 \cdot 2 P (T + 2), $$

      and a step costs forward mode $1 + Q$ products and reverse mode a constant number. Because forward mode knows $Z_t$ at every step, the
      hyperparameters can be updated while the model trains: real-time optimization.
      """#,
    sources: [
      .init(
        "Franceschi et al., Forward and reverse gradient-based hyperparameter optimization, 2017",
        "https://arxiv.org/abs/1703.01785")
    ], measuresTime: true)

  public static let settings: [Setting<Self>] =
    [
      .text(
        "data", \.data,
        "A folder with pictures of at most 28x28 pixels; the bundled digits, "
          + "enlarged, if left out.", value: "DIR"),
      .choice("model", \.models, "Models", among: TraceModel.allCases.map(\.rawValue)),
      .int("seeds", \.seeds, "Runs on other splits and weights.", .within(1...1_000)),
      .int("steps", \.steps, "Steps of a training.", .within(2...100_000), value: "T"),
      .int(
        "convolution-steps", \.convolutionSteps, "Steps of the convolutional network's training.",
        .within(2...100_000), value: "T"),
      .int("every", \.every, "Steps between real-time updates.", .within(1...100_000)),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .number("rate", \.rate, "The learning rate at the start.", .above(0), value: "eta"),
      .number("momentum", \.momentum, "The momentum at the start.", .between(0, 1), value: "mu"),
      .number("penalty", \.penalty, "Every weight penalty at the start.", .above(0)),
      .number("outer-rate", \.outerRate, "Adam's rate of real-time updates.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.batch, quick.rate, quick.outerRate) = (1, 20, 0.003, 0.15)
    quick.convolutionSteps = 10
    (quick.train, quick.validation, quick.test) = (800, 200, 400)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  /// Words of `TraceModel`.
  public var models = TraceModel.allCases.map(\.rawValue)
  public var seeds = 3
  public var steps = 100
  public var convolutionSteps = 100
  public var every = 10
  public var batch = 100
  public var rate = 0.01
  public var momentum = 0.5
  public var penalty = 1e-6
  /// Of Adam, on logarithms and the momentum's logit.
  public var outerRate = 0.1
  public var train = 900
  public var validation = 400
  public var test = 497

  public init() {}

  func steps(of model: TraceModel) -> Int { model == .cnn ? convolutionSteps : steps }

  public func validate(_ context: ExperimentContext) throws {
    guard every <= Swift.min(steps, convolutionSteps) else {
      throw LabError(
        .setting, "--every \(every) is more than the steps of a training", remedy: "lower --every")
    }
    try checkPictures(context)
    let parts = try ImageSplit.parts(of: data, context)
    guard parts.train.shape.allSatisfy({ $0 <= TraceNetwork.side }) else {
      throw LabError(
        .data, "\(parts.train.source): pictures of shape \(parts.train.shape)",
        remedy: "use pictures of at most \(TraceNetwork.side)x\(TraceNetwork.side) pixels")
    }
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let key = try key(parts) { $0.models = [] }
    let chosen = models.compactMap(TraceModel.init(rawValue:))
    let runs = try chosen.enumerated().map { place, model in
      try (0..<seeds).map { seed in
        let word = "\(model.rawValue), seed \(seed)"
        try context.report(place * seeds + seed, of: chosen.count * seeds, word)
        return try context.run(word, key: key) {
          try TraceTraining(self, parts, model, seed: UInt64(seed)).run(context)
        }
      }
    }
    return report(Array(zip(chosen, runs)))
  }
}
