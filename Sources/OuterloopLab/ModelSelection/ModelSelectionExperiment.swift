internal import OuterloopLearning
internal import OuterloopSearch

/// Layers and units of a network chosen by searches with and without regard to inference cost.
public struct ModelSelectionExperiment: ImageExperiment {
  public static let about = ExperimentDescription(
    name: "model-selection",
    summary:
      "Layers and units of a network, chosen by error, by error per inference second, and by fronts.",
    question:
      "Which search finds a network that is accurate and fast, when layers and units are to be chosen?",
    method:
      "Every network of a small space is trained on digits once, and its inference is timed (or, for tests, its "
      + "operations counted). Then random search, a Gaussian process and TPE, both also per inference second, and "
      + "TPE for the Pareto front search that space with the same number of trials, over many seeds.",
    mathematics: #"""
      An architecture $x$ has the validation error $f(x)$ and the inference time $c(x)$. A search for the error alone proposes what
      promises the most improvement $\alpha(x)$, in expectation, over the best error so far. Per second it proposes

      $$ \argmax_x \frac{\alpha(x)}{c(x)}, $$

      with a model of the logarithm of $c$ that is learned on the way: of two equally promising networks the faster one. For the Pareto
      front, TPE splits trials by domination instead of one number. A front $F$ is measured by its hypervolume,

      $$ V(F) = \int_0^1 \int_0^1 \max_{x \in F} [e \geq f(x)] [l \geq \ell(x)] \, de \, dl, $$

      where $\ell(x)$ is the logarithm of the cost, moved to 0 for the cheapest network of the space and to 1 for the most expensive one.
      """#,
    sources: [
      .init(
        "Snoek, Larochelle, Adams, Practical Bayesian optimization of machine learning algorithms, 2012",
        "https://arxiv.org/abs/1206.2944"),
      .init(
        "Ozaki et al., Multiobjective tree-structured Parzen estimator, 2022",
        "https://doi.org/10.1613/jair.1.13188"),
    ])

  public static let settings: [Setting<Self>] =
    [
      .pictures,
      .choice("method", \.methods, "Methods", among: SelectionMethod.allCases.map(\.rawValue)),
      .int("seeds", \.seeds, "Studies of each method.", .within(1...1_000)),
      .int("trials", \.trials, "Trials of a study.", .within(2...1_000)),
      .int("layers", \.layers, "Hidden layers at most.", .within(1...4)),
      .ints("units", \.units, "Units that a layer may have.", .within(1...4_096)),
      .int(
        "timings", \.timings, "Timed passes for the inference time; 0 counts operations instead.",
        .within(0...10_000)),
      .int("repetitions", \.repetitions, "Trainings of an architecture.", .within(1...100)),
      .int("steps", \.steps, "Steps of a training.", .within(1...100_000), value: "T"),
      .int("batch", \.batch, "Examples of a step.", .within(1...10_000)),
      .number("rate", \.rate, "Adam's rate.", .above(0)),
    ] + Setting.parts

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.trials, quick.layers, quick.units) = (10, 20, 3, [2, 4, 8, 16, 32])
    (quick.timings, quick.repetitions, quick.steps) = (0, 1, 40)
    return quick
  }

  /// A folder or the name of a data set; nil: the bundled digits.
  @OrNull public var data: String? = nil
  /// Words of `SelectionMethod`.
  public var methods = SelectionMethod.allCases.map(\.rawValue)
  public var seeds = 10
  public var trials = 30
  public var layers = 3
  public var units = [2, 4, 8, 16, 32, 64, 128, 256]
  public var timings = 30
  public var repetitions = 3
  public var steps = 200
  public var batch = 100
  public var rate = 0.01
  public var train = 800
  public var validation = 500
  public var test = 497

  public init() {}

  public func validate(_ context: ExperimentContext) throws {
    guard Set(units).count == units.count else {
      throw LabError(.setting, "--units has a number twice", remedy: "remove one of them")
    }
    try checkPictures(context)
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let parts = try ImageSplit.parts(of: data, context)
    let key = try key(parts) { ($0.trials, $0.methods) = (2, []) }
    let split = try ImageSplit(parts, sizes, seed: 0)
    // By the number of layers: each is a stored run.
    let all = ArchitectureTable.architectures(units: units, layers: layers)
    var entries: [[Int]: ArchitectureTable.Entry] = [:]
    for first in units {
      let own = all.filter { $0[0] == first }
      let trained = try context.run("architectures from \(first)", key: key) {
        try own.enumerated().map { place, widths in
          try context.report(entries.count + place, of: all.count, "training \(widths)")
          return try ArchitectureTable.train(widths, split, settings: self)
        }
      }
      for (widths, entry) in zip(own, trained) { entries[widths] = entry }
    }
    let table = try ArchitectureTable(units: units, layers: layers, entries: entries)
    let chosen = methods.compactMap(SelectionMethod.init(rawValue:))
    let studyKey = try self.key(parts) { $0.methods = [] } + "-studies"
    let studies = try chosen.enumerated().map { place, method in
      try (0..<seeds).map { seed in
        let word = "\(method.rawValue), seed \(seed)"
        try context.report(place * seeds + seed, of: chosen.count * seeds, word)
        return try context.run(word, key: studyKey) {
          try method.search(table, trials: trials, seed: UInt64(seed), context)
        }
      }
    }
    return try report(Array(zip(chosen, studies)), table)
  }
}
