internal import OuterloopBilevel

/// What a data hyper-cleaning run does; every number that its result depends on.
///
/// The defaults are those of the published experiment (Franceschi et al. 2017, section 5.1, and its
/// code): full-batch gradient descent of softmax regression, one weight per training example in
/// [0, 1] with a bounded sum, Adam on the weights.
public struct CleaningSettings: Sendable, Codable, Equatable {
  /// Examples to clean, to validate on, and to test on at most.
  public var train = 5_000
  public var validation = 5_000
  public var test = 10_000
  /// Share of the training examples whose label is moved to another class before cleaning, to
  /// measure how well they are found. 0 leaves the data as it is.
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
  public var method = CleaningMethod.reverse

  public init() {}

  func total(for count: Int) -> Double {
    total ?? (corrupt > 0 ? (1 - corrupt) : 0.9) * Double(count)
  }

  /// - Throws: `CleaningError` naming the setting and what it may be.
  func validate() throws {
    func require(_ holds: Bool, _ name: String, _ value: Any, _ range: String) throws {
      if !holds { throw CleaningError.setting(name: name, value: "\(value)", range: range) }
    }
    try require(train >= 1, "train", train, "at least 1")
    try require(validation >= 1, "validation", validation, "at least 1")
    try require(test >= 1, "test", test, "at least 1")
    try require(corrupt >= 0 && corrupt <= 1, "corrupt", corrupt, "between 0 and 1")
    try require(steps >= 1, "steps", steps, "at least 1")
    try require(hyperSteps >= 1, "hyper-steps", hyperSteps, "at least 1")
    try require(rate > 0 && rate.isFinite, "rate", rate, "a positive number")
    try require(outerRate > 0 && outerRate.isFinite, "outer-rate", outerRate, "a positive number")
    if let total { try require(total > 0 && total.isFinite, "total", total, "a positive number") }
    if let finalSteps { try require(finalSteps >= 1, "final-steps", finalSteps, "at least 1") }
    try require(threshold >= 0 && threshold < 1, "threshold", threshold, "in 0..<1")
  }
}

/// The estimators that make sense for thousands of example weights.
public enum CleaningMethod: Sendable, Codable, Equatable, CustomStringConvertible {
  case reverse
  case reverseWithin(bytes: Int)
  case truncated(Int)
  case oneStep

  var estimator: Estimator {
    switch self {
    case .reverse: .reverse
    case .reverseWithin(let bytes): .reverse(memory: bytes)
    case .truncated(let k): .truncated(k)
    case .oneStep: .oneStep
    }
  }

  /// Reads `reverse`, `reverse:64MB`, `truncated:100` or `one-step`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first, parts.count) {
    case ("reverse", 1): self = .reverse
    case ("reverse", 2):
      guard let bytes = Self.bytes(parts[1]) else { return nil }
      self = .reverseWithin(bytes: bytes)
    case ("truncated", 2):
      guard let k = Int(parts[1]), k > 0 else { return nil }
      self = .truncated(k)
    case ("one-step", 1): self = .oneStep
    default: return nil
    }
  }

  private static func bytes(_ text: String) -> Int? {
    for (suffix, factor) in [("KB", 1_000.0), ("MB", 1e6), ("GB", 1e9), ("", 1)]
    where text.hasSuffix(suffix) {
      guard let number = Double(text.dropLast(suffix.count)), number > 0, number * factor < 1e15
      else { return nil }
      return Int(number * factor)
    }
    return nil
  }

  public var description: String {
    switch self {
    case .reverse: "reverse"
    case .reverseWithin(let bytes): "reverse:\(bytes)"
    case .truncated(let k): "truncated:\(k)"
    case .oneStep: "one-step"
    }
  }
}

/// Why a cleaning run could not start or go on.
public enum CleaningError: Error, Sendable, CustomStringConvertible {
  case setting(name: String, value: String, range: String)
  case tooFewExamples(needed: Int, available: Int, source: String)
  case oneClass(source: String)
  case checkpoint(file: String, what: String, remedy: String)
  case file(String, what: String)

  public var description: String {
    switch self {
    case .setting(let name, let value, let range): "--\(name) \(value): must be \(range)"
    case .tooFewExamples(let needed, let available, let source):
      "\(source): \(needed) examples are needed for training, validation and test but there are "
        + "\(available); lower --train, --validation or --test"
    case .oneClass(let source):
      "\(source): all examples are of one class, so no label can be wrong"
    case .checkpoint(let file, let what, let remedy): "\(file): \(what); \(remedy)"
    case .file(let file, let what): "\(file): \(what)"
    }
  }
}
