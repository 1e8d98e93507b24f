internal import ArgumentParser
internal import OuterloopLab

/// `outerloop lab learning-curves`
struct LabLearningCurves: ExperimentCommand {
  typealias Work = LearningCurvesExperiment

  static let configuration = CommandConfiguration(
    commandName: Work.name,
    abstract: "Schedulers on recorded learning curves: regret against epochs.",
    discussion: Work.claim)

  @Option(
    help: ArgumentHelp(
      "Folder of recorded curves (curves-v1: meta.json and *.jsonl.gz). Default: problems of "
        + "FT-PFN's prior.", valueName: "folder"))
  var data: String?

  @Option(
    name: .customLong("task"), parsing: .upToNextOption, help: "Tasks by name. Default: all.")
  var tasks: [String] = []

  @Option(help: "How many problems of the prior there are.")
  var problems = Work().problems

  @Option(help: "The most configurations of a task, the first ones.")
  var configurations = Work().configurations

  @Option(
    name: .customLong("method"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Methods: \(ReplayMethod.all.map(\.name).joined(separator: ", ")). Default: all."))
  var methods: [String] = []

  @Option(help: ArgumentHelp("The budget of a study, over all trials.", valueName: "B"))
  var epochs = Work().epochs

  @Option(help: "Virtual workers.")
  var workers = Work().workers

  @Option(help: "Studies of each method on each task.")
  var seeds = Work().seeds

  @Option(name: .customLong("first-seed"), help: "The seed of the first study.")
  var firstSeed = Work().firstSeed

  @Flag(help: "Forget the runs that are done and stored in --out.")
  var restart = false

  @OptionGroup var options: LabOptions

  func run() throws {
    var experiment = Work()
    experiment.data = data
    experiment.tasks = tasks
    experiment.problems = problems
    experiment.configurations = configurations
    if !methods.isEmpty { experiment.methods = methods }
    experiment.epochs = epochs
    experiment.workers = workers
    experiment.seeds = seeds
    experiment.firstSeed = firstSeed
    try options.perform(experiment, restart: restart)
  }
}
