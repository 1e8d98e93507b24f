public import OuterloopStudy

/// The options of PriorBand.
public struct PriorBandOptions: Sendable, Hashable {
  /// One in this many trials of a rung is promoted.
  public var factor = 3
  /// The smallest number of epochs of the first rung.
  public var least = 1

  public init() {}
}

extension PriorBandOptions: RungOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "priorband"
  static let declarations: [MethodOption<Self>] = rungDeclarations
}

/// PriorBand (Mallik et al. 2023): Hyperband whose configurations are drawn from the prior over good values
/// (`StudySpecification.priors`, and hints), near the incumbent, or at random (`PriorBandConfigurations`). A
/// bracket that starts with longer trainings has fewer random ones.
///
/// - Complexity: that of `BracketScheduler` and of `PriorBandConfigurations`.
struct PriorBandSearch: Searcher {
  private var brackets: BracketScheduler
  private var configurations: PriorBandConfigurations

  /// - Throws: `StudyError` for options out of range, studies without epochs or priors, and several objectives.
  init(_ specification: StudySpecification, _ options: PriorBandOptions) throws {
    let all = try options.brackets(specification)
    brackets = BracketScheduler(specification, all)
    configurations = try PriorBandConfigurations(
      specification, largest: all[0], factor: options.factor)
  }

  mutating func observe(_ event: Event, in history: History) {
    brackets.observe(event, in: history)
    configurations.observe(event, in: history)
  }

  mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    let rung = brackets.firstRungOfNewTrial
    return try brackets.propose(number, in: history) { number in
      try configurations.suggest(number, forRung: rung, in: history)
    }
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
}

extension SchedulerKind {
  static let priorband = SchedulerKind(
    choosingBy: PriorBandOptions.self,
    "hyperband with configurations near --prior and near the best one", [.heedsPriors]
  ) { .priorBand($0) }
}

extension SearchMethod {
  /// PriorBand.
  public static func priorBand(_ options: PriorBandOptions = PriorBandOptions()) -> SearchMethod {
    SearchMethod(
      MethodDescription(.noSampler, scheduler: options.description)
    ) { try PriorBandSearch($0, options) }
  }
}
