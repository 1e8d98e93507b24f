internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning

/// The settings of a cleaning run as flags.
struct CleaningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Share of the training labels to make wrong first, to measure how well they are found.",
      valueName: "share"))
  var corrupt = 0.0

  @Option(
    parsing: .unconditional, help: ArgumentHelp("T: training steps per update.", valueName: "n"))
  var steps = CleaningSettings().steps

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("K: updates of the example weights.", valueName: "n"))
  var hyperSteps = CleaningSettings().hyperSteps

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Learning rate of the training at average weight 1.", valueName: "rate"))
  var rate = CleaningSettings().rate

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Learning rate of the weights (Adam).", valueName: "rate"))
  var outerRate = CleaningSettings().outerRate

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "R: largest sum of the weights. Default: (1 - corrupt) n, or 0.9 n without --corrupt.",
      valueName: "sum"))
  var total: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Steps of the final training. Default: 2 T.", valueName: "n"))
  var finalSteps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("An example of smaller weight is suspicious.", valueName: "weight"))
  var threshold = CleaningSettings().threshold

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of everything that is drawn.", valueName: "n")
  )
  var seed: UInt64 = 0

  @Option(
    help: """
      How the gradient is computed: reverse; reverse:64MB (in so much memory); truncated:100 \
      (through the last steps only); one-step. Default: reverse.
      """,
    transform: { text in
      guard let method = CleaningMethod(text) else {
        throw ValidationError(
          "no such method; use reverse, reverse:64MB, truncated:100 or one-step")
      }
      return method
    })
  var method = CleaningMethod.reverse

  /// - Throws: `ValidationError` for a value out of range.
  func validate(_ source: DataOptions) throws {
    var settings = plain
    settings.train = source.train ?? settings.train
    settings.validation = source.validation ?? settings.validation
    settings.test = source.test ?? settings.test
    do {
      try settings.validate()
    } catch let error as LabError {
      throw ValidationError("\(error.what): \(error.remedy)")
    }
  }

  /// The settings for this data.
  func settings(_ source: DataOptions, for parts: DataParts) throws -> CleaningSettings {
    plain.sized(
      for: parts, train: source.train, validation: source.validation, test: source.test)
  }

  private var plain: CleaningSettings {
    var settings = CleaningSettings()
    settings.corrupt = corrupt
    settings.steps = steps
    settings.hyperSteps = hyperSteps
    settings.rate = rate
    settings.outerRate = outerRate
    settings.total = total
    settings.finalSteps = finalSteps
    settings.threshold = threshold
    settings.seed = seed
    settings.method = method
    return settings
  }
}
