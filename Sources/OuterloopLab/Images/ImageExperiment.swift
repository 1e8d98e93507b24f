internal import OuterloopLearning

/// An experiment on images, which each seed splits into training, validation and test examples.
public protocol ImageExperiment: Experiment {
  /// A folder or the name of a data set; nil: the bundled digits.
  var data: String? { get set }
  var seeds: Int { get set }
  /// Examples per step.
  var batch: Int { get }
  var train: Int { get set }
  var validation: Int { get set }
  var test: Int { get set }
}

extension ImageExperiment {
  public func validate(_ context: ExperimentContext) throws { try checkPictures(context) }

  /// - Throws: `LabError` for batches larger than the data, and data that are not images or too few.
  func checkPictures(_ context: ExperimentContext) throws {
    guard batch <= train else {
      throw LabError(
        .setting, "--batch \(batch) is more than --train \(train)", remedy: "lower --batch")
    }
    try ImageSplit.check(try ImageSplit.parts(of: data, context), sizes)
  }

  var sizes: ImageSplit.Sizes { .init(train: train, validation: validation, test: test) }

  /// The key of runs: a fingerprint of the data and of all settings that a single run depends on.
  ///
  /// - Parameter leaveOut: resets the settings on which it does not depend.
  func key(_ parts: DataParts, leavingOut leaveOut: (inout Self) -> Void = { _ in }) throws
    -> String
  {
    var alone = self
    (alone.seeds, alone.data) = (1, nil)
    leaveOut(&alone)
    return try ImageSplit.key(of: alone, parts)
  }

  /// A run for each seed: stored ones, or new ones.
  func runs<Run: Codable>(
    _ context: ExperimentContext, _ parts: DataParts, make: (_ seed: UInt64) throws -> Run
  ) throws -> [Run] {
    let key = try key(parts)
    return try (0..<seeds).map { seed in
      try context.report(seed, of: seeds, "seed \(seed)")
      return try context.run("seed \(seed)", key: key) { try make(UInt64(seed)) }
    }
  }
}

extension Setting where Owner: ImageExperiment {
  static var pictures: Setting {
    .text(
      "data", \.data, "A folder with pictures, such as MNIST; the bundled digits if left out.",
      value: "DIR")
  }

  /// How many examples each part has.
  static var parts: [Setting] {
    [
      .int("train", \.train, "Examples to train on.", .within(10...1_000_000), value: "n"),
      .int("validation", \.validation, "Examples to validate with.", .atLeast(10), value: "n"),
      .int("test", \.test, "Examples to test on.", .atLeast(10), value: "n"),
    ]
  }
}
