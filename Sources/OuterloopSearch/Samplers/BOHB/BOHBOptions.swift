public import OuterloopStudy

/// What may be chosen about the densities of BOHB. The defaults are the authors'.
public struct BOHBOptions: Sendable, Hashable {
  /// The share of trials that count as good, in percent.
  public var good = 15.0
  /// Points drawn for each proposal, of which the best is taken.
  public var candidates = 64
  /// The share of configurations that are drawn at random.
  public var random = 1.0 / 3
  /// How much wider than the bandwidth candidates are drawn around good points.
  public var widening = 3.0

  public init() {}
}

extension BOHBOptions: MethodOptions {
  /// The options of a description, by their names.
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
