public import OuterloopStudy

/// The options of NSGA-II.
public struct NSGA2Options: Sendable, Hashable {
  /// The number of parents, and of trials per generation.
  public var population = 20
  /// The probability that a child has two parents.
  public var crossover = 0.9
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

extension NSGA2Options: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "nsga2"

  static let declarations: [MethodOption<Self>] = [
    .whole("population", \.population, 2...100_000, "parents, and trials of a generation"),
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

/// NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002): parents are selected by non-domination rank, then
/// by crowding distance; children result from crossover and mutation. For one objective it is a plain
/// genetic algorithm.
///
/// Defaults are for hundreds of trials: a population of 20 (Optuna 5: 50, pymoo 0.6: 100), uniform crossover as in
/// Optuna, and polynomial mutation as in pymoo, where Optuna redraws values.
/// `population=50,crossoverIndex=0,mutationIndex=0` are Optuna's, `population=100,crossoverIndex=15,mutationIndex=20`
/// pymoo's. Differences from both: late results of parallel workers count in the current generation, failures are
/// never parents but count as ended, configurations are not tried twice. See `GeneticSearch` for how results form
/// generations.
///
/// - Complexity: a proposal is O(d); a generation of P trials O(m P log P) for two or three objectives, O(m P^2)
///   for more; O(n + P d) memory.
public struct NSGA2Sampler: Sampler {
  private var search: GeneticSearch

  /// - Throws: `StudyError` for options out of range.
  public init(
    _ specification: StudySpecification, _ options: NSGA2Options = NSGA2Options()
  ) throws {
    try options.check()
    search = GeneticSearch(
      specification, population: options.population, options.variation, .crowding)
  }

  public mutating func observe(_ event: Event, in history: History) {
    search.observe(event, in: history)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    try search.suggest(number, in: history)
  }
}

extension SamplerKind {
  static let nsga2 = SamplerKind(
    NSGA2Options.self, "a genetic algorithm for two or three objectives",
    [.learns, .isScaleFree, .takesObjectives]
  ) { .nsga2($0) }
}

extension ExpressibleBySampler {
  /// NSGA-II.
  public static func nsga2(_ options: NSGA2Options = NSGA2Options()) -> Self {
    Self(options.description) { try NSGA2Sampler($0, options) }
  }
}
