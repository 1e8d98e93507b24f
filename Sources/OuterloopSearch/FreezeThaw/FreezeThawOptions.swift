public import OuterloopStudy

/// What may be chosen about freeze-thaw search.
public struct FreezeThawOptions: Sendable, Hashable {
  /// The share of the budget's epochs that is spent on the first epochs of evenly spread configurations before
  /// the model decides.
  public var screening = 0.06
  /// New configurations that a proposal weighs.
  public var candidates = 512
  /// How many observations the model takes at most: of more, fewer epochs of each curve.
  public var observations = 300

  public init() {}
}

extension FreezeThawOptions: EpochwiseOptions {
  /// The options of a description, by their names.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "freeze-thaw"
  static let staysInside = true

  static let declarations: [MethodOption<Self>] = [
    .screening,
    .whole("candidates", \.candidates, 16...65536, "new configurations considered for a proposal"),
    .observations,
  ]
}
