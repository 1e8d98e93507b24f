public import OuterloopStudy

/// The options of NSGA-III.
public struct NSGA3Options: Sendable, Hashable {
  /// The number of parents, and of trials per generation.
  public var population = 20
  /// The number of divisions per objective of the reference directions; 0: chosen for the population
  /// size.
  public var divisions = 0
  /// The probability that a child has two parents.
  public var crossover = 1.0
  /// How near children are to their parents (simulated binary crossover); 0: values are exchanged
  /// (uniform crossover).
  public var crossoverIndex = 0.0
  /// How close mutated values are to the original ones (polynomial mutation); 0: redrawn.
  public var mutationIndex = 10.0
  /// The expected number of mutated parameters of a child.
  public var mutations = 1.0

  public init() {}

  var variation: GeneticVariation {
    GeneticVariation(
      crossover: crossover, crossoverIndex: crossoverIndex, mutationIndex: mutationIndex,
      mutations: mutations)
  }
}

extension NSGA3Options: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "nsga3"

  static let declarations: [MethodOption<Self>] = [
    .whole("population", \.population, 2...100_000, "parents, and trials of a generation"),
    .whole(
      "divisions", \.divisions, 1...1000, zero: "the most for the population",
      "divisions of each objective, which give the reference directions"),
    .number("crossover", \.crossover, 0...1, "probability that a child has two parents"),
    .number(
      "crossoverIndex", \.crossoverIndex, 0...1000,
      "how close numbers are to the parents'; 0: one of the two, unchanged"),
    .number(
      "mutationIndex", \.mutationIndex, 0...1000,
      "how close mutated numbers are to their old values; 0: drawn afresh"),
    .number("mutations", \.mutations, 0...1000, "parameters of a child that mutate, on average"),
  ]
}

/// NSGA-III (Deb and Jain 2014): like NSGA-II, but ties are broken by spread over reference directions,
/// which still works where most trials are non-dominated: for three objectives and more.
///
/// Directions are those of Das and Dennis, with `divisions` per objective, by default the largest number
/// that gives at most as many directions as the population. Survival is that of pymoo 0.6.2 except as
/// described at `NicheSurvival`; see `NSGA2Sampler` for the small populations and uniform crossover.
///
/// - Complexity: a proposal is O(d); a generation of P trials O(m P^2) for four objectives and more, and
///   O(m P h) for h directions; O(n + P d) memory.
public struct NSGA3Sampler: Sampler {
  private var search: GeneticSearch

  private static let mostDirections = 100_000

  /// - Throws: `StudyError` for options out of range, and more than 100,000 directions.
  public init(
    _ specification: StudySpecification, _ options: NSGA3Options = NSGA3Options()
  ) throws {
    try options.check()
    let objectives = specification.objectives.count
    let divisions =
      options.divisions > 0
      ? options.divisions
      : ReferenceDirections.divisions(objectives: objectives, atMost: options.population)
    guard
      ReferenceDirections.count(
        objectives: objectives, divisions: divisions, limit: Self.mostDirections) != nil
    else {
      throw StudyError(
        "\(divisions) divisions of \(objectives) objectives are more than "
          + "\(Self.mostDirections) directions", "use a smaller option divisions")
    }
    search = GeneticSearch(
      specification, population: options.population, options.variation,
      .niches(
        NicheSurvival(
          directions: ReferenceDirections.all(objectives: objectives, divisions: divisions))))
  }

  public mutating func observe(_ event: Event, in history: History) {
    search.observe(event, in: history)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    try search.suggest(number, in: history)
  }
}

extension SamplerKind {
  static let nsga3 = SamplerKind(
    NSGA3Options.self, "a genetic algorithm for three objectives and more",
    [.learns, .isScaleFree, .takesObjectives]
  ) { .nsga3($0) }
}

extension ExpressibleBySampler {
  /// NSGA-III.
  public static func nsga3(_ options: NSGA3Options = NSGA3Options()) -> Self {
    Self(options.description) { try NSGA3Sampler($0, options) }
  }
}
