internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning

/// The settings of data hyper-cleaning as published, as flags.
struct CleaningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Examples to clean. Default: 5000, or half of what there is.", valueName: "n"))
  var train: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Examples to validate on. Default: 5000, or half of what there is.", valueName: "n"))
  var validation: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Examples to test on at most. Default: 10000.", valueName: "n"))
  var test: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("T: training steps per update. Default: 2000.", valueName: "n"))
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("K: updates of the example weights. Default: 500.", valueName: "n"))
  var hyperSteps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Learning rate of the training at average weight 1. Default: 0.1.", valueName: "rate"))
  var rate: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Learning rate of the weights (Adam). Default: 0.005.", valueName: "rate"))
  var outerRate: Double?

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
    help: ArgumentHelp(
      "An example of smaller weight is suspicious. Default: 0.001.", valueName: "weight"))
  var threshold: Double?

  @Option(
    help: """
      How the gradient is computed: reverse; reverse:64MB (within that much memory); truncated:100 \
      (through the last steps only); one-step. Default: reverse.
      """,
    transform: { text in
      guard let method = CleaningMethod(text) else {
        throw ValidationError(
          "no such estimator; use reverse, reverse:64MB, truncated:100 or one-step")
      }
      return method
    })
  var estimator: CleaningMethod?

  /// Flags that were given.
  var given: [String] {
    let flags: [(String, Bool)] = [
      ("--train", train != nil), ("--validation", validation != nil), ("--test", test != nil),
      ("--steps", steps != nil), ("--hyper-steps", hyperSteps != nil), ("--rate", rate != nil),
      ("--outer-rate", outerRate != nil), ("--total", total != nil),
      ("--final-steps", finalSteps != nil), ("--threshold", threshold != nil),
      ("--estimator", estimator != nil),
    ]
    return flags.filter(\.1).map(\.0)
  }

  /// - Throws: `ValidationError` for a value out of range.
  func validate(_ common: LabelErrorOptions) throws {
    var settings = plain(common)
    settings.train = train ?? settings.train
    settings.validation = validation ?? settings.validation
    settings.test = test ?? settings.test
    do {
      try settings.validate()
    } catch let error as LabError {
      throw ValidationError("\(error.what): \(error.remedy)")
    }
  }

  /// The settings for this data.
  func settings(_ common: LabelErrorOptions, for parts: DataParts) throws -> CleaningSettings {
    plain(common).sized(for: parts, train: train, validation: validation, test: test)
  }

  private func plain(_ common: LabelErrorOptions) -> CleaningSettings {
    var settings = CleaningSettings()
    settings.corrupt = common.corrupt
    settings.seed = common.seed
    settings.steps = steps ?? settings.steps
    settings.hyperSteps = hyperSteps ?? settings.hyperSteps
    settings.rate = rate ?? settings.rate
    settings.outerRate = outerRate ?? settings.outerRate
    settings.total = total
    settings.finalSteps = finalSteps
    settings.threshold = threshold ?? settings.threshold
    settings.estimator = estimator ?? settings.estimator
    return settings
  }
}
