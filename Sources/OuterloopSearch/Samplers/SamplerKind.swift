public import OuterloopStudy
internal import OuterloopText

/// A sampler by name, such as `tpe:startup=20`, with its description. A row of the registry.
public struct SamplerKind: Sendable {
  /// The name in the registry.
  public let name: String
  /// What it does, as half a sentence.
  public let summary: String
  /// The options it takes.
  public let options: [Option]
  /// What others ask of it.
  public let traits: SamplerTraits
  /// The sampler with the options given, others as by default.
  /// - Throws: `StudyError` for options that are unknown, out of range, or incompatible.
  public let method: @Sendable ([String: ParameterValue]) throws -> SamplerMethod

  /// An option, for help and documentation.
  public struct Option: Sendable {
    /// The option's name.
    public let name: String
    /// The default.
    public let standard: String
    /// Its valid values: "a whole number from 1 to 9".
    public let values: String
    /// What it does, as half a sentence.
    public let meaning: String
  }

  init<Options: MethodOptions>(
    _ options: Options.Type, _ summary: String, _ traits: SamplerTraits,
    make: @escaping @Sendable (Options) -> SamplerMethod
  ) {
    name = Options.owner
    self.summary = summary
    self.traits = traits
    self.options = Options.table
    method = { make(try Options(reading: $0)) }
  }

  /// All samplers: a new one is a new row here.
  public static let all: [SamplerKind] = [
    .auto, .random, .sobol, .grid, .tpe, .bohb, .gp, .cmaes, .catcma, .nsga2, .nsga3, .de,
  ]
}

/// Properties of a sampler that others need to know: the laws it satisfies, what it supports.
public struct SamplerTraits: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Results affect its suggestions.
  public static let learns = SamplerTraits(rawValue: 1 << 0)
  /// The unit and origin of losses do not matter: a f + b is the same search as f, for a > 0.
  public static let isScaleFree = SamplerTraits(rawValue: 1 << 1)
  /// Takes several objectives.
  public static let takesObjectives = SamplerTraits(rawValue: 1 << 2)
  /// Uses priors over good values: `StudySpecification.priors`, and hints.
  public static let heedsPriors = SamplerTraits(rawValue: 1 << 4)
  /// Takes the cost of trials into account: `StudySpecification.cost`.
  public static let weighsCosts = SamplerTraits(rawValue: 1 << 5)
  /// Ends by itself, with configurations of the space left.
  public static let ends = SamplerTraits(rawValue: 1 << 3)
}

extension SamplerKind {
  /// The sampler of a description.
  /// - Throws: `StudyError` for an unknown name or option.
  static func method(_ description: ComponentDescription) throws -> SamplerMethod {
    guard let kind = all.first(where: { $0.name == description.name }) else {
      throw StudyError(
        "there is no sampler `\(description.name)`",
        Spelling.remedy(for: description.name, among: all.map(\.name), called: "samplers"))
    }
    return try kind.method(description.options)
  }
}

extension SearchMethod {
  /// The method of a description, as in the store and on the command line.
  /// - Throws: `StudyError` for an unknown name or option.
  public static func named(_ description: MethodDescription) throws -> SearchMethod {
    let scheduler = try SchedulerKind.named(description.scheduler.name)
    let sampler =
      scheduler.choosesConfigurations && description.sampler == .noSampler
      ? nil : try SamplerKind.method(description.sampler)
    guard sampler == nil || !scheduler.choosesConfigurations else {
      throw StudyError(
        "the scheduler \(scheduler.name) chooses configurations itself, so there is nothing for the "
          + "sampler \(description.sampler.name) to do", "leave the sampler out")
    }
    return try scheduler.method(sampler, description.scheduler.options)
      .stopping(when: try description.stopRules.map(StopRuleKind.method))
  }
}
