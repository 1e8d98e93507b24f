internal import OuterloopStudy

/// Search methods compared on recorded learning curves: the only cost of a study is the searcher's own.
///
/// The protocol is that of freeze-thaw papers (ifBO, Rakotoarison et al. 2024; CFBO, Lee et al. 2025): all
/// configurations of a table are candidates, the budget is a number of epochs over all trials, and methods
/// are judged by normalized regret and its mean rank over tasks.
public struct LearningCurvesExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "learning-curves",
    summary: "Schedulers on recorded learning curves: regret against epochs.",
    question:
      "How much of a budget of epochs do schedulers save against random search that trains every "
      + "configuration to its end?",
    method:
      "Studies are replayed on recorded learning curves, in seconds. Mean regret of the best value seen after 300 "
      + "epochs, with 1,000 configurations of TaskSet and LCBench, by reference implementations: random "
      + "search without a scheduler .56 and .52 (.69 and .53 in expectation), ASHA .26 and .19, one epoch "
      + "for all and then the best first .17 and .20 (Egele et al. 2023), freeze-thaw with a Gaussian "
      + "process .089 and .087.",
    mathematics: #"""
      After $b$ epochs in all, the regret of a study on a table whose best value is $y^*$ and whose median
      candidate is $y_m$ is

      $$ r(b) = \min \left( 1, \frac{y^* - \max_{e \leq b} y_e}{y^* - y_m} \right), $$

      and its area is the mean of $r$ over the budget. Methods are compared over tasks by Wilcoxon's signed-rank test.
      """#,
    sources: [
      .init(
        "Rakotoarison et al., In-context freeze-thaw Bayesian optimization, 2024",
        "https://arxiv.org/abs/2404.16795"),
      .init(
        "Egele et al., Is one epoch all you need for multi-fidelity hyperparameter optimization?, 2023",
        "https://arxiv.org/abs/2307.15422"),
      .init(
        "Wistuba, Kadra, Grabocka, Supervising the multi-fidelity race of hyperparameter configurations, 2022",
        "https://arxiv.org/abs/2202.09774"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .text(
      "data", \.data,
      "Folder of recorded curves (curves-v1: meta.json and *.jsonl.gz). Default: problems of FT-PFN's prior.",
      value: "folder"),
    .words(
      "task", \.tasks,
      "Tasks by name. Default: all. With every configuration to be tried: open-prior-0, bowl-0, ridge-0, well-0, ..."
    ),
    .int("problems", \.problems, "How many problems of the prior there are.", .atLeast(1)),
    .int(
      "configurations", \.configurations, "The most configurations of a task, the first ones.",
      .atLeast(1)),
    .words(
      "method", \.methods,
      "Methods: \(ReplayMethod.all.map(\.name).joined(separator: ", ")). Default: all."
    ) { experiment in
      try LabError.require(!experiment.methods.isEmpty, "method", "(none)", "at least one")
      let sample = try CurveTable.sample
      for (place, method) in experiment.methods.enumerated() {
        try Setting<Self>.requireOnce(method, before: experiment.methods[..<place], "method")
        _ = try ReplayMethod.method(method, for: sample)
      }
    },
    .int("epochs", \.epochs, "The budget of a study, over all trials.", .atLeast(1), value: "B"),
    .int("workers", \.workers, "Virtual workers.", .atLeast(1)),
    .int("seeds", \.seeds, "Studies of each method on each task.", .within(1...1_000)),
    .seed("first-seed", \.firstSeed, "The seed of the first study."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.problems, quick.configurations, quick.epochs, quick.seeds) = (6, 80, 120, 1)
    quick.methods = ["none", "hyperband", "asha", "dyhpo", "one-epoch"]
    return quick
  }

  /// A folder of curves in the format curves-v1; nil: problems of FT-PFN's prior.
  @OrNull public var data: String? = nil
  /// Names of tasks, also open ones (`CurveProblem`); empty: all of the folder, or the first `problems` of the
  /// prior.
  public var tasks: [String] = []
  /// The number of problems of the prior.
  public var problems = 10
  /// The largest number of configurations of a task: the first ones of the table.
  public var configurations = 1_000
  /// Methods, named as in `--scheduler`.
  public var methods = ReplayMethod.all.map(\.name)
  /// The budget, over all trials of a study.
  public var epochs = 300
  public var workers = 1
  public var seeds = 5
  public var firstSeed: UInt64 = 0

  public init() {}

  public func validate(_: ExperimentContext) throws { _ = try CurveSource.names(self) }

  /// One study, as it is stored.
  struct Run: Codable, Sendable {
    var trace: RegretTrace
    /// Seconds that the searcher took.
    var seconds: Double
    /// The number of suggestions.
    var suggestions: Int
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let source = try CurveSource(self)
    let total = source.names.count * methods.count * seeds
    var done = 0
    // methods x tasks x seeds
    var runs = methods.map { _ in [[Run]]() }
    for task in source.names {
      let problem = try source.task(task)
      let reference = try problem.reference()
      let regret = CurveRegret(reference)
      let key = try runKey(reference)
      for (place, method) in methods.enumerated() {
        runs[place].append([])
        for seed in (0..<seeds).map({ firstSeed &+ UInt64($0) }) {
          let word = "\(task), \(method), seed \(seed)"
          try context.report(done, of: total, word)
          let run = try context.run(word, key: key) {
            try self.run(method, on: problem, regret, seed: seed, context)
          }
          runs[place][runs[place].count - 1].append(run)
          done += 1
        }
      }
    }
    return LearningCurvesReport(experiment: self, tasks: source.names, runs: runs).report
  }

  private func run(
    _ method: String, on task: any CurveTask, _ regret: CurveRegret, seed: UInt64,
    _ context: ExperimentContext
  ) throws -> Run {
    // A different seed for each task: tasks that share configurations, as in TaskSet, would otherwise
    // get the same random ones, and their mean would be no more accurate than one of them.
    var word = Fingerprint()
    word.add(task.name)
    word.add(seed)
    var study = try SimulatedStudy(
      task, try ReplayMethod.method(method, for: task), workers: workers, budget: epochs,
      seed: word.value)
    try study.run { try context.continueOrStop() }
    return Run(
      trace: regret.trace(study.observations, of: study.curves), seconds: study.searchSeconds,
      suggestions: study.decisions.count)
  }

  /// What a run depends on besides its task's name, method and seed.
  private func runKey(_ table: CurveTable) throws -> String {
    var alone = LearningCurvesExperiment()
    (alone.epochs, alone.workers) = (epochs, workers)
    var fingerprint = try Fingerprint(of: alone)
    fingerprint.add(table)
    return fingerprint.text
  }
}

/// Where an experiment's tasks come from.
struct CurveSource {
  let names: [String]
  private let folder: CurveFolder?
  private let prior: CurvePrior?
  private let limit: Int

  init(_ experiment: LearningCurvesExperiment) throws {
    limit = experiment.configurations
    names = try Self.names(experiment)
    folder = try experiment.data.map { try CurveFolder($0) }
    prior = folder == nil ? try CurvePrior() : nil
  }

  /// The tasks that an experiment names, or all.
  /// - Throws: `LabError` for unknown tasks, `DataError` for a folder that cannot be read.
  static func names(_ experiment: LearningCurvesExperiment) throws -> [String] {
    if let path = experiment.data {
      let folder = try CurveFolder(path)
      for name in experiment.tasks where try !isOpen(name) { _ = try folder.task(name) }
      guard !folder.tasks.isEmpty else {
        throw LabError(.data, "\(path) has no tasks", remedy: "use another folder")
      }
      return experiment.tasks.isEmpty ? folder.tasks.map(\.name) : experiment.tasks
    }
    for name in experiment.tasks where try seed(name) == nil && !isOpen(name) {
      throw LabError(
        .setting, "there is no task \(name)",
        remedy:
          "name a folder with --data, or use prior-0, open-prior-0, bowl-0, ridge-0, well-0, ...")
    }
    return experiment.tasks.isEmpty
      ? (0..<experiment.problems).map { "prior-\($0)" } : experiment.tasks
  }

  /// Whether every configuration of a task can be tried.
  private static func isOpen(_ name: String) throws -> Bool {
    try openSeed(name) != nil || CurveFormula(name) != nil
  }

  private static func openSeed(_ name: String) -> UInt64? {
    name.hasPrefix("open-prior-") ? UInt64(name.dropFirst(11)) : nil
  }

  private static func seed(_ name: String) -> UInt64? {
    name.hasPrefix("prior-") ? UInt64(name.dropFirst(6)) : nil
  }

  /// Recorded curves are normalized; those of the prior are scores already.
  func task(_ name: String) throws -> any CurveTask {
    if let formula = try CurveFormula(name) { return formula }
    if let seed = Self.openSeed(name) {
      return try (prior ?? CurvePrior()).problem(seed: seed)
    }
    if let folder {
      return try folder.table(try folder.task(name), limit: limit).normalized()
    }
    guard let prior, let seed = Self.seed(name) else {
      throw LabError(.setting, "there is no task \(name)", remedy: "use prior-0, prior-1, ...")
    }
    return try prior.table(seed: seed, candidates: limit)
  }
}

extension CurveTable {
  /// One configuration trained for one epoch: enough to validate a method.
  static var sample: CurveTable {
    get throws {
      var space = SearchSpace()
      try space.add(ParameterDeclaration("x", .float(try NumericRange(0, 1))))
      return try CurveTable(
        name: "sample", space: space, objective: .maximize(score),
        candidates: [.init(id: 0, assignment: try space.assignment(["x": 0.5]), values: [0])])
    }
  }
}
