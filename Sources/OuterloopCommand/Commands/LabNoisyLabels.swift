internal import ArgumentParser
internal import OuterloopFetch
internal import OuterloopFoundation
internal import OuterloopLab
internal import OuterloopLearning

/// `outerloop lab noisy-labels`
struct LabNoisyLabels: ExperimentCommand {
  typealias Work = NoisyLabelsExperiment

  static let configuration = CommandConfiguration(
    commandName: NoisyLabelsExperiment.name,
    abstract: "Weights of examples learned online, on data with wrong labels.",
    discussion: NoisyLabelsExperiment.claim
      + " Without --data the bundled digits serve: minutes with the defaults, seconds with --seeds 1 "
      + "--updates 60.")

  @Option(
    help: ArgumentHelp(
      "A folder with pictures and a test part, or the name of a data set that was fetched.",
      valueName: "path"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "CSV of the training examples (position, anything, label) instead of a random choice.",
      valueName: "file"))
  var choice: String?

  @Option(help: ArgumentHelp("Training examples.", valueName: "n"))
  var train = 1_000

  @Option(help: ArgumentHelp("Share of labels that are drawn anew.", valueName: "share"))
  var noise = 0.3

  @Option(help: "Runs from different starts.")
  var seeds = 5

  @Option(help: "Updates of the example weights.")
  var updates = 201

  @Option(help: ArgumentHelp("Steps of training between updates.", valueName: "T"))
  var every = 10

  @Option(help: "Of the greedy method.")
  var gamma = 0.9

  @Option(
    name: .customLong("method"), parsing: .upToNextOption,
    help: "Methods: none, one-step, difference, greedy, reverse. Default: all.")
  var methods: [String] = []

  @Option(name: .customLong("first-seed"), help: "The seed of the first run.")
  var firstSeed: UInt64 = 0

  @Flag(help: "Forget the runs that are done and stored in --out.")
  var restart = false

  @OptionGroup var options: LabOptions

  func run() throws {
    guard train >= 1 else { throw ValidationError("--train \(train): at least 1") }
    guard noise >= 0, noise <= 1 else {
      throw ValidationError("--noise \(noise): a share in 0...1")
    }
    let parts: DataParts
    if let data {
      parts = try DataOptions.load(data)
    } else {
      parts = try DataParts(train: Digits.load(), test: nil)
    }
    let choices = try choice.map { file -> [NoisyLabelsData.Choice] in
      guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
        throw Complaint("\(file): cannot be read", hint: "check the path given to --choice")
      }
      let text = String(decoding: bytes, as: UTF8.self)
      return try NoisyLabelsData.choices(text, file: file)
    }
    var experiment = NoisyLabelsExperiment(
      try NoisyLabelsData(
        parts, choices: choices, count: train, noise: noise, seed: firstSeed))
    experiment.seeds = seeds
    experiment.updates = updates
    experiment.every = every
    experiment.gamma = gamma
    experiment.firstSeed = firstSeed
    if !methods.isEmpty { experiment.methods = methods }
    try options.perform(experiment, restart: restart)
  }
}
