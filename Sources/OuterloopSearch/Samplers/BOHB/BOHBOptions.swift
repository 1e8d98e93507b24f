public import OuterloopStudy

/// The options of BOHB's densities. The defaults are the authors'.
public struct BOHBOptions: Sendable, Hashable {
  /// The percentage of trials that count as good.
  public var good = 15.0
  /// Candidates drawn for each proposal, of which the best is used.
  public var candidates = 64
  /// The fraction of configurations drawn at random.
  public var random = 1.0 / 3
  /// The bandwidth factor for drawing candidates around good points.
  public var widening = 3.0

  public init() {}
}

extension BOHBOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "bohb"

  static let declarations: [MethodOption<Self>] = [
    .number("good", \.good, 0...100, "the share of trials that count as good, in percent"),
    .whole(
      "candidates", \.candidates, 1...100_000,
      "candidates drawn for each proposal, of which the best is used"),
    .number(
      "random", \.random, 0...1, standard: "1/3",
      "the share of configurations that are drawn at random"),
    .number(
      "widening", \.widening, 1...1000,
      "the spread of candidates around good trials, in bandwidths"),
  ]
}
