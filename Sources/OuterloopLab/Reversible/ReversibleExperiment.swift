internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Training that is reversed exactly, so that its trajectory need not be stored: learning-rate
/// schedules and initial scales of a network learned through it.
public struct ReversibleExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "reversible",
    summary:
      "A schedule of learning rates and initial scales learned through exactly reversed training.",
    question:
      "Can training be run backwards exactly, so that the learning rate of every single step can be learned "
      + "without storing the trajectory?",
    method:
      "A network for the bundled digits is trained by heavy ball in 64-bit fixed point. What each decay of the "
      + "velocity loses is kept as bits, and the backward pass recomputes every state from the last one. The "
      + "hypergradient is compared with reverse mode, the bits with their formula; the rate of every step and the scale "
      + "of each layer's first weights are then learned. Beside it: what happens without the bits.",
    mathematics: #"""
      Heavy ball is $v' = b v - (1 - b) g(w)$, $w' = w + \alpha v'$, and looks as if it could be undone,

      $$ w = w' - \alpha v', \quad v = \frac{v' + (1 - b) g(w)}{b}, $$

      but multiplying by $b < 1$ drops the lowest bits of $v$, and dividing by it multiplies their absence by $1 / b$ a
      step: after $k$ steps back the error has grown by $b^{-k}$. With $b = n / d$ in whole numbers the remainder of each
      division goes into a buffer from which the way back takes it again. The buffer grows by $\log_2 (d / n)$ bits for
      each weight and step, on average, so

      $$ \text{bits} = T P \log_2 \frac{d}{n}, $$

      0.152 for $b = 0.9$ where a stored state would take 128.
      """#,
    sources: [
      .init(
        "Maclaurin, Duvenaud, Adams, Gradient-based hyperparameter optimization through reversible "
          + "learning, 2015", "https://arxiv.org/abs/1502.03492")
    ])

  public static let settings: [Setting<Self>] = [
    .int("steps", \.steps, "T, steps of training.", .within(2...100_000), value: "T"),
    .int("updates", \.updates, "Updates of the schedule.", .within(1...10_000)),
    .int("hidden", \.hidden, "Units of the hidden layer.", .within(1...1_000), value: "n"),
    .number("momentum", \.momentum, "b, of training.", .within(0.5...0.99), value: "b"),
    .number("rate", \.rate, "The rate of every step at the start.", .within(1e-6...1)),
    .number(
      "outer-rate", \.outerRate, "Adam's rate on log rates and log scales.", .within(1e-6...1)),
    .int("train", \.train, "Digits to train on.", .within(20...1_700), value: "n"),
    .int("validation", \.validation, "Digits to validate on.", .within(20...1_700), value: "n"),
    .seed("seed", \.seed, "Of digits and first weights."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.steps, quick.updates, quick.hidden, quick.train, quick.validation) = (
      200, 25, 12, 150, 300
    )
    return quick
  }

  public var steps = 100
  public var updates = 100
  public var hidden = 50
  public var momentum = 0.9
  public var rate = 0.02
  public var outerRate = 0.05
  public var train = 500
  public var validation = 500
  public var seed: UInt64 = 1

  public init() {}

  public func validate(_: ExperimentContext) throws {
    try DigitSplit.check(train: train, validation: validation)
  }

  /// Log rates (T) and log scales (2).
  typealias Hyper = Pair<Tensor, Tensor>
  typealias Problem = BilevelProblem<TrainingState<MultilayerPerceptron>, Hyper, NoTensors>

  /// Both hypergradients at the start, their cost, and the learning of the schedule.
  private struct Run: Codable {
    var error, bits, trajectoryBytes: Double
    var parameters: Double
    var losses: [Double]
    var rates, scales: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    try context.report(0, of: 2, "schedule")
    let run = try context.run("schedule", key: key) { try learn(context) }
    try context.report(1, of: 2, "floating point")
    let momenta = [0.9, 0.95, 0.98]
    let curves = try context.run("floating point", key: key) {
      try momenta.map { try FloatReversal(momentum: $0, steps: 400, seed: seed).errors }
    }
    let growth = try FloatReversal(momentum: 0.9, steps: 400, seed: seed).growth
    return report(run, Array(zip(momenta, curves)), growth: growth)
  }

  private func learn(_ context: ExperimentContext) throws -> Run {
    let problem = try problem()
    let start = Hyper(
      Tensor([Double](repeating: log(rate), count: steps)), Tensor([Double](repeating: 0, count: 2))
    )
    let reversible = try problem.hypergradient(at: start, by: .reversible)
    let reverse = try problem.hypergradient(at: start, by: .reverse)
    let (given, known) = try (
      reversible.gradient.leaves.flatMap { try $0.doubles() },
      reverse.gradient.leaves.flatMap { try $0.doubles() }
    )
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var losses: [Double] = []
    let state = try problem.minimize(
      from: start, by: .reversible, updates: updates,
      with: OuterLoop(.adam(rate: .init(outerRate)))
    ) { progress in
      try context.continueOrStop()
      losses.append(progress.loss)
      return true
    }
    losses.append(try problem.solve(at: state.hyper).loss)
    return Run(
      error: norm(zip(given, known).map { $0 - $1 }) / norm(known),
      bits: Double(reversible.cost.reversalBits), trajectoryBytes: Double(reverse.cost.stateBytes),
      parameters: Double(reversible.state.weights.elementCount), losses: losses,
      rates: try exp(state.hyper.first).doubles(), scales: try exp(state.hyper.second).doubles())
  }

  private func problem() throws -> Problem {
    let split = try DigitSplit(train: train, validation: validation, seed: seed)
    let network = MultilayerPerceptron(
      [64, hidden, 10], activation: .tanh, key: RandomKey(seed: seed, purpose: "reversible"),
      dtype: .float64)
    let momentum = momentum
    return Problem(
      steps: steps,
      weights: { hyper in
        var network = network
        for layer in network.layers.indices {
          let scale = exp(hyper.second.sliced(axis: 0, layer..<(layer + 1))).reshaped([])
          network.layers[layer].weights = network.layers[layer].weights * scale
        }
        return network
      },
      optimizer: { hyper, time in
        .momentum(
          rate: .init(exp(hyper.first.gathered(at: time.index)).reshaped([])),
          momentum: .init(momentum))
      },
      loss: { network, _ in Loss.crossEntropy(network(split.x), labels: split.y) },
      outer: { network, _ in Loss.crossEntropy(network(split.heldX), labels: split.heldY) })
  }

  private func report(
    _ run: Run, _ curves: [(momentum: Double, errors: [Double])], growth: Double
  ) -> ExperimentReport {
    // b as a ratio that integers can be multiplied by; .9 is 9 / 10.
    let known = Double(steps) * run.parameters * -log2(momentum)
    let steps = (0..<self.steps).map { Double($0 + 1) }
    return ExperimentReport(
      tables: [
        .init(
          "Through \(self.steps) steps of \(Int(run.parameters)) weights",
          columns: ["value"],
          rows: [
            .init("relative difference from reverse mode", [run.error]),
            .init("bits kept", [run.bits]),
            .init("bits by the formula", [known]),
            .init("bytes of the bits", [run.bits / 8]),
            .init("bytes of states that reverse mode holds", [run.trajectoryBytes]),
            .init("validation loss before", [run.losses.first]),
            .init("validation loss after", [run.losses.last]),
            .init("learned scale, first layer", [run.scales[0]]),
            .init("learned scale, second layer", [run.scales[1]]),
          ])
      ],
      claims: [
        Claim(
          "Reversed training gives the hypergradient of stored training", .secondMethod,
          in: 0...1e-8,
          measured: run.error, check: "relative difference over all rates and scales"),
        Claim(
          "The bits kept are those of the formula", .closedForm, is: known / run.parameters,
          // Complete words are pushed when one is full.
          within: known / run.parameters < 60 ? 4 : 64,
          measured: run.bits / run.parameters,
          check: "bits for each weight; a buffer starts and ends with whole ones"),
        Claim(
          "They take less room than the trajectory", .theory, in: 0...0.5,
          measured: run.bits / 8 / run.trajectoryBytes, check: "bytes, as a share"),
        Claim(
          "Without them the error grows by 1/b a step", .theory, is: -log(0.9), within: 0.02,
          measured: growth, check: "fitted to the error of floating-point reversal at b = 0.9"),
        Claim(
          "The learned schedule trains better", .theory, in: 0...0.9,
          measured: (run.losses.last ?? .nan) / (run.losses.first ?? .nan),
          check: "validation loss, as a share of that with the rates of the start"),
      ],
      notes: [
        "That training comes back to its first state in every bit is checked at each hypergradient; it would be an error if not."
      ],
      figures: [
        .init(
          "schedule.svg", "The rate of every step, learned from a constant one (dashed).",
          svg: LineChart(
            title: "Learned schedule", x: "step", y: .log("learning rate"),
            series: [
              .init(
                "learned", x: steps, y: run.rates, markers: false, style: MethodStyle.exact.rawValue
              )
            ], references: [ReferenceLine(rate, "start")]
          ).svg()),
        .init(
          "loss.svg", "The validation loss at the end of training, by updates of the schedule.",
          svg: LineChart(
            title: "Validation loss by updates", x: "updates", y: .log("validation loss"),
            series: [
              .init("reversible", y: run.losses, markers: false, style: MethodStyle.exact.rawValue)
            ]
          ).svg()),
        .init(
          "floating-point.svg",
          "Heavy ball undone in floating point: each step back multiplies the error by 1/b, until nothing of the weights is "
            + "left. With the bits the error is zero, at every step.",
          svg: LineChart(
            title: "Reversal in floating point", x: "steps back",
            y: .log("relative error", range: 1e-17...1e6),
            series: curves.enumerated().map { place, curve in
              .init(
                "b = \(curve.momentum)", x: curve.errors.indices.map(Double.init),
                y: curve.errors.map { Swift.max($0, 1e-17) }, markers: false, style: place)
            }, references: [ReferenceLine(1, "all lost")]
          ).svg()),
      ])
  }
}
