/// How a study is searched, by names and options, as the store keeps it: which sampler chooses
/// configurations, which scheduler decides how far each is trained, and which rules end the study before its
/// budget is spent. Any scheduler can be combined with any sampler and any rule.
public struct MethodDescription: Sendable, Hashable, Codable {
  /// How configurations are proposed.
  public var sampler: ComponentDescription
  /// How far trials are trained.
  public var scheduler: ComponentDescription
  /// What ends the study before its budget is spent.
  public var stopRules: [ComponentDescription]

  /// A method by its parts.
  public init(
    _ sampler: ComponentDescription, scheduler: ComponentDescription = .fullTraining,
    stopRules: [ComponentDescription] = []
  ) {
    self.sampler = sampler
    self.scheduler = scheduler
    self.stopRules = stopRules
  }

  /// A sampler whose configurations are all trained to the end.
  public init(_ sampler: String, _ options: [String: ParameterValue] = [:]) {
    self.init(ComponentDescription(sampler, options))
  }
}

extension MethodDescription: CustomStringConvertible {
  /// `tpe`, or `tpe, halving, plateau` with a scheduler and a rule.
  public var description: String {
    let parts =
      (sampler == .noSampler ? [] : [sampler]) + (scheduler == .fullTraining ? [] : [scheduler])
      + stopRules
    return parts.map(\.name).joined(separator: ", ")
  }
}

/// A sampler or a scheduler by its name and options.
public struct ComponentDescription: Sendable, Hashable, Codable {
  /// The name in the registry.
  public var name: String
  /// The options that differ from their defaults.
  public var options: [String: ParameterValue]

  /// A component by name and options.
  public init(_ name: String, _ options: [String: ParameterValue] = [:]) {
    self.name = name
    self.options = options
  }

  /// Every configuration is trained through all epochs: no scheduler.
  public static let fullTraining = ComponentDescription("none")

  /// The scheduler chooses configurations itself: no sampler.
  public static let noSampler = ComponentDescription("none")

  /// `name:option=value,option=value`, as the command line writes it.
  /// - Throws: `StudyError` for malformed options, and for one that is given twice.
  public init(parsing text: String) throws {
    guard let colon = text.firstIndex(of: ":") else {
      self.init(text)
      return
    }
    self.init(String(text[..<colon]))
    for option in text[text.index(after: colon)...].split(
      separator: ",", omittingEmptySubsequences: false)
    {
      guard let equals = option.firstIndex(of: "="), equals > option.startIndex,
        case let value = option[option.index(after: equals)...], !value.isEmpty
      else {
        throw StudyError("`\(option)` is not an option", "write it as in grid:resolution=7")
      }
      let name = option[..<equals].trimmed
      guard options.updateValue(ParameterValue(plain: value.trimmed), forKey: name) == nil else {
        throw StudyError("the option `\(name)` is given twice", "remove one of them")
      }
    }
  }
}
