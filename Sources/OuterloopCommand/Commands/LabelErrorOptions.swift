internal import ArgumentParser
internal import OuterloopBilevel
internal import OuterloopLab

/// How wrong labels are detected.
struct LabelErrorOptions: ParsableArguments {
  enum Method: String, ExpressibleByArgument, CaseIterable {
    case auto, published
  }

  @Option(
    help: """
      auto: every row by models that have not seen its label. published: data hyper-cleaning as \
      published. Default: auto.
      """,
    transform: { text in
      if let method = Method(rawValue: text) { return method }
      let isEstimator = CleaningMethod(text) != nil
      throw ValidationError(
        isEstimator
          ? "\(text) is an estimator of the published method: --estimator \(text)"
          : "no such method; use auto or published")
    })
  var method: Method?

  @Option(
    help: ArgumentHelp(
      "Further rows whose labels are correct: a file or folder with the same columns.",
      valueName: "path"))
  var trusted: String?

  @Option(
    help: ArgumentHelp(
      "CSV: a column that says which rows have a correct label (yes or no, true or false, 1 or 0).",
      valueName: "column"))
  var trustedColumn: String?

  @Option(
    help: """
      linear: softmax regression. fourier: the same on random Fourier features as well. auto: \
      fourier for pictures, linear and naive Bayes for texts, else linear. Default: auto.
      """,
    transform: { text in
      guard let model = LabelErrorFinder.Model(rawValue: text) else {
        throw ValidationError("no such model; use auto, linear or fourier")
      }
      return model
    })
  var model: LabelErrorFinder.Model?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Folds of the cross-fitting. Default: 5.", valueName: "n"))
  var folds: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Share of the labels to corrupt first, to measure how well they are found.",
      valueName: "share"))
  var corrupt = 0.0

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of all random choices.", valueName: "n")
  )
  var seed: UInt64 = 0

  /// Flags of the default method that were given.
  var given: [String] {
    let flags: [(String, Bool)] = [
      ("--trusted", trusted != nil), ("--trusted-column", trustedColumn != nil),
      ("--model", model != nil), ("--folds", folds != nil),
    ]
    return flags.filter(\.1).map(\.0)
  }

  var settings: LabelErrorSettings {
    var settings = LabelErrorSettings()
    settings.model = model ?? settings.model
    settings.folds = folds ?? settings.folds
    settings.corrupt = corrupt
    settings.seed = seed
    return settings
  }

  /// - Throws: `ValidationError` for a value out of range.
  func validate() throws {
    if trusted?.isEmpty == true { throw ValidationError("--trusted is empty") }
    do {
      try settings.validate()
    } catch let error as LabError {
      throw ValidationError("\(error.what): \(error.remedy)")
    }
  }
}
