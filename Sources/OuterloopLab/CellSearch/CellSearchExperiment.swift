internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// Differentiable architecture search for a cell of a digit classifier.
public struct CellSearchExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "darts",
    summary:
      "A cell of operations chosen by gradient: first order, second order, and a random control.",
    question:
      "Can the operations of a network's cell be chosen by gradient, and does the second derivative help?",
    method:
      "Every edge of a cell computes all candidate operations and mixes them; the mixture is learned by the validation loss "
      + "while the weights are learned by the training loss. At the end each edge keeps its strongest operation, each "
      + "node its two strongest edges, and the discrete cell is trained from scratch. Random cells, trained as "
      + "long, are the control.",
    mathematics: #"""
      Edge $e$ of the cell mixes the candidates $o$ by a softmax of its logits $\alpha_e$,

      $$ \bar{o}_e(x) = \sum_o \frac{\exp(\alpha_{e,o})}{\sum_{q} \exp(\alpha_{e,q})} o(x). $$

      Training moves $w$ by the training loss $L$, and every few steps $\alpha$ by the validation loss after one more step,
      $w' = w - \xi \nabla_w L(w, \alpha)$,

      $$ \nabla_\alpha E(w', \alpha) - \xi \nabla^2_{\alpha,w} L(w, \alpha) \nabla_w E(w', \alpha). $$

      First order leaves the second term out, $\xi = 0$. The product with the second derivative can be had from two gradients,

      $$ \nabla^2_{\alpha,w} L v \approx \frac{\nabla_\alpha L(w + \epsilon v) - \nabla_\alpha L(w - \epsilon v)}{2 \epsilon}, $$

      or exactly from one product, as here. The table compares both.
      """#,
    sources: [
      .init(
        "Liu, Simonyan, Yang, DARTS: Differentiable architecture search, 2019",
        "https://arxiv.org/abs/1806.09055"),
      .init(
        "Li, Talwalkar, Random search and reproducibility for neural architecture search, 2019",
        "https://arxiv.org/abs/1902.07638"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .int("seeds", \.seeds, "Searches.", .within(1...1_000)),
      .int("nodes", \.nodes, "Nodes of the cell.", .within(1...8)),
      .int("channels", \.channels, "Channels of the cell.", .within(1...256)),
      .int("updates", \.updates, "Updates of the architecture.", .within(3...100_000)),
      .int("every", \.every, "Steps of training between them.", .within(1...1_000)),
      .int("final-steps", \.finalSteps, "Steps of training a discrete cell.", .within(1...100_000)),
      .int("controls", \.controls, "Random cells.", .within(1...1_000)),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .number("rate", \.rate, "The rate of training.", .above(0)),
      .number("outer-rate", \.outerRate, "Adam's rate on the logits.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.channels, quick.updates, quick.controls) = (1, 6, 60, 5)
    (quick.finalSteps, quick.train, quick.validation, quick.test) = (150, 300, 100, 400)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  public var seeds = 5
  public var nodes = 2
  public var channels = 8
  public var updates = 150
  public var every = 2
  public var finalSteps = 300
  public var controls = 10
  public var batch = 50
  public var rate = 0.15
  public var outerRate = 0.05
  public var train = 800
  public var validation = 400
  public var test = 597

  public init() {}

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let runs = try runs(context, parts) {
      try CellSearchTraining(self, parts, seed: $0).run(context)
    }
    return report(runs)
  }

  private func report(_ runs: [CellSearchTraining.Run]) -> ExperimentReport {
    typealias Cell = CellSearchTraining.Cell
    let random = runs.map { run in run.random.sorted { $0.validationLoss < $1.validationLoss } }
    func row(_ label: String, _ cells: [Cell]) -> ExperimentReport.Table.Row {
      let error = Repetitions(values: cells.map(\.testError))
      return .init(
        label,
        [
          Repetitions(values: cells.map(\.validationLoss)).mean,
          Repetitions(values: cells.map(\.testLoss)).mean, error.mean, error.interval,
        ])
    }
    let (second, first) = (runs.map(\.second.cell), runs.map(\.first.cell))
    func ratio(_ a: [Cell], _ b: [Double]) -> Double {
      Repetitions(values: zip(a, b).map { $0.testLoss / $1 }).mean
    }
    let medians = runs.map { Repetitions(values: $0.random.map(\.testLoss)).median }
    return ExperimentReport(
      tables: [
        .init(
          "Discrete cells, trained from scratch; mean of \(seeds) seeds",
          columns: ["validation loss", "test loss", "test error, %", "+-"],
          rows: [
            row("second order", second), row("first order", first),
            row("random, best of \(controls) on validation", random.map { $0[0] }),
            row("random, all", random.flatMap { $0 }),
          ]),
        .init(
          "The second-order term by the difference of two gradients, relative error",
          columns: CellSearchTraining.radii.map { "radius \(NumberText.short($0))" },
          rows: runs.enumerated().map { .init("seed \($0)", $1.differenceErrors) }),
      ],
      claims: [
        Claim(
          "The second-order term is exact", .secondMethod, in: 0...1e-2,
          measured: runs.map(\.modesError).max() ?? .nan,
          check:
            "difference of one product in reverse from one for each logit in forward mode, relative to the term, "
            + "largest of all seeds, single precision"),
        Claim(
          "Second order is not worse than first order", .expectation, in: 0...1.1,
          measured: ratio(second, first.map(\.testLoss)),
          check: "ratio of test losses of the discrete cells, mean of seeds"),
        Claim(
          "The cell that was searched for is at least as good as the median random one",
          .expectation, in: 0...1, measured: ratio(second, medians),
          check: "ratio of test losses, mean of seeds"),
      ],
      notes: [
        "Seed 0 found, by second order: \(Self.line(runs[0].second.cell)); by first order: "
          + "\(Self.line(runs[0].first.cell)).",
        "The paper takes the difference at a radius of 0.01. ReLU and maxima have kinks, and a difference that crosses them "
          + "misses the derivative; at small radii, rounding of single precision shows.",
        "A search costs about five trainings, as every edge computes five operations: compare with the best of about as many "
          + "random cells.",
      ], figures: figures(runs))
  }

  private static func line(_ cell: CellSearchTraining.Cell) -> String {
    "\(cell.genotype)".split(separator: "\n").joined(separator: ", ")
  }

  private func figures(_ runs: [CellSearchTraining.Run]) -> [ExperimentReport.Picture] {
    let (search, kinds) = (runs[0].second, CellNetwork.operationNames)
    let pairs = (0..<nodes).flatMap { node in (0...node).map { (from: $0, to: node + 1) } }
    let names = ["in"] + (1...nodes).map(String.init)
    let titles = ["1. All operations alike", "2. After a third", "3. At the end"]
    let mixtures = zip(
      titles,
      [0, 1, 3].compactMap { place in
        search.stages.indices.contains(place) ? search.stages[place] : nil
      }
    ).map { title, weights in
      GraphPlot(
        title: title, nodes: names,
        edges: zip(pairs, weights).flatMap { pair, weights in
          weights.enumerated().map { .init(pair.from, pair.to, weight: $1, kind: $0) }
        }, kinds: kinds)
    }
    let chosen = GraphPlot(
      title: "4. The discrete cell", nodes: names,
      edges: search.cell.genotype.nodes.enumerated().flatMap { node, edges in
        edges.map { edge in
          let kind = CellNetwork.candidates.firstIndex(of: edge.operation)
          return .init(
            edge.source, node + 1, label: kind.map { kinds[$0] } ?? "", weight: 0.6, kind: kind)
        }
      }, kinds: kinds)
    return [
      .init(
        "stages.svg",
        "The cell in four stages of the second-order search (seed 0): an arc for each operation of an edge, as wide as its weight. "
          + "At first all are alike; at the end the strongest of each edge, none aside, is kept.",
        svg: SmallMultiples(
          title: "From a mixture to a cell", figures: mixtures + [chosen], columns: 2
        ).svg(width: 900, height: 620)),
      .init(
        "losses.svg",
        "The validation loss of the mixture while it is learned, mean of seeds.",
        svg: LineChart(
          title: "Searching for a cell", x: "updates of the architecture",
          y: .log("validation loss"),
          series: [
            .init(
              "second order",
              y: (0..<updates).map { place in
                Repetitions(values: runs.map { $0.second.losses[place] }).mean
              }, markers: false, style: MethodStyle.short.rawValue),
            .init(
              "first order",
              y: (0..<updates).map { place in
                Repetitions(values: runs.map { $0.first.losses[place] }).mean
              }, markers: false, style: MethodStyle.drmad.rawValue),
          ]
        ).svg()),
    ]
  }
}
