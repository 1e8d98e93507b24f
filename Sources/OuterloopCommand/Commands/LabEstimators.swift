internal import ArgumentParser
internal import OuterloopLab

/// `outerloop lab estimators`
struct LabEstimators: ExperimentCommand {
  typealias Work = EstimatorsExperiment

  static let configuration = CommandConfiguration(
    commandName: EstimatorsExperiment.name,
    abstract: "All estimators on one problem: error and cost.",
    discussion: EstimatorsExperiment.claim)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Steps of each training. Default: 30 1000.", valueName: "T"))
  var steps: [Int] = []

  @Option(help: "Timed runs of each estimator; the median counts.")
  var repeats = EstimatorsExperiment().repeats

  @Option(help: "The inner learning rate.")
  var rate = EstimatorsExperiment().rate

  @OptionGroup var options: LabOptions

  func run() throws {
    var experiment = EstimatorsExperiment()
    if !steps.isEmpty { experiment.steps = steps }
    experiment.repeats = repeats
    experiment.rate = rate
    try options.perform(experiment)
  }
}
