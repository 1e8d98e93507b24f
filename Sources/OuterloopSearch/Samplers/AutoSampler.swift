internal import OuterloopNumerics
public import OuterloopStudy

/// The default sampler: `gp` while a model of all trials is fast, `tpe` beyond, and for more than three
/// objectives.
///
/// Where choices open branches of the space, the model alone sometimes stays in a wrong one: for a branch that it
/// has hardly seen, it extrapolates from the others. Every third trial therefore goes to the branch with the most
/// potential according to its results (`BranchAllocation`), at the point there with the largest acquisition
/// value.
///
/// Every candidate sampler observes all trials, also those that another one proposed, so that the one that takes over
/// starts with all information. The choice depends on the study and on how many trials have ended, never on
/// time: a replay makes the same choice.
///
/// - Complexity: that of the sampler in charge for a proposal; memory of both until `gp` is done.
public struct AutoSampler: Sampler {
  /// The chosen sampler, and the reason.
  public struct Choice: Sendable, Hashable, CustomStringConvertible {
    /// Its name in the registry.
    public let sampler: String
    /// The text after its name: `for one objective and up to 500 trials`.
    public let reason: String

    /// The sampler, and why.
    public var description: String { "\(sampler) \(reason)" }

    fileprivate init(_ sampler: String, _ reason: String) {
      (self.sampler, self.reason) = (sampler, reason)
    }
  }

  private let specification: StudySpecification
  private let options: AutoOptions
  private var model: GPSampler?
  private var densities: TPESampler
  private let hasBranches: Bool
  private var ended = 0

  /// One in this many trials is in a branch chosen independently of the model.
  private static let period = 3

  /// - Throws: `StudyError` for options out of range, `SpaceError` for a space that a sampler cannot search.
  public init(_ specification: StudySpecification, _ options: AutoOptions = AutoOptions()) throws {
    self.specification = specification
    self.options = options
    densities = try TPESampler(specification)
    hasBranches = !Branching(specification.space).parents.isEmpty
    if Self.choice(for: specification, ended: 0, options).sampler == SamplerKind.gp.name {
      model = try GPSampler(specification)
    }
  }

  public var choice: String? {
    Self.choice(for: specification, ended: ended, options).description
  }

  public mutating func observe(_ event: Event, in history: History) {
    densities.observe(event, in: history)
    model?.observe(event, in: history)
    if case .finished = event.kind { ended += 1 }
    // A sampler that is no longer used can be dropped.
    if Self.choice(for: specification, ended: ended, options).sampler != SamplerKind.gp.name {
      model = nil
    }
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    let isOfBranch = hasBranches && number % Self.period == Self.period - 1
    if !isOfBranch {
      if let found = try model?.suggest(number, in: history) { return found }
    } else if let branch = densities.branch(of: number, in: history),
      let found = try model?.suggest(number, in: history, where: branch)
    {
      return found
    }
    return try densities.suggest(number, in: history)
  }

  /// The sampler that proposes the next trial of a study of which `ended` trials have ended.
  public static func choice(
    for specification: StudySpecification, ended: Int, _ options: AutoOptions = AutoOptions()
  ) -> Choice {
    let count = specification.objectives.count
    if count > 3 {
      return Choice("tpe", "for more than three objectives")
    }
    let limit = count == 1 ? options.model : options.fronts
    if ended >= limit {
      return Choice("tpe", "for more than \(limit) trials")
    }
    if (try? BLAS.load()) == nil {
      return Choice("tpe", "since OpenBLAS, which gp needs, is not installed")
    }
    let objectives = count == 1 ? "one objective" : "\(count) objectives"
    if !Branching(specification.space).parents.isEmpty {
      return Choice(
        "gp",
        "for \(objectives) and up to \(limit) trials, every third in the most promising branch"
      )
    }
    return Choice("gp", "for \(objectives) and up to \(limit) trials")
  }
}

extension StudySpecification {
  /// The automatically chosen sampler of the next trial, and the reason; nil if the study names one.
  ///
  /// - Parameter ended: how many of its trials have ended.
  public func automaticChoice(ended: Int) -> AutoSampler.Choice? {
    guard method.sampler.name == AutoOptions.owner,
      let options = try? AutoOptions(method.sampler.options)
    else { return nil }
    return AutoSampler.choice(for: self, ended: ended, options)
  }
}

/// The options of the automatic choice.
public struct AutoOptions: Sendable, Hashable {
  /// The largest number of trials for `gp`; beyond it, `tpe` takes over. A proposal of `gp` takes
  /// O(n^2).
  public var model = 500
  /// The same for two or three objectives, with a model each.
  public var fronts = 250

  public init() {}
}

extension AutoOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "auto"

  static let declarations: [MethodOption<Self>] = [
    .whole("model", \.model, 0...100_000, "trials up to which gp is chosen for one objective"),
    .whole(
      "fronts", \.fronts, 0...100_000, "trials up to which gp is chosen for two or three objectives"
    ),
  ]
}

extension SamplerKind {
  static let auto = SamplerKind(
    AutoOptions.self,
    "gp while its model is fast, then tpe; tpe for more than three objectives",
    [.learns, .isScaleFree, .takesObjectives, .heedsPriors, .weighsCosts]
  ) { .auto($0) }
}

extension ExpressibleBySampler {
  /// The sampler that suits the study.
  public static func auto(_ options: AutoOptions = AutoOptions()) -> Self {
    Self(options.description) { try AutoSampler($0, options) }
  }
}
