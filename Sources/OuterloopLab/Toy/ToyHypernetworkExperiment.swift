internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// A hypernetwork on the toy problem: the trained weight as a function of h, learned from sampled h.
public struct ToyHypernetworkExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "toy-hypernetwork",
    summary: "Weights learned as a function of the hyperparameter, drawn while it is learned.",
    question:
      "Can the trained weights be learned as a function of the hyperparameter, so that no training is needed "
      + "when it changes?",
    method:
      "h is sampled at every step, and a linear function w(h) = a h + b is trained to minimize the training "
      + "loss at the sampled h. The library's estimator then minimizes the validation loss of w(h) by h while "
      + "the function is still being learned around it.",
    mathematics: #"""
      Training means $\min_w (h + w)^2$ for a given $h$. A hypernetwork learns the answer for all of them at once,

      $$ \min_{a, b} \frac{1}{m} \sum_{i=1}^{m} (h_i + a h_i + b)^2, \quad h_i \sim \text{U}(-r, r), $$

      whose solution is $a = -1$, $b = 0$: the best response $w^*(h) = -h$ itself. Its slope is what implicit
      differentiation computes, $\partial w^* / \partial h = -H^{-1} N = -1$, so that the hypergradient through the
      learned function is $dE/dh = 2 w(h) a = 2 h$ at the end.
      """#,
    sources: [
      .init(
        "Lorraine, Duvenaud, Stochastic hyperparameter optimization through hypernetworks, 2018",
        "https://arxiv.org/abs/1802.09419"),
      .init(
        "MacKay et al., Self-tuning networks, 2019", "https://arxiv.org/abs/1903.03088"),
    ])

  public static let settings: [Setting<Self>] = [
    .int("steps", \.steps, "Training steps of the function.", .within(10...100_000)),
    .int("samples", \.samples, "Values of h sampled for a step.", .within(1...10_000), value: "m"),
    .number("rate", \.rate, "The rate of the function.", .between(0, 0.3)),
    .number("reach", \.reach, "h is sampled from -reach to reach.", .within(0.1...10)),
    .int("updates", \.updates, "Updates of h along the learned function.", .within(1...10_000)),
    .number("outer-rate", \.outerRate, "The rate of h.", .between(0, 1)),
    .number("start-h", \.startH, "h at the start.", .within(-10...10), value: "h"),
    .seed("seed", \.seed, "Of the samples."),
  ]

  public static var quick: Self { Self() }

  public var steps = 200
  public var samples = 8
  public var rate = 0.1
  public var reach = 2.0
  public var updates = 60
  public var outerRate = 0.1
  public var startH = 1.5
  public var seed: UInt64 = 1

  public init() {}

  /// The function after every step, and h after every update with the slope that the estimator had learned.
  private struct Run: Codable {
    var slopes, offsets: [Double]
    var h, learnedSlopes: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    try context.report(0, of: 1, "seed \(seed)")
    let run = try context.run("seed \(seed)", key: try Fingerprint(of: self).text) {
      var run = Run(slopes: [], offsets: [], h: [startH], learnedSlopes: [])
      try learn(&run, context)
      try minimize(&run, context)
      return run
    }
    return report(run)
  }

  /// Trains a and b on sampled h.
  private func learn(_ run: inout Run, _ context: ExperimentContext) throws {
    let optimizer = Optimizer.sgd(rate: .init(rate))
    // It starts as far from the solution as the picture is wide.
    var network = LinearHypernetwork(base: Tensor([1.5 as Double]), hyperparameters: 1)
    network.slopes = [Tensor([0.6 as Double], shape: [1, 1])]
    var state = optimizer.initialState(network)
    let step = Compiled {
      (arguments: Pair<TrainingState<LinearHypernetwork<Tensor>>, Pair<Tensor, Time>>) in
      let (state, samples) = (arguments.first, arguments.second.first)
      let slope = try gradient(at: state.weights) { network in
        let w = samples * network.slopes[0].reshaped([1]) + network.base
        return (samples + w).square().mean()
      }
      return optimizer.update(state, gradient: slope, time: arguments.second.second)
    }
    for number in 0...steps {
      try context.continueOrStop()
      run.slopes.append(try state.weights.slopes[0].item())
      run.offsets.append(try state.weights.base.item())
      let key = RandomKey(seed: seed, purpose: "toy hypernetwork", index: UInt64(number))
      let samples = try key.uniform([samples], dtype: .float64).doubles().map {
        (2 * $0 - 1) * reach
      }
      state = try step(Pair(state, Pair(Tensor(samples), Time(step: number))))
    }
  }

  /// Minimizes E over h through the function that the library's estimator learns at the same time.
  private func minimize(_ run: inout Run, _ context: ExperimentContext) throws {
    let rate = rate
    let start = Tensor([1.5 as Double])
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: updates * 5, weights: { _ in start }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in (h + w).square().sum() }, outer: { w, _ in w.square().sum() })
    _ = try problem.minimize(
      from: Tensor([startH]),
      by: .hypernetwork(.init(scale: 0.5, scaleRate: nil, warmUp: 50, seed: seed)),
      updates: updates, with: OuterLoop(.sgd(rate: .init(outerRate))),
      training: .online(every: 5)
    ) { progress in
      try context.continueOrStop()
      run.h.append(try progress.hyper.item())
      run.learnedSlopes.append(
        try progress.diagnostics.response?.slopes.first.map { try $0.item() } ?? .nan)
      return true
    }
  }

  private func report(_ run: Run) -> ExperimentReport {
    let (slope, offset) = (run.slopes.last ?? .nan, run.offsets.last ?? .nan)
    let shown = [0, steps / 40, steps / 12, steps / 4, steps].reduce(into: [Int]()) {
      if $0.last != $1 { $0.append($1) }
    }
    let tracks = shown.enumerated().map { place, step in
      ToyProblem.Track(
        name: "step \(step)",
        points: stride(from: -reach, through: reach, by: reach / 10).map { h in
          (h, run.slopes[step] * h + run.offsets[step])
        }, style: place)
    }
    return ExperimentReport(
      tables: [
        .init(
          "The function w(h) = a h + b while it is learned", columns: ["a", "b"],
          rows: shown.map { .init("step \($0)", [run.slopes[$0], run.offsets[$0]]) }
            + [.init("best response", [-1, 0])]),
        .init(
          "The library's estimator, learning and minimizing at once",
          columns: ["h", "learned dw/dh"],
          rows: [0, updates / 4, updates].map {
            .init("after \($0) updates", [run.h[$0], $0 == 0 ? nil : run.learnedSlopes[$0 - 1]])
          }),
      ],
      claims: [
        Claim(
          "The slope of the learned function", .closedForm, is: -1, within: 1e-3, measured: slope,
          check: "a after \(steps) steps"),
        Claim(
          "Its offset", .closedForm, is: 0, within: 1e-3, measured: offset,
          check: "b after \(steps) steps"),
        Claim(
          "The hypergradient through the function is the implicit one at h = \(startH)",
          .closedForm,
          is: 2 * startH, within: 0.01, measured: 2 * (slope * startH + offset) * slope,
          check: "2 w(h) a against 2 h"),
        Claim(
          "The library's estimator learns the same slope", .closedForm, is: -1, within: 1e-2,
          measured: run.learnedSlopes.last ?? .nan, check: "dw/dh after all updates"),
        Claim(
          "and takes h to 0", .theory, is: 0, within: 0.02, measured: run.h.last ?? .nan,
          check: "h after \(updates) updates"),
      ],
      notes: [
        "Claims hold from a few hundred steps on; shorter trainings fail them, as they should."
      ],
      figures: ToyProblem.surfaces(
        "w as a function of h",
        "The function w(h) over both losses as it is learned: it turns from where it starts into the floor of the training "
          + "loss's valley, $w = -h$. On the validation loss, its lowest point is then the best h.",
        tracks)
        + [
          .init(
            "slope.svg", "Slope and offset go to -1 and 0, the best response.",
            svg: LineChart(
              title: "The learned function", x: "training steps", y: "value",
              series: [
                .init(
                  "slope a", y: run.slopes, markers: false, style: MethodStyle.hypernetwork.rawValue
                ),
                .init(
                  "offset b", y: run.offsets, markers: false, style: MethodStyle.exact.rawValue),
              ], references: [ReferenceLine(-1, "-1"), ReferenceLine(0, "0")]
            ).svg())
        ])
  }
}
