public import OuterloopStudy
internal import OuterloopText

/// A scheduler by name, such as `asha:factor=4`, with its description. A row of the registry.
public struct SchedulerKind: Sendable {
  /// The name in the registry.
  public let name: String
  /// What it does, as half a sentence.
  public let summary: String
  /// The options it takes.
  public let options: [SamplerKind.Option]
  /// Whether it chooses configurations too, so that it takes no sampler.
  public let choosesConfigurations: Bool
  /// The traits of a scheduler that chooses configurations.
  public let traits: SamplerTraits
  /// The search with a sampler and the options given, others as by default. A scheduler that chooses
  /// configurations itself ignores the sampler.
  /// - Throws: `StudyError` for options that are unknown, out of range, or incompatible.
  public let method: @Sendable (SamplerMethod?, [String: ParameterValue]) throws -> SearchMethod
  /// The search restricted to these configurations, such as those of a recorded table; nil: it cannot be
  /// restricted.
  package private(set) var amongListed:
    (@Sendable ([Assignment], [String: ParameterValue]) throws -> SearchMethod)?
  /// The rungs of a study with the options given: see `StudySpecification.rungs`.
  let rungs: @Sendable (StudySpecification, [String: ParameterValue]) throws -> [Int]

  /// A scheduler that takes any sampler.
  init<Options: MethodOptions>(
    _ options: Options.Type, _ summary: String,
    make: @escaping @Sendable (Options) -> SchedulerMethod
  ) {
    name = Options.owner
    self.summary = summary
    self.options = Options.table
    choosesConfigurations = false
    traits = []
    method = { sampler, given in
      let scheduler = make(try Options(reading: given))
      guard let sampler else {
        throw StudyError("the scheduler \(Options.owner) takes a sampler", "name one, such as tpe")
      }
      return SearchMethod(sampler, scheduler)
    }
    rungs = Self.rungs(of: options)
  }

  private static func rungs<Options: MethodOptions>(
    of options: Options.Type
  ) -> @Sendable (StudySpecification, [String: ParameterValue]) throws -> [Int] {
    { specification, given in
      let options = try Options(reading: given) as? any RungOptions
      return try options?.brackets(specification)[0].epochs ?? []
    }
  }

  /// A method that decides both what is tried and how far it is trained.
  init<Options: MethodOptions>(
    choosingBy options: Options.Type, _ summary: String, _ traits: SamplerTraits = [],
    make: @escaping @Sendable (Options) -> SearchMethod
  ) {
    name = Options.owner
    self.summary = summary
    self.options = Options.table
    choosesConfigurations = true
    self.traits = traits
    method = { _, given in make(try Options(reading: given)) }
    rungs = Self.rungs(of: options)
  }

  /// A method that trains all trials concurrently, one epoch at a time.
  init<Options: EpochwiseOptions>(
    epochwise options: Options.Type, _ summary: String, _ traits: SamplerTraits = []
  ) {
    self.init(choosingBy: options, summary, traits) { $0.method() }
    amongListed = { try Options(reading: $1).method(pool: $0) }
  }

  /// A scheduler without options, built from a sampler.
  init(
    _ name: String, _ summary: String,
    making make: @escaping @Sendable (SamplerMethod) -> SearchMethod
  ) {
    self.name = name
    self.summary = summary
    options = []
    choosesConfigurations = false
    traits = []
    method = { sampler, given in
      guard given.isEmpty else {
        throw StudyError("\(name) has no option `\(given.keys.sorted()[0])`", "leave it out")
      }
      return make(sampler ?? .auto())
    }
    rungs = { specification, _ in
      let choice = AutomaticTrainingChoice(specification).method(.auto()).description.scheduler
      return try SchedulerKind.named(choice.name).rungs(specification, choice.options)
    }
  }

  /// All schedulers: a new one is a new row here.
  public static let all: [SchedulerKind] = [
    .auto, .none, .median, .percentile, .threshold, .patience, .wilcoxon, .halving, .hyperband,
    .asha, .pasha, .priorband, .freezeThaw, .dyhpo, .dpl,
  ]

  /// The scheduler of a name.
  /// - Throws: `StudyError` if there is none.
  public static func named(_ name: String) throws -> SchedulerKind {
    guard let kind = all.first(where: { $0.name == name }) else {
      throw StudyError(
        "there is no scheduler `\(name)`",
        Spelling.remedy(for: name, among: all.map(\.name), called: "schedulers"))
    }
    return kind
  }
}

private struct FullTrainingOptions: MethodOptions {
  static let owner = ComponentDescription.fullTraining.name
  static let declarations: [MethodOption<Self>] = []
}

extension SchedulerKind {
  static let none = SchedulerKind(
    FullTrainingOptions.self, "every trial is trained through all epochs"
  ) { _ in
    .fullTraining
  }
}
