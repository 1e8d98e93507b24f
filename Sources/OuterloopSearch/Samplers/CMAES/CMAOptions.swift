public import OuterloopStudy

/// The options of CMA-ES.
public struct CMAOptions: Sendable, Hashable {
  /// Trials per generation; 0: 4 + floor(3 ln d).
  public var population = 0
  /// The standard deviation of the first generation, as a fraction of each range.
  public var step = 1.0 / 6
  /// Whether learning rates adapt to the noise of the updates (LRA-CMA-ES).
  public var learningRates = false
  /// Whether to restart after convergence (BIPOP).
  public var restarts = true
  /// The number of random trials from which the first generation is built.
  public var startup = 0

  public init() {}
}

extension CMAOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "cmaes"

  static let declarations: [MethodOption<Self>] = [
    .whole(
      "population", \.population, 4...100_000, zero: "4 + 3 ln d of d parameters",
      "trials of a generation"),
    .number("step", \.step, 1e-9...1, "initial standard deviation, as a share of each range"),
    .flag(
      "learningRates", \.learningRates,
      "lower learning rates, for noisy or multimodal objectives"),
    .flag(
      "restarts", \.restarts,
      "restarts from random points when a run has converged"),
    .whole(
      "startup", \.startup, 0...1_000_000_000,
      "random trials, the best tenth of which give the first generation"),
  ]
}

/// The options of CatCMA with margin.
public struct CatCMAOptions: Sendable, Hashable {
  /// Trials per generation; 0: 4 + floor(3 ln d).
  public var population = 0
  /// Whether to restart after convergence (BIPOP).
  public var restarts = true
  /// The number of random trials from which the first generation is built.
  public var startup = 0

  public init() {}
}

extension CatCMAOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "catcma"

  static let declarations: [MethodOption<Self>] = [
    .whole(
      "population", \.population, 4...100_000, zero: "4 + 3 ln d of d parameters",
      "trials of a generation"),
    .flag(
      "restarts", \.restarts,
      "restarts from random points when a run has converged"),
    .whole(
      "startup", \.startup, 0...1_000_000_000,
      "random trials, the best tenth of which give the first generation"),
  ]
}
