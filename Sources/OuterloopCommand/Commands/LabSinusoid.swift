internal import ArgumentParser
internal import OuterloopLab

/// `outerloop lab sinusoid`
struct LabSinusoid: ExperimentCommand {
  typealias Work = SinusoidExperiment

  static let configuration = CommandConfiguration(
    commandName: SinusoidExperiment.name,
    abstract: "Few-shot sinusoid regression: online hypergradients of 20,400 weights.",
    discussion: SinusoidExperiment.claim)

  @Option(help: "Runs from different starts.")
  var seeds = SinusoidExperiment().seeds

  @Option(help: ArgumentHelp("Trainings, each of 10 new tasks.", valueName: "M"))
  var trainings = SinusoidExperiment().trainings

  @Option(help: ArgumentHelp("Points that judge the features of a task.", valueName: "n"))
  var queries = SinusoidExperiment().queries

  @Option(help: "Of distillation: how far back its average reaches.")
  var gamma = SinusoidExperiment().gamma

  @Option(help: ArgumentHelp("Trainings between estimates of theta.", valueName: "n"))
  var period = SinusoidExperiment().period

  @Option(
    name: .customLong("method"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Methods: first-order, one-step, drmad, neumann, distill, distill-momentum, window, reverse. "
        + "Default: all."))
  var methods: [String] = []

  @Option(name: .customLong("outer-rate"), help: "Adam's rate on the shared layers.")
  var outerRate = SinusoidExperiment().outerRate

  @Option(name: .customLong("test-tasks"), help: "New tasks to test on.")
  var testTasks = SinusoidExperiment().testTasks

  @Option(name: .customLong("first-seed"), help: "The seed of the first run.")
  var firstSeed = SinusoidExperiment().firstSeed

  @Flag(help: "Forget the runs that are done and stored in --out.")
  var restart = false

  @OptionGroup var options: LabOptions

  func run() throws {
    var experiment = SinusoidExperiment()
    experiment.seeds = seeds
    experiment.trainings = trainings
    experiment.gamma = gamma
    experiment.queries = queries
    experiment.outerRate = outerRate
    experiment.period = period
    if !methods.isEmpty { experiment.methods = methods }
    experiment.testTasks = testTasks
    experiment.firstSeed = firstSeed
    try options.perform(experiment, restart: restart)
  }
}
