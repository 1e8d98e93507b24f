public import OuterloopStudy

/// The options of DPL.
public struct DPLOptions: Sendable, Hashable {
  /// The fraction of the budget's epochs spent on first epochs of space-filling configurations before the
  /// model decides.
  public var screening = 0.06
  /// New candidate configurations per proposal.
  public var candidates = 512
  /// The largest number of observations in the model; with more, fewer epochs of each curve are
  /// used.
  public var observations = 300
  /// Epochs of a training of the networks from scratch.
  public var training = 250

  public init() {}
}

extension DPLOptions: EpochwiseOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "dpl"

  static let declarations: [MethodOption<Self>] = [
    .screening,
    .whole("candidates", \.candidates, 16...65536, "new configurations considered for a proposal"),
    .observations,
    .whole("training", \.training, 1...10000, "epochs of a training of the networks from scratch"),
  ]
}
