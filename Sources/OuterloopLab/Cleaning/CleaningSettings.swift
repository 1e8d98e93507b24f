public import OuterloopLearning

/// The settings of a data hyper-cleaning run; every number that its result depends on.
///
/// The defaults are those of the published experiment (Franceschi et al. 2017, section 5.1, and its
/// code): full-batch gradient descent of softmax regression, one weight per training example in
/// [0, 1] with a bounded sum, Adam on the weights.
public struct CleaningSettings: Sendable, Codable, Equatable {
  /// The largest numbers of training, validation and test examples.
  public var train = 5_000
  public var validation = 5_000
  public var test = 10_000
  /// Share of the training examples whose label is moved to another class before cleaning, to
  /// measure how well they are detected. 0 leaves the data unchanged.
  public var corrupt = 0.0
  /// T: inner gradient steps per hypergradient.
  public var steps = 2_000
  /// K: updates of the example weights.
  public var hyperSteps = 500
  /// Learning rate at average weight 1; the inner rate is `rate n / total`.
  public var rate = 0.1
  /// Adam's rate on the example weights.
  public var outerRate = 0.005
  /// R: the largest sum of the example weights; nil is the number of labels expected to be right
  /// (0.9 n when `corrupt` is 0).
  public var total: Double?
  /// Steps of the final training on train and validation together; nil is 2 T.
  public var finalSteps: Int?
  /// A weight below this marks an example as suspicious.
  public var threshold = 1e-3
  public var seed: UInt64 = 0
  public var estimator = CleaningMethod.reverse

  public init() {}

  /// A run of a few seconds on the bundled digits that demonstrates cleaning: half of the labels
  /// are wrong, most of them are detected, and the model becomes nearly as good as without them.
  public static var demonstration: CleaningSettings {
    var settings = CleaningSettings()
    settings.train = 900
    settings.validation = 300
    settings.test = 597
    settings.corrupt = 0.5
    settings.steps = 200
    settings.hyperSteps = 100
    settings.rate = 2
    settings.outerRate = 0.03
    return settings
  }

  func total(for count: Int) -> Double {
    total ?? (corrupt > 0 ? (1 - corrupt) : 0.9) * Double(count)
  }

  /// - Throws: `LabError` naming the first setting that is out of range, and its range.
  public func validate() throws {
    let most = 10_000_000
    func count(_ value: Int, _ name: String) throws {
      try LabError.require((1...most).contains(value), name, value, "from 1 to \(most)")
    }
    func positive(_ value: Double, _ name: String) throws {
      try LabError.require(value > 0 && value.isFinite, name, value, "a positive number")
    }
    try count(train, "train")
    try count(validation, "validation")
    try count(test, "test")
    try LabError.require(corrupt >= 0 && corrupt < 1, "corrupt", corrupt, "from 0 to below 1")
    try count(steps, "steps")
    try count(hyperSteps, "hyper-steps")
    try positive(rate, "rate")
    try positive(outerRate, "outer-rate")
    if let total { try positive(total, "total") }
    if let finalSteps { try count(finalSteps, "final-steps") }
    try LabError.require(
      threshold >= 0 && threshold < 1, "threshold", threshold, "from 0 to below 1")
    if case .truncated(let k) = estimator {
      try LabError.require(
        k <= steps, "estimator", estimator, "truncated:K with K from 1 to --steps \(steps)")
    }
  }
}

extension CleaningSettings {
  /// The settings as their flags and values, with `auto` for those that are not set.
  private var flags: [(name: String, value: String)] {
    func text(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "auto" }
    return [
      ("train", text(train)), ("validation", text(validation)), ("test", text(test)),
      ("corrupt", text(corrupt)), ("steps", text(steps)), ("hyper-steps", text(hyperSteps)),
      ("rate", text(rate)), ("outer-rate", text(outerRate)), ("total", text(total)),
      ("final-steps", text(finalSteps)), ("threshold", text(threshold)), ("seed", text(seed)),
      ("estimator", text(estimator)),
    ]
  }

  /// The differences from the settings of another run: `--steps 100, here 200`.
  func differences(from here: CleaningSettings) -> [String] {
    zip(flags, here.flags).filter { $0.value != $1.value }.map {
      "--\($0.name) \($0.value), here \($1.value)"
    }
  }

  /// The same settings with the requested sizes; by default the standard sizes or, if the data is
  /// too small, a fifth for the test and equal shares of the rest.
  public func sized(
    for parts: DataParts, train: Int? = nil, validation: Int? = nil, test: Int? = nil
  ) -> CleaningSettings {
    var result = self
    let count = parts.train.count
    result.test = test ?? self.test
    let reserved = parts.test == nil ? Swift.min(result.test, Swift.max(1, count / 5)) : 0
    let free = count - reserved
    let (asked, held) = (train, validation)
    result.train = asked ?? Swift.max(1, Swift.min(self.train, held.map { free - $0 } ?? free / 2))
    result.validation =
      held ?? Swift.max(1, Swift.min(self.validation, free - result.train))
    return result
  }
}
