public import OuterloopStudy
internal import OuterloopText

/// A stopping rule of studies by name, such as `plateau:trials=50`, with its description. A row of the
/// registry.
public struct StopRuleKind: Sendable {
  /// The name in the registry.
  public let name: String
  /// When it ends a study, as half a sentence.
  public let summary: String
  /// The options it takes.
  public let options: [SamplerKind.Option]
  /// The rule with the options given, others as by default.
  /// - Throws: `StudyError` for options that are unknown or out of range.
  public let method: @Sendable ([String: ParameterValue]) throws -> StopRuleMethod

  init<Options: MethodOptions>(
    _ options: Options.Type, _ summary: String,
    make: @escaping @Sendable (Options) -> StopRuleMethod
  ) {
    name = Options.owner
    self.summary = summary
    self.options = Options.table
    method = { make(try Options(reading: $0)) }
  }

  /// All rules: a new one is a new row here.
  public static let all: [StopRuleKind] = [.plateau, .target, .regret, .worth]

  /// The rule of a description.
  /// - Throws: `StudyError` for an unknown name or option.
  static func method(_ description: ComponentDescription) throws -> StopRuleMethod {
    guard let kind = all.first(where: { $0.name == description.name }) else {
      throw StudyError(
        "there is no stopping rule `\(description.name)`",
        Spelling.remedy(for: description.name, among: all.map(\.name), called: "rules"))
    }
    return try kind.method(description.options)
  }
}
