internal import OuterloopLearning

/// Precisions of a network's prior, chosen by held-out loss and by the variational bound of the evidence,
/// evaluated by test errors under noise.
public struct EvidenceNoiseExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "evidence-noise",
    summary: "Weight decays chosen by held-out loss and by evidence, tested under noise.",
    question:
      "Are models whose hyperparameters were chosen by the evidence less accurate than those chosen by "
      + "cross-validation, but more robust to noise?",
    method:
      "A small network for digits has a Gaussian prior with a precision for each of its tensors. The precisions are chosen "
      + "by random search, greedily, by HOAG and by DrMAD: once for the loss on held-out examples, once for the variational "
      + "bound of the evidence. A model is then trained with the chosen precisions on all examples and tested on pictures "
      + "with Gaussian noise in every pixel.",
    mathematics: #"""
      The weights $w$ have the prior $p(w \mid h) = N(0, \text{diag}(1/a))$ with $a = e^{h}$, a precision $a_g$ for each
      tensor of the network. Cross-validation trains the mode of the posterior and judges it by examples that were held out,

      $$ w^*(h) = \text{argmin}_w \, - \log p(D_1 \mid w) + \frac{1}{2} \sum_i a_i w_i^2, \quad E(h) = - \log p(D_2 \mid w^*(h)). $$

      The evidence needs none. With a Gaussian $q = N(\mu, \text{diag}(s^2))$ for the posterior it is at least

      $$ F(q, h) = E_q \log p(D \mid w) - \frac{1}{2} \sum_i (a_i (\mu_i^2 + s_i^2) - 1 - \log (a_i s_i^2)), $$

      which training maximizes over $q$ and selection over $h$. Since both levels share it, its derivative at the best $q$ is
      the direct one,

      $$ \frac{dF}{dh_g} = \frac{1}{2} \sum_{i \in g} (1 - a_g (\mu_i^2 + s_i^2)), $$

      where $i$ runs over the weights of the tensor: nothing flows through training. Predictions are those of the mode, and the
      mean of those of draws from $q$.
      """#,
    sources: [
      .init(
        "Bakhteev, Strijov, Comprehensive analysis of gradient-based hyperparameter optimization "
          + "algorithms, 2020", "https://doi.org/10.1007/s10479-019-03286-z"),
      .init(
        "Graves, Practical variational inference for neural networks, 2011",
        "https://papers.nips.cc/paper/2011/hash/7eb3c8be3d411e8ebfab08eba5f49632-Abstract.html"),
      .init(
        "Pedregosa, Hyperparameter optimization with approximate gradient, 2016",
        "https://arxiv.org/abs/1602.02355"),
      .init(
        "Fu et al., DrMAD: distilling reverse-mode automatic differentiation for optimizing "
          + "hyperparameters of deep neural networks, 2016", "https://arxiv.org/abs/1601.00917"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .int("seeds", \.seeds, "Runs on other splits, weights and noise.", .within(1...1_000)),
      .int("steps", \.steps, "Steps of a training.", .within(2...100_000), value: "T"),
      .int("updates", \.updates, "Updates of the precisions.", .within(1...100_000)),
      .int("units", \.units, "Units of the hidden layer.", .within(1...10_000)),
      .int("draws", \.draws, "Draws of the weights in a step.", .within(1...10_000), value: "K"),
      .number("rate", \.rate, "Adam's rate in training.", .above(0), value: "eta"),
      .number("gamma", \.gamma, "How the greedy method weighs older steps.", .between(0, 1)),
      .number(
        "outer-rate", \.outerRate, "Adam's rate on the logarithms of the precisions.", .above(0)),
      .numbers(
        "noise", \.noise, "Standard deviations of the noise in test pictures, from 0 on.",
        .within(0...100), value: "sigma"),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.steps, quick.updates, quick.units) = (2, 60, 6, 8)
    (quick.train, quick.validation, quick.test) = (300, 300, 600)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 10
  public var steps = 100
  public var updates = 30
  public var units = 30
  public var draws = 2
  public var rate = 0.03
  public var gamma = 0.9
  public var outerRate = 0.5
  public var noise = [0, 0.1, 0.25, 0.5]
  public var train = 400
  public var validation = 400
  public var test = 900

  public init() {}

  /// A step takes all examples.
  public var batch: Int { train }

  public func validate(_ context: ExperimentContext) throws {
    let rises = zip(noise, noise.dropFirst()).allSatisfy { $0 < $1 }
    guard noise.count >= 2, noise[0] == 0, rises else {
      throw LabError(
        .setting, "--noise \(noise.map { "\($0)" }.joined(separator: " "))",
        remedy: "give 0 and at least one larger number, in order")
    }
    try checkPictures(context)
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let runs = try runs(context, parts) {
      try EvidenceNoiseTraining(self, parts, seed: $0).learn(context)
    }
    return try EvidenceNoiseReport(settings: self, runs: runs, parts: parts).report()
  }
}
