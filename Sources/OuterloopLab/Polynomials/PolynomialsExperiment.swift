internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopNumerics
internal import OuterloopText

/// The degree and the regularization of a polynomial, chosen by the evidence and by cross-validation.
public struct PolynomialsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "polynomials",
    summary: "Degree and regularization of a polynomial by evidence and by cross-validation.",
    question:
      "Does the evidence find the degree of the polynomial that made the data, without any data held out?",
    method:
      "Polynomials of every degree are fitted to noisy values of one. The evidence chooses the precisions of "
      + "weights and noise by MacKay's fixed point and then the degree; 5-fold cross-validation chooses a "
      + "ridge penalty and the degree. Many data sets, a seed each.",
    mathematics: #"""
      With a prior $p(w | a) = N(0, a^{-1} I)$ and noise of precision $b$, the data have the evidence

      $$ p(y | a, b) = \int p(y | w, b) p(w | a) dw = N(y | 0, a^{-1} X X^{\top} + b^{-1} I). $$

      It rewards a good fit and pays for every weight that the data determine: with $A = a I + b X^{\top} X$ and the mean
      $m = b A^{-1} X^{\top} y$,

      $$ \log p = \frac{p}{2} \log a + \frac{n}{2} \log \frac{b}{2 \pi} - \frac{b}{2} \|y - X m\|^2 - \frac{a}{2} \|m\|^2 - \frac{1}{2} \log \det A. $$

      MacKay's iteration $a = \gamma / \|m\|^2$, $b = (n - \gamma) / \|y - X m\|^2$, where $\gamma$ counts the determined weights,
      ends where the gradient of the evidence is zero.
      """#,
    sources: [
      .init("MacKay, Bayesian interpolation, 1992", "https://doi.org/10.1162/neco.1992.4.3.415"),
      .init(
        "Bakhteev, Strijov, Comprehensive analysis of gradient-based hyperparameter optimization algorithms, 2020",
        "https://doi.org/10.1007/s10479-019-03286-z"),
    ])

  public static let settings: [Setting<Self>] = [
    .int("degree", \.degree, "Of the polynomial that makes the data.", .within(1...12), value: "d"),
    .int("most", \.most, "The largest degree that is tried.", .within(1...20), value: "d"),
    .int("points", \.points, "Data points.", .within(10...2_000), value: "n"),
    .number("noise", \.noise, "Standard deviation of the noise.", .within(0.001...100)),
    .int("seeds", \.seeds, "Data sets.", .within(1...1_000)),
    .seed("first-seed", \.firstSeed, "The seed of the first data set."),
  ]

  public static var quick: Self {
    var quick = Self()
    quick.seeds = 12
    return quick
  }

  public var degree = 3
  public var most = 9
  public var points = 30
  public var noise = 0.4
  public var seeds = 100
  public var firstSeed: UInt64 = 1

  public init() {}

  public func validate(_: ExperimentContext) throws {
    try LabError.require(degree <= most, "degree", degree, "at most --most, \(most)")
  }

  /// The results of the fits to a data set.
  private struct Run: Codable {
    var fits: [PolynomialFit]
    /// The difference of the evidence from the second computation.
    var difference: Double
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    var alone = self
    (alone.seeds, alone.firstSeed) = (1, 0)
    let key = try Fingerprint(of: alone).text
    let runs = try (0..<seeds).map { number in
      let seed = firstSeed &+ UInt64(number)
      try context.report(number, of: seeds, "seed \(seed)")
      return try context.run("seed \(seed)", key: key) {
        let data = try data(seed)
        let fits = try (0...most).map { try PolynomialFit(data, degree: $0) }
        let differences = try fits.map { abs(try $0.marginalLikelihood(data) - $0.logEvidence) }
        return Run(fits: fits, difference: differences.max() ?? .nan)
      }
    }
    return try report(runs)
  }

  private func data(_ seed: UInt64) throws -> PolynomialData {
    try PolynomialData(degree: degree, count: points, noise: noise, seed: seed)
  }

  private func report(_ runs: [Run]) throws -> ExperimentReport {
    let byEvidence = runs.map { best($0.fits) { -$0.logEvidence } }
    let byValidation = runs.map { best($0.fits) { $0.validationError } }
    func share(_ choices: [Int], _ degree: Int) -> Double {
      Double(choices.count { $0 == degree }) / Double(choices.count)
    }
    let degrees = Array(0...most)
    let fits = runs[0].fits
    let slopes = runs.flatMap(\.fits).filter { $0.degree >= degree }.map(\.slope)
    return ExperimentReport(
      tables: [
        .init(
          "How often a degree is chosen, in \(NumberText.count(seeds, "data set"))",
          columns: ["evidence", "cross-validation"],
          rows: degrees.map {
            .init("degree \($0)", [share(byEvidence, $0), share(byValidation, $0)])
          }),
        .init(
          "Seed \(firstSeed)", columns: ["log evidence", "cross-validation error"],
          rows: fits.map { .init("degree \($0.degree)", [$0.logEvidence, $0.validationError]) }),
      ],
      claims: [
        Claim(
          "The evidence picks the degree that made the data", .theory, in: 0.75...1,
          measured: share(byEvidence, degree), check: "share of data sets"),
        Claim(
          "It does so at least as often as cross-validation", .expectation, in: 0...1,
          measured: share(byEvidence, degree) - share(byValidation, degree),
          check: "difference of the two shares"),
        Claim(
          "The evidence is the density of the data under their covariance", .secondMethod,
          in: 0...1e-6,
          measured: runs.map(\.difference).max() ?? .nan,
          check: "largest difference from log N(y | 0, XX'/a + I/b), all fits"),
        Claim(
          "MacKay's iteration ends where the gradient of the evidence is zero", .theory,
          in: 0...1e-4,
          measured: slopes.max() ?? .nan,
          check: "largest |h dE/dh| over fits of the generating degree or more"),
      ],
      figures: try figures(
        fits, shares: degrees.map { (share(byEvidence, $0), share(byValidation, $0)) }))
  }

  private func best(_ fits: [PolynomialFit], _ loss: (PolynomialFit) -> Double) -> Int {
    fits.min { loss($0) < loss($1) }?.degree ?? 0
  }

  private func figures(
    _ fits: [PolynomialFit], shares: [(Double, Double)]
  ) throws -> [ExperimentReport.Picture] {
    let data = try data(firstSeed)
    let grid = (0...100).map { -1 + 0.02 * Double($0) }
    let shown = Set([1, degree, most]).sorted()
    let degrees = fits.map { Double($0.degree) }
    return [
      .init(
        "fits.svg",
        "Data of one seed, the polynomial that made them, and fits with precisions by the evidence: a degree too low misses "
          + "the data, one too high follows the noise as far as its regularization lets it.",
        svg: Scatter(
          title: "Fits by the evidence, seed \(firstSeed)", x: "x", y: "y",
          groups: [
            .init("data", x: data.x, y: data.y, style: MethodStyle.random.rawValue, marker: 0)
          ],
          curves: [
            .init(
              "truth, degree \(degree)", x: grid,
              y: grid.map { PolynomialData.value(data.coefficients, at: $0) }, markers: false,
              style: MethodStyle.random.rawValue, dash: 2)
          ]
            + shown.enumerated().map { place, degree in
              .init(
                "degree \(degree)", x: grid,
                y: PolynomialFit.values(fits[degree].evidenceWeights, at: grid), markers: false,
                style: place)
            }
        ).svg()),
      .init(
        "evidence.svg",
        "The log evidence of each degree: it rises as long as the fit improves and falls when further weights only cost.",
        svg: LineChart(
          title: "Log evidence by degree, seed \(firstSeed)", x: "degree", y: "log evidence",
          series: [
            .init(
              "evidence", x: degrees, y: fits.map(\.logEvidence), style: MethodStyle.exact.rawValue)
          ], marks: [Double(degree)]
        ).svg()),
      .init(
        "validation.svg",
        "The error of cross-validation of each degree: it falls to the noise and stays there, with no clear lowest point.",
        svg: LineChart(
          title: "Cross-validation by degree, seed \(firstSeed)", x: "degree",
          y: .log("squared error"),
          series: [
            .init(
              "cross-validation", x: degrees, y: fits.map(\.validationError),
              style: MethodStyle.model.rawValue)
          ], marks: [Double(degree)]
        ).svg()),
      .init(
        "choices.svg", "How often each degree is chosen: the data were made by degree \(degree).",
        svg: LineChart(
          title: "Chosen degrees, \(seeds) data sets", x: "degree", y: "share of data sets",
          series: [
            .init("evidence", x: degrees, y: shares.map(\.0), style: MethodStyle.exact.rawValue),
            .init(
              "cross-validation", x: degrees, y: shares.map(\.1), style: MethodStyle.model.rawValue),
          ], marks: [Double(degree)]
        ).svg()),
    ]
  }
}
