internal import OuterloopAutodiff
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Discrete structure parameters made continuous: cube and simplex, and distributions on the simplex.
public struct RelaxationsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "relaxations",
    summary: "Cube and simplex, and densities on the simplex: Dirichlet and concrete side by side.",
    question:
      "How can a choice among a few structures be made continuous, so that its derivative can be followed?",
    method:
      "Structure parameters are restricted to the vertices or the interior of a cube or a simplex. On the simplex, "
      + "the Dirichlet distribution with parameters t alpha and the concrete (Gumbel-softmax) distribution with "
      + "locations alpha and temperature t are drawn for the alpha and t of the course, and samples of the library "
      + "are held to the laws of both.",
    mathematics: #"""
      Switching each of three structures on or off is a vertex of the cube, $\gamma \in \{0, 1\}^3$; choosing one of them is a
      vertex of the simplex, $\gamma_i \geq 0$, $\sum_i \gamma_i = 1$. Their interiors are reached by sigmoid and softmax.
      A random choice with probabilities $\alpha$ is the largest of $\log \alpha_i + g_i$ with Gumbel noise
      $g = -\log(-\log u)$; softened by a temperature,

      $$ \gamma = \text{softmax} \left( \frac{\log \alpha + g}{t} \right), \quad P(\argmax_i \gamma_i = k) = \frac{\alpha_k}{\sum_j \alpha_j}, $$

      it is differentiable in $\alpha$ and has the density

      $$ p(\gamma) = 2 t^2 \prod_{i=1}^{3} \alpha_i \gamma_i^{-t-1} \left( \sum_{i=1}^{3} \alpha_i \gamma_i^{-t} \right)^{-3}. $$

      The Dirichlet density is $p(\gamma) \propto \prod_i \gamma_i^{t \alpha_i - 1}$, with mean $\alpha / \sum_j \alpha_j$ for every $t$.
      """#,
    sources: [
      .init(
        "Maddison, Mnih, Teh, The concrete distribution, 2017", "https://arxiv.org/abs/1611.00712"),
      .init(
        "Jang, Gu, Poole, Categorical reparameterization with Gumbel-softmax, 2017",
        "https://arxiv.org/abs/1611.01144"),
    ])

  public static let settings: [Setting<Self>] = [
    .int(
      "draws", \.draws, "Samples for each distribution.", .within(1_000...1_000_000), value: "n"),
    .int("cells", \.cells, "Cells along a side of the triangles.", .within(10...200)),
    .seed("seed", \.seed, "Of the samples."),
  ]

  public static var quick: Self { Self() }

  public var draws = 100_000
  public var cells = 60
  public var seed: UInt64 = 1

  public init() {}

  /// The slides' alpha and t.
  static let cases: [(alpha: [Double], temperature: Double)] = [
    ([1, 1, 1], 0.9), ([1, 1, 1], 1), ([1, 1, 1], 10), ([0.5, 0.25, 0.25], 30),
    ([0.75, 0.125, 0.125], 30), ([0.9, 0.05, 0.05], 30),
  ]

  /// Statistics of the samples of a case.
  private struct Run: Codable {
    /// How often each corner is the nearest.
    var choices: [Double]
    /// Share of samples whose largest part is below 0.6.
    var central: Double
    /// Largest |1 - sum|, and the least entry.
    var sumError, least: Double
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let runs = try Self.cases.enumerated().map { place, item in
      let name = "alpha \(item.alpha), t \(item.temperature)"
      try context.report(place, of: Self.cases.count + 1, name)
      return try context.run(name, key: key) {
        try sample(item.alpha, temperature: item.temperature, place)
      }
    }
    try context.report(Self.cases.count, of: Self.cases.count + 1, "limits")
    let limits = try context.run("limits", key: key) {
      try [0.01, 100].map { temperature in
        let points = try draw([0.5, 0.25, 0.25], temperature: temperature, 1_000, stream: 99)
        return points.reduce(0) { $0 + ($1.max() ?? 0) } / Double(points.count)
      }
    }
    return report(runs, limits)
  }

  private func draw(
    _ alpha: [Double], temperature: Double, _ count: Int, stream: Int
  ) throws -> [[Double]] {
    let logits = Tensor(alpha.map { log($0) }).reshaped([1, 3]).broadcast(to: [count, 3])
    let key = RandomKey(seed: seed, purpose: "relaxations", index: UInt64(stream)).tensor
    let values = try SimplexRelaxation(temperature: .init(temperature)).sample(logits, key: key)
      .doubles()
    return (0..<count).map { Array(values[3 * $0..<3 * $0 + 3]) }
  }

  private func sample(_ alpha: [Double], temperature: Double, _ stream: Int) throws -> Run {
    var run = Run(choices: [0, 0, 0], central: 0, sumError: 0, least: 1)
    for point in try draw(alpha, temperature: temperature, draws, stream: stream) {
      run.choices[point.indices.max { point[$0] < point[$1] } ?? 0] += 1
      if (point.max() ?? 1) < 0.6 { run.central += 1 / Double(draws) }
      run.sumError = Swift.max(run.sumError, abs(1 - point.reduce(0, +)))
      run.least = Swift.min(run.least, point.min() ?? .nan)
    }
    return run
  }

  /// The integral of a density over a part of the simplex, cell by cell.
  private func mass(
    _ density: ([Double]) -> Double, where holds: ([Double]) -> Bool = { _ in true }
  ) -> Double {
    let fine = 200
    let area = 0.5 / Double(fine * fine)
    return SimplexPlot.centers(fine).reduce(0) { holds($1) ? $0 + density($1) * area : $0 }
  }

  private func report(_ runs: [Run], _ limits: [Double]) -> ExperimentReport {
    var rows: [ExperimentReport.Table.Row] = []
    var (worstChi, worstCenter) = (0.0, 0.0)
    var masses: [Double] = []
    for (item, run) in zip(Self.cases, runs) {
      let total = item.alpha.reduce(0, +)
      let chi = zip(run.choices, item.alpha).reduce(0) { sum, pair in
        let expected = Double(draws) * pair.1 / total
        return sum + (pair.0 - expected) * (pair.0 - expected) / expected
      }
      let concrete = { SimplexDensity.concrete($0, item.alpha, temperature: item.temperature) }
      let center = mass(concrete) { ($0.max() ?? 1) < 0.6 }
      let deviation =
        abs(run.central - center)
        / Swift.max((center * (1 - center) / Double(draws)).squareRoot(), 1 / Double(draws))
      let dirichlet = { (x: [Double]) in
        SimplexDensity.dirichlet(x, item.alpha.map { $0 * item.temperature })
      }
      let whole = (mass(concrete), mass(dirichlet))
      masses += [whole.0, whole.1]
      worstChi = Swift.max(worstChi, chi)
      // Where cells are coarse relative to the density's edge, the error is in the integral, not
      // the sampler.
      worstCenter = Swift.max(worstCenter, deviation)
      rows.append(
        .init(
          Self.name(item), [chi, run.central, center, deviation, whole.0, whole.1]))
    }
    return ExperimentReport(
      tables: [
        .init(
          "\(draws) samples of each concrete distribution, and both densities",
          columns: [
            "chi-square", "share with max < 0.6", "by density", "standard errors",
            "integral, concrete",
            "integral, Dirichlet",
          ], rows: rows)
      ],
      claims: [
        Claim(
          "The nearest corner is each choice with its probability", .closedForm, in: 0...13.816,
          measured: worstChi,
          check: "largest chi-square of the cases, 2 degrees of freedom, level 0.001 each"),
        Claim(
          "Samples follow the density of the concrete distribution", .closedForm, in: 0...4,
          measured: worstCenter,
          check:
            "share of samples with every part below 0.6, in standard errors from the density's integral"
        ),
        Claim(
          "The drawn densities are densities", .closedForm, is: 1, within: 0.02,
          measured: masses.max { abs($0 - 1) < abs($1 - 1) } ?? .nan,
          check: "the integral furthest from 1 of all twelve, by the midpoint rule"),
        Claim(
          "Samples lie on the simplex", .closedForm, in: 0...1e-12,
          measured: runs.map(\.sumError).max() ?? .nan, check: "largest |1 - sum|"),
        Claim(
          "and have no negative part", .closedForm, in: 0...1,
          measured: runs.map(\.least).min() ?? .nan,
          check: "the least entry"),
        Claim(
          "A low temperature gives corners", .theory, in: 0.98...1, measured: limits[0],
          check: "mean largest part at t = 0.01"),
        Claim(
          "A high temperature gives the middle", .theory, is: 1.0 / 3, within: 0.02,
          measured: limits[1], check: "mean largest part at t = 100"),
      ],
      figures: spaces()
        + Self.cases.enumerated().flatMap { place, item in
          densities(item, number: place + 1)
        })
  }

  private static func name(_ item: (alpha: [Double], temperature: Double)) -> String {
    "alpha = (\(item.alpha.map { $0 == 1 ? "1" : "\($0)" }.joined(separator: ", "))), t = \(item.temperature)"
  }

  /// A density of either distribution, as colours.
  private func densities(
    _ item: (alpha: [Double], temperature: Double), number: Int
  ) -> [ExperimentReport.Picture] {
    let centers = SimplexPlot.centers(cells)
    func picture(_ title: String, _ density: ([Double]) -> Double) -> String {
      let values = centers.map(density)
      // Peaks in the corners would leave everything else dark.
      let most = values.max() ?? 0
      let cap = Swift.max(values.sorted()[values.count * 49 / 50], most / 4)
      return SimplexPlot(
        title: "\(title), \(Self.name(item))", corners: ["first", "second", "third"],
        subdivisions: cells, values: values.map { Swift.min($0, cap) },
        points: [item.alpha.map { $0 / item.alpha.reduce(0, +) }]
      ).svg(width: 560, height: 520)
    }
    return [
      .init(
        "dirichlet-\(number).svg",
        "Dirichlet: yellow is dense, the ring is the mean, at $\\alpha$ for every t.",
        svg: picture("Dirichlet") {
          SimplexDensity.dirichlet($0, item.alpha.map { $0 * item.temperature })
        }),
      .init(
        "concrete-\(number).svg",
        "Concrete: with a higher temperature it leaves the corners for the middle, wherever $\\alpha$ (the ring) is.",
        svg: picture("Concrete") {
          SimplexDensity.concrete($0, item.alpha, temperature: item.temperature)
        }),
    ]
  }

  /// Vertices and interiors of the cube and the simplex.
  private func spaces() -> [ExperimentReport.Picture] {
    let axes = ["γ1", "γ2", "γ3"]
    let corners = (0..<8).map { [Double($0 & 1), Double($0 >> 1 & 1), Double($0 >> 2)] }
    let units: [[Double]] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    let inside = (0..<5).flatMap { i in
      (0..<5).flatMap { j in (0..<5).map { [i, j, $0].map { 0.1 + 0.2 * Double($0) } } }
    }
    func picture(
      _ name: String, _ title: String, _ caption: String, _ points: [[Double]],
      faces: [[[Double]]] = []
    ) -> ExperimentReport.Picture {
      .init(
        name, caption,
        svg: SpacePlot(title: title, axes: axes, groups: [.init("", points)], faces: faces).svg(
          width: 460, height: 420))
    }
    return [
      picture(
        "cube-vertices.svg", "Cube: vertices",
        "Each of three structures is there or not: eight choices.",
        corners),
      picture(
        "cube-interior.svg", "Cube: interior", "Relaxed: each structure is there to a degree.",
        inside),
      picture(
        "simplex-vertices.svg", "Simplex: vertices", "One of three structures: three choices.",
        units,
        faces: [units]),
      picture(
        "simplex-interior.svg", "Simplex: interior", "Relaxed: a mixture whose shares sum to one.",
        SimplexPlot.centers(8), faces: [units]),
    ]
  }
}
