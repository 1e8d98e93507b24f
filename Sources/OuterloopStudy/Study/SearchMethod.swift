/// A way to search, as a value: `.random`, `.tpe()`, `.tpe().scheduled(by: ...)`. It knows its name and
/// options, for the store, and how to make the searcher of a study.
public struct SearchMethod: ExpressibleBySampler {
  /// Sampler, scheduler and stopping rules by name and options, as the store keeps them.
  public private(set) var description: MethodDescription
  private var make: @Sendable (StudySpecification) throws -> any Searcher
  private let sampler: SamplerMethod?
  private var rules: [StopRuleMethod] = []

  /// A sampler with a scheduler.
  public init(_ sampler: SamplerMethod, _ scheduler: SchedulerMethod = .fullTraining) {
    description = MethodDescription(sampler.description, scheduler: scheduler.description)
    let adapted = scheduler.adapt(sampler)
    make = { ScheduledSearch(try adapted.make($0), try scheduler.make($0)) }
    self.sampler = sampler
  }

  /// A method of your own.
  public init(
    _ description: ComponentDescription,
    make: @escaping @Sendable (StudySpecification) throws -> any Sampler
  ) {
    self.init(SamplerMethod(description, make: make))
  }

  /// A method that both chooses configurations and decides how far each is trained.
  public init(
    _ description: MethodDescription,
    searcher: @escaping @Sendable (StudySpecification) throws -> any Searcher
  ) {
    self.description = description
    make = searcher
    sampler = nil
  }

  /// The searcher of a study.
  /// - Throws: `StudyError` for spaces and objectives that the method or its rules do not support.
  public func searcher(_ specification: StudySpecification) throws -> any Searcher {
    let searcher: any Searcher =
      specification.space.parameters.isEmpty
      ? ScheduledSearch(
        UnknownSpace(space: specification.space), FullTraining(epochs: specification.epochs))
      : try make(specification)
    if rules.isEmpty { return searcher }
    return StoppingSearch(searcher, try rules.map { try $0.make(specification) })
  }

  /// The same sampler with another scheduler. A method with its own scheduling stays as it is.
  public func scheduled(by scheduler: SchedulerMethod) -> SearchMethod {
    sampler.map { SearchMethod($0, scheduler).stopping(when: rules) } ?? self
  }

  /// The same method, which ends a study as soon as one of the rules says so: these, in addition to
  /// those it already has.
  public func stopping(when rules: [StopRuleMethod]) -> SearchMethod {
    var result = self
    result.rules += rules
    result.description.stopRules += rules.map(\.description)
    return result
  }
}

/// What a sampler alone can express: a sampler as a value, and a search method that trains every
/// configuration through all epochs. A sampler's factory, such as `.tpe()`, is declared on this protocol
/// once and can be used where either is expected.
public protocol ExpressibleBySampler: Sendable {
  /// A sampler by its description and how to make it.
  init(
    _ description: ComponentDescription,
    make: @escaping @Sendable (StudySpecification) throws -> any Sampler)
}

/// A sampler as a value: how to make it for a study, and how the store names it.
public struct SamplerMethod: ExpressibleBySampler {
  /// How the store names the sampler.
  public let description: ComponentDescription
  /// Makes the sampler for a study.
  public let make: @Sendable (StudySpecification) throws -> any Sampler

  /// A sampler by its description and how to make it.
  public init(
    _ description: ComponentDescription,
    make: @escaping @Sendable (StudySpecification) throws -> any Sampler
  ) {
    self.description = description
    self.make = make
  }
}

/// A scheduler as a value.
public struct SchedulerMethod: Sendable {
  /// How the store names the scheduler.
  public let description: ComponentDescription
  /// Makes the scheduler for a study.
  public let make: @Sendable (StudySpecification) throws -> any Scheduler
  let adapt: @Sendable (SamplerMethod) -> SamplerMethod

  /// - Parameter adapt: wraps a sampler so that it learns from trials that this scheduler has not trained
  ///   to the end.
  public init(
    _ description: ComponentDescription,
    make: @escaping @Sendable (StudySpecification) throws -> any Scheduler,
    adapting adapt: @escaping @Sendable (SamplerMethod) -> SamplerMethod = { $0 }
  ) {
    self.description = description
    self.make = make
    self.adapt = adapt
  }

  /// Every configuration is trained through all epochs.
  public static let fullTraining = SchedulerMethod(.fullTraining) {
    FullTraining(epochs: $0.epochs)
  }
}
