internal import OuterloopCharts
internal import OuterloopText

/// The search with a Gaussian process, step by step, and what it costs against TPE.
public struct GaussianProcessExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "gaussian-process",
    summary:
      "A Gaussian process choosing where to look next, step by step; its cost against TPE's.",
    question:
      "How does a search with a Gaussian process choose the next point, and what does each choice cost?",
    method:
      "A loss of one variable is searched. Before each step a Gaussian process with a fitted Matern kernel is "
      + "conditioned on all losses so far, and the next point is where the expected improvement is largest. "
      + "Then the time of conditioning on m observations is measured, and that of a suggestion by TPE after m "
      + "trials.",
    mathematics: #"""
      Given losses $y$ at $X$, the loss at $x$ is believed to be normal with

      $$ \mu(x) = m + k(x, X) K^{-1} (y - m), \quad \sigma^2(x) = k(x, x) - k(x, X) K^{-1} k(X, x), $$

      where $K = k(X, X) + \sigma_n^2 I$, and the expected improvement on the best loss $y^*$ so far is

      $$ \text{EI}(x) = \sigma(x) (\phi(u) + u \Phi(u)), \quad u = \frac{y^* - \mu(x)}{\sigma(x)}. $$

      It is large where the mean is low and where little is known. Factoring $K$ takes $O(m^3)$; TPE keeps two sorted
      densities instead, and a suggestion takes $O(m \log m)$ at most.
      """#,
    sources: [
      .init(
        "Shahriari et al., Taking the human out of the loop: A review of Bayesian optimization, 2016",
        "https://doi.org/10.1109/JPROC.2015.2494218"),
      .init(
        "Bergstra et al., Algorithms for hyper-parameter optimization, 2011",
        "https://papers.nips.cc/paper/2011/hash/86e8f7ab32cfd12577bc2619bc635690-Abstract.html"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .int("steps", \.steps, "Points that the search chooses.", .within(1...40)),
    .ints(
      "gp-sizes", \.processSizes, "m, observations of the timed process.", .within(10...5_000),
      value: "m"),
    .ints("tpe-sizes", \.tpeSizes, "m, trials of the timed TPE.", .within(10...50_000), value: "m"),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.processSizes, quick.tpeSizes) = ([250, 500, 1_000, 2_000], [250, 500, 1_000])
    return quick
  }

  public var steps = 10
  public var processSizes = [250, 500, 1_000, 2_000, 4_000]
  public var tpeSizes = [500, 1_000, 2_000, 4_000]

  public init() {}

  /// The points with which the search begins.
  private static let first = [0.05, 0.55, 0.95]

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let total = 1 + processSizes.count + tpeSizes.count
    try context.report(0, of: total, "steps")
    let states = try context.run("steps", key: key) {
      try GaussianProcessSteps.run(from: Self.first, steps: steps)
    }
    let processTimes = try processSizes.enumerated().map { place, m in
      try context.report(1 + place, of: total, "process of \(m)")
      return try context.run("process of \(m)", key: key) { try SuggestionCosts.gaussianProcess(m) }
    }
    let tpeTimes = try tpeSizes.enumerated().map { place, m in
      try context.report(1 + processSizes.count + place, of: total, "TPE of \(m)")
      return try context.run("TPE of \(m)", key: key) { try SuggestionCosts.tpe(m) }
    }
    return report(states, processTimes, tpeTimes)
  }

  private func report(
    _ steps: [GaussianProcessSteps.Step], _ processTimes: [Double], _ tpeTimes: [Double]
  ) -> ExperimentReport {
    let best = steps.map { $0.y.min() ?? .nan }
    let regret = (best.last ?? .nan) - GaussianProcessSteps.least
    let cubic = PowerLaw(x: processSizes.map(Double.init), y: processTimes).exponent
    let sorted = PowerLaw(x: tpeSizes.map(Double.init), y: tpeTimes).exponent
    var claims = [
      Claim(
        "Mean and variance are those of the textbook", .secondMethod, in: 0...1e-6,
        measured: steps.map(\.difference).max() ?? .nan,
        check: "largest difference from a dense solve, over steps and places")
    ]
    if self.steps >= 10 {
      claims.append(
        Claim(
          "The search comes to the least loss", .theory, in: 0...0.01, measured: regret,
          check: "best loss found less the least one, after \(self.steps) steps"))
    }
    if processSizes.count >= 3 {
      claims.append(
        Claim(
          "The process costs between m^1.7 and m^3.3", .theory, in: 1.7...3.3, measured: cubic,
          check: "exponent fitted to times; the kernel's m^2 still counts at these sizes"))
    }
    if tpeSizes.count >= 3 {
      claims.append(
        Claim(
          "A suggestion by TPE costs no more than m log m", .theory, in: -2...1.3,
          measured: sorted,
          check: "exponent fitted to times of a suggestion"))
    }
    let shown = [0, 1, 2, 4, self.steps].filter { $0 <= self.steps }.reduce(into: [Int]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return ExperimentReport(
      tables: [
        .init(
          "Step by step", columns: ["next x", "loss there", "best so far"],
          rows: steps.indices.dropLast().map { place in
            .init(
              "step \(place + 1)",
              [steps[place].next, GaussianProcessSteps.loss(steps[place].next), best[place + 1]])
          }),
        .init(
          "Cost of a choice after m observations, in milliseconds", columns: ["milliseconds"],
          rows: zip(processSizes, processTimes).map { .init("process, m = \($0)", [$1 * 1_000]) }
            + zip(tpeSizes, tpeTimes).map { .init("TPE, m = \($0)", [$1 * 1_000]) }),
      ],
      claims: claims,
      notes: ["the least loss is \(NumberText.short(GaussianProcessSteps.least))."],
      figures: shown.map { picture(steps[$0], number: $0) }
        + [
          .init(
            "cost.svg",
            "Time of a choice against the number of observations, on logarithmic axes: the process is steep, TPE is nearly flat.",
            svg: LineChart(
              title: "Cost of a choice", x: .log("observations m"), y: .log("seconds"),
              series: [
                .init(
                  "Gaussian process", x: processSizes.map(Double.init), y: processTimes,
                  style: MethodStyle.model.rawValue),
                .init(
                  "TPE", x: tpeSizes.map(Double.init), y: tpeTimes,
                  style: MethodStyle.drmad.rawValue),
              ]
            ).svg())
        ])
  }

  /// The posterior before a step, above the expected improvement.
  private func picture(
    _ step: GaussianProcessSteps.Step, number: Int
  ) -> ExperimentReport.Picture {
    let grid = GaussianProcessSteps.grid
    let belief = LineChart(
      title: number == 0 ? "Before the first step" : "After \(NumberText.count(number, "step"))",
      x: .init("x", range: 0...1), y: .init("loss", range: -1.2...1.2),
      series: [
        .init(
          "mean, with two standard deviations", x: grid, y: step.mean,
          lower: zip(step.mean, step.deviation).map { $0 - 2 * $1 },
          upper: zip(step.mean, step.deviation).map { $0 + 2 * $1 }, markers: false,
          style: MethodStyle.exact.rawValue, dash: 0),
        .init(
          "true loss", x: grid, y: grid.map(GaussianProcessSteps.loss), markers: false,
          style: MethodStyle.random.rawValue, dash: 2),
        .init("known", x: step.x, y: step.y, hasLine: false, style: MethodStyle.model.rawValue),
      ], marks: [step.next])
    let improvement = LineChart(
      x: .init("x", range: 0...1), y: "expected improvement",
      series: [
        .init(
          "", x: grid, y: step.improvement, markers: false,
          style: MethodStyle.hypernetwork.rawValue, dash: 0)
      ], marks: [step.next])
    return .init(
      "step-\(number).svg",
      "What is believed of the loss, and below it the expected improvement, whose highest point (dotted line) is tried next.",
      svg: SmallMultiples(figures: [belief, improvement], columns: 1).svg(width: 640, height: 640))
  }
}
