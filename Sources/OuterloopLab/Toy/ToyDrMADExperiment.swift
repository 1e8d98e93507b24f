internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopText

/// DrMAD and its piecewise version on the toy problem: the trajectory of training replaced by lines.
public struct ToyDrMADExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "toy-drmad",
    summary: "Trajectories replaced by lines: DrMAD, exact by h and wrong by the learning rate.",
    question:
      "When is it safe to replace the trajectory of training by a line, or by a few lines, before "
      + "differentiating it?",
    method:
      "Training runs forward as usual; the backward pass sees weights on the line between its first and its "
      + "last state (DrMAD), or on M lines between M + 1 knots (piecewise). The same is done for the hyperparameter "
      + "h and for the learning rate.",
    mathematics: #"""
      Reverse mode needs the weights $w_{t-1}$ of every step. DrMAD keeps two states and interpolates,

      $$ \tilde{w}_{t-1} = (1 - f) w_0 + f w_T, \quad f = \frac{t - 1}{T}. $$

      For $L = (h + w)^2$ a step has the derivatives $A = 1 - 2 \eta$ and $\partial w_t / \partial h = -2 \eta$, which do not depend on
      the weights: whatever stands for $w_{t-1}$, the hypergradient with respect to $h$ is exact, and DrMAD, its piecewise version and
      reverse mode are one. With respect to the learning rate it is not, because

      $$ \frac{dE}{d\eta} = \sum_{t=1}^{T} 2 w_T A^{T-t} \cdot (-2)(h + w_{t-1}) $$

      weighs the weights themselves. True weights decay geometrically, the line is above them, and the sum comes out too
      large; more knots follow the curve, and $M = T$ is reverse mode. The course's slide prints $w_0 + f w_T$
      without the factor $(1 - f)$; what that would give is shown too.
      """#,
    sources: [
      .init(
        "Fu et al., DrMAD: Distilling reverse-mode automatic differentiation for optimizing "
          + "hyperparameters of deep neural networks, 2016", "https://arxiv.org/abs/1601.00917"),
      .init(
        "Maclaurin, Duvenaud, Adams, Gradient-based hyperparameter optimization through reversible "
          + "learning, 2015", "https://arxiv.org/abs/1502.03492"),
    ])

  public static let settings: [Setting<Self>] = [
    .ints("knots", \.knots, "M, lines in place of the trajectory.", .within(1...1_000), value: "M"),
    .int("steps", \.steps, "T, steps of training.", .within(2...1_000), value: "T"),
    .int("updates", \.updates, "Updates of h and of the learning rate.", .within(1...10_000)),
    .number("rate", \.rate, "eta, the rate of training.", .between(0, 0.5), value: "eta"),
    .number("outer-rate", \.outerRate, "The rate of h.", .between(0, 1)),
    .number("start-h", \.startH, "h at the start.", .within(-10...10), value: "h"),
    .number("start-w", \.startW, "w at the start of training.", .within(-10...10), value: "w"),
  ]

  public static var quick: Self { Self() }

  public var knots = [1, 2, 4, 10]
  public var steps = 10
  public var updates = 12
  public var rate = 0.1
  public var outerRate = 0.25
  public var startH = 1.0
  public var startW = 2.0

  public init() {}

  /// An estimator's result at the start, and the trajectory of its updates.
  private struct Run: Codable {
    /// The derivatives of E with respect to h and eta.
    var byH, byRate: Double
    /// h and E before each update of h.
    var h, lossByH: [Double]
    /// E before each update of eta.
    var lossByRate: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let exact = try context.run("reverse", key: key) { try follow(.reverse, context) }
    let runs = try knots.enumerated().map { place, count in
      try context.report(place + 1, of: knots.count + 1, Self.name(count))
      return try context.run(Self.name(count), key: key) {
        try follow(.drmad(.steps(count)), context)
      }
    }
    return report(exact, runs)
  }

  /// Trainings from the same start, by h with the rate fixed, and by the rate with h fixed.
  private func follow(_ estimator: Estimator, _ context: ExperimentContext) throws -> Run {
    let (w, rate, h) = (Tensor([startW]), rate, Tensor([startH]))
    let byH = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in w }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in (h + w).square().sum() }, outer: { w, _ in w.square().sum() })
    let byRate = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in w },
      optimizer: { rate, _ in .sgd(rate: .init(rate.reshaped([]))) },
      loss: { w, _ in (h + w).square().sum() }, outer: { w, _ in w.square().sum() })
    let first = try (
      byH.hypergradient(at: h, by: estimator).gradient.item(),
      byRate.hypergradient(at: Tensor([rate]), by: estimator).gradient.item()
    )
    var run = Run(byH: first.0, byRate: first.1, h: [], lossByH: [], lossByRate: [])
    var point = startH
    for _ in 0...updates {
      try context.continueOrStop()
      let result = try byH.hypergradient(at: Tensor([point]), by: estimator)
      run.h.append(point)
      run.lossByH.append(result.loss)
      point -= outerRate * (try result.gradient.item())
    }
    point = rate
    for _ in 0...updates {
      let result = try byRate.hypergradient(at: Tensor([point]), by: estimator)
      run.lossByRate.append(result.loss)
      point -= rateStep * (try result.gradient.item())
    }
    return run
  }

  /// The step for the learning rate: small enough for the derivative that is three times too large.
  private let rateStep = 2e-4

  /// dE/deta with approximate weights, such as `w_0 + f w_T` as printed on the slide.
  private func byRate(_ weights: (_ f: Double) -> Double) -> Double {
    let toy = ToyProblem(rate: rate)
    let last = toy.trained(h: startH, w: startW, steps: steps)
    return (1...steps).reduce(0) { sum, t in
      let w = weights(Double(t - 1) / Double(steps))
      return sum + 2 * last * toy.power(steps - t) * -2 * (startH + w)
    }
  }

  private func report(_ exact: Run, _ runs: [Run]) -> ExperimentReport {
    let toy = ToyProblem(rate: rate)
    let last = toy.trained(h: startH, w: startW, steps: steps)
    let known = toy.truncated(h: startH, w: startW, steps: steps, last: steps)
    let slide = byRate { startW + $0 * last }
    let knownByRate = (1...steps).reduce(0) { sum, t in
      let w = toy.trained(h: startH, w: startW, steps: t - 1)
      return sum + 2 * last * toy.power(steps - t) * -2 * (startH + w)
    }
    let names = knots.map(Self.name)
    typealias Row = ExperimentReport.Table.Row
    let rows =
      [Row("reverse (exact)", [exact.byH, exact.byRate, 0])]
      + zip(names, runs).map { Row($0, [$1.byH, $1.byRate, abs($1.byRate / exact.byRate - 1)]) }
      + [Row("the slide's formula", [nil, slide, abs(slide / exact.byRate - 1)])]
    var claims = [
      Claim(
        "dE/dh of reverse mode", .closedForm, is: known, within: 1e-12, measured: exact.byH,
        check: "-2 w_T (1 - c^T)"),
      Claim(
        "dE/dh is exact for every number of lines", .closedForm, in: 0...1e-12,
        measured: runs.map { abs($0.byH - known) }.max() ?? .nan, check: "largest difference"),
      Claim(
        "All of them take h the same way", .closedForm, in: 0...1e-10,
        measured: runs.flatMap { zip($0.h, exact.h).map { abs($0 - $1) } }.max() ?? .nan,
        check: "largest difference of h over all updates"),
      Claim(
        "dE/deta of reverse mode", .closedForm, is: knownByRate, within: 1e-10,
        measured: exact.byRate, check: "the sum over steps with the true weights"),
    ]
    if let one = knots.firstIndex(of: 1) {
      claims.append(
        Claim(
          "dE/deta of DrMAD", .closedForm, is: byRate { (1 - $0) * startW + $0 * last },
          within: 1e-10, measured: runs[one].byRate, check: "the sum over steps with the line"))
    }
    if let all = knots.firstIndex(where: { $0 >= steps }) {
      claims.append(
        Claim(
          "As many lines as steps are reverse mode", .theory, in: 0...1e-12,
          measured: abs(runs[all].byRate / exact.byRate - 1),
          check: "relative difference of dE/deta"))
    }
    let order = knots.indices.sorted { knots[$0] < knots[$1] }
    let errors = order.map { abs(runs[$0].byRate - exact.byRate) }
    let rises = zip(errors, errors.dropFirst()).count { $0 < $1 }
    claims.append(
      Claim(
        "The error of dE/deta falls with every further knot", .theory, in: 0...0,
        measured: Double(rises), check: "how often a larger M has a larger error"))
    return ExperimentReport(
      tables: [
        .init(
          "At h = \(startH), w_0 = \(startW), \(steps) steps of rate \(rate)",
          columns: ["dE/dh", "dE/deta", "relative error"], rows: rows)
      ],
      claims: claims,
      notes: [
        "Every estimate is a positive multiple of w_T, so all of them find a learning rate with w_T = 0 in the end: "
          + "a wrong length is what DrMAD gets wrong here, not a wrong sign."
      ],
      figures: ToyProblem.surfaces(
        "Updates of h",
        "Trainings from $w_0$ for three values of h (black), and where training ends while h is updated (blue). Reverse mode, "
          + "DrMAD and its piecewise version share this one path, because each has the exact derivative by h.",
        tracks(exact))
        + [
          .init(
            "lines.svg",
            "What the backward pass sees in place of the weights: a line is far above the true decay in the middle, four "
              + "lines are close, and the slide's formula ends nowhere near $w_T$.",
            svg: trajectories(last)),
          .init(
            "learning-rate.svg",
            "The learning rate by updates along each estimate of $dE/d\\eta$: the more it is overestimated, the longer the steps.",
            svg: LineChart(
              title: "Updates of the learning rate", x: "updates", y: "E",
              series: [.init("reverse", y: exact.lossByRate, style: MethodStyle.exact.rawValue)]
                + zip(knots, runs).filter { $0.0 < steps }.enumerated().map {
                  .init(names[$0], y: $1.1.lossByRate, style: $0 + 1)
                }
            ).svg()),
        ])
  }

  private func tracks(_ exact: Run) -> [ToyProblem.Track] {
    let toy = ToyProblem(rate: rate)
    let shown = [0, 1, exact.h.count - 1].map { exact.h[$0] }
    let trainings = shown.map { h in
      ToyProblem.Track(
        name: "", points: (0...steps).map { (h, toy.trained(h: h, w: startW, steps: $0)) },
        style: MethodStyle.random.rawValue)
    }
    let ends = exact.h.map { ($0, toy.trained(h: $0, w: startW, steps: steps)) }
    return trainings + [
      .init(name: "ends of training", points: ends, style: MethodStyle.exact.rawValue)
    ]
  }

  private static func name(_ knots: Int) -> String {
    knots == 1 ? "DrMAD (1 line)" : "\(knots) lines"
  }

  private func trajectories(_ last: Double) -> String {
    let toy = ToyProblem(rate: rate)
    let times = (0...steps).map(Double.init)
    let truth = (0...steps).map { toy.trained(h: startH, w: startW, steps: $0) }
    func lines(_ count: Int) -> [Double] {
      let places = (0...Swift.min(count, steps)).map { $0 * steps / Swift.min(count, steps) }
      return (0...steps).map { t in
        let end = places.firstIndex { $0 >= t } ?? 0
        guard end > 0 else { return truth[0] }
        let (a, b) = (places[end - 1], places[end])
        return truth[a] + (truth[b] - truth[a]) * Double(t - a) / Double(b - a)
      }
    }
    return LineChart(
      title: "Weights that the backward pass sees", x: "step t", y: "w",
      series: [.init("true weights", x: times, y: truth, style: MethodStyle.exact.rawValue)]
        + knots.filter { $0 < steps }.enumerated().map {
          .init(Self.name($1), x: times, y: lines($1), style: $0 + 1)
        } + [
          .init(
            "the slide's formula", x: times,
            y: times.map { startW + $0 / Double(steps) * last }, style: MethodStyle.random.rawValue,
            dash: 2)
        ]
    ).svg()
  }

  enum CodingKeys: CodingKey { case knots, steps, updates, rate, outerRate, startH, startW }
}
