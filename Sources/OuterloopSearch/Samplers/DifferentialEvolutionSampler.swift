public import OuterloopStudy

/// The options of differential evolution.
public struct DifferentialEvolutionOptions: Sendable, Hashable {
  /// The size of the population.
  public var population = 10
  /// The fraction of best individuals (p) towards which children move.
  public var greediness = 0.11
  /// The number of entries in the success history.
  public var memory = 6

  public init() {}
}

extension DifferentialEvolutionOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "de"

  static let declarations: [MethodOption<Self>] = [
    .whole("population", \.population, 4...100_000, "size of the population"),
    .number(
      "greediness", \.greediness, 0...1,
      "the share of the best trials towards which others move"),
    .whole("memory", \.memory, 1...10_000, "entries of the memory of successful parameters"),
  ]
}

/// Differential evolution: each trial moves one individual towards one of the best and along the difference of
/// two others, and replaces it if it is not worse; the step sizes are learned from those that succeeded
/// (current-to-pbest with an archive and success history: JADE, Zhang and Sanderson 2009; SHADE, Tanabe and
/// Fukunaga 2013).
///
/// Differences from SHADE: it is asynchronous. The first trials fill the population at random; trial n then competes for
/// index n mod P, based on the population at the time of its proposal, and replaces that individual when its result arrives,
/// so any number of workers is kept busy. The history is updated after every P results, and weights successes by the ranks
/// gained, so that the scale of losses does not matter. The population is small, since budgets are (SHADE: 100), and does
/// not shrink as in L-SHADE, since budgets may grow. Trials without a result are worse than all others. Inactive parameters
/// have no gene (`DifferentialVariation`).
///
/// - Complexity: a proposal is O(d + P); a result O(P); O(n + P d) memory.
public struct DifferentialEvolutionSampler: Sampler {
  private struct Individual: Sendable {
    var genome: Genome
    var rank: TrialRank
  }

  /// The index for which a trial competes, and the parameters of its child.
  private struct Pending: Sendable {
    var place: Int
    var parameters: SuccessHistory.Parameters
  }

  private let layout: CoordinateLayout
  private let specification: StudySpecification
  private let seed: UInt64
  private let options: DifferentialEvolutionOptions
  private var tried: TriedConfigurations
  private var population: [Individual] = []
  /// Indices of the population, best first.
  private var order: [Int] = []
  /// Individuals that were replaced.
  private var archive: [Genome] = []
  private var replaced = 0
  private var memory: SuccessHistory
  /// Histories and the revisions since which they are valid, the newest last.
  private var memories: [(revision: Int, memory: SuccessHistory)]
  private var pending: [Int: Pending] = [:]
  private var results = 0

  private static let mostMemories = 16
  private static let mostChildren = 64

  /// - Throws: `StudyError` for options out of range, and for several objectives.
  public init(
    _ specification: StudySpecification,
    _ options: DifferentialEvolutionOptions = DifferentialEvolutionOptions()
  ) throws {
    try options.check()
    try specification.requireOneObjective(for: DifferentialEvolutionOptions.owner)
    layout = CoordinateLayout(specification.space, pairsAreChoices: false)
    self.specification = specification
    seed = specification.seed
    self.options = options
    tried = TriedConfigurations(specification.space)
    memory = SuccessHistory(count: options.memory)
    memories = [(0, memory)]
  }

  // MARK: The fold

  public mutating func observe(_ event: Event, in history: History) {
    tried.observe(event)
    switch event.kind {
    case .suggested(_, _, let seen):
      guard event.trial >= options.population else { return }
      var draws = Draws(seed: seed, .population, trial: event.trial)
      let memory = memories.last { $0.revision <= seen } ?? memories[0]
      pending[event.trial] = Pending(
        place: event.trial % options.population, parameters: memory.memory.draw(&draws))
    case .finished:
      let trial = history.trials[event.trial]
      let pending = pending.removeValue(forKey: event.trial)
      guard let ranked = RankedTrial(trial, specification) else { return }
      let (places, choices) = layout.positions(of: trial.assignment)
      let child = Individual(
        genome: Genome(places: places, choices: choices), rank: ranked.rank)
      take(child, pending)
      results += 1
      if results % options.population == 0 { close(at: event.revision) }
    default: break
    }
  }

  private mutating func take(_ child: Individual, _ pending: Pending?) {
    guard population.count == options.population else {
      population.append(child)
      order = []
      return
    }
    // An enqueued configuration competes with the worst.
    let place = pending?.place ?? ordered().last ?? 0
    let parent = population[place]
    guard child.rank <= parent.rank else { return }
    if child.rank < parent.rank {
      if archive.count < options.population {
        archive.append(parent.genome)
      } else {
        archive[replaced % archive.count] = parent.genome
      }
      replaced += 1
      if let pending {
        let passed = population.count { child.rank < $0.rank && $0.rank <= parent.rank }
        memory.succeeded(pending.parameters, gain: passed)
      }
    }
    population[place] = child
    order = []
  }

  private mutating func close(at revision: Int) {
    memory.close()
    memories.append((revision, memory))
    if memories.count > Self.mostMemories { memories.removeFirst() }
  }

  private mutating func ordered() -> [Int] {
    if order.isEmpty {
      order = population.indices.sorted {
        (population[$0].rank, $0) < (population[$1].rank, $1)
      }
    }
    return order
  }

  // MARK: Proposals

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try tried.isDone() { return nil }
    if number >= options.population, population.count >= 4 {
      if let found = child(number) { return found }
    }
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(&draws)
  }

  private mutating func child(_ number: Int) -> Assignment? {
    var draws = Draws(seed: seed, .population, trial: number)
    let parameters = memory.draw(&draws)
    let order = ordered()
    let place = number % options.population % population.count
    let elite = max(2, Int((options.greediness * Double(population.count)).rounded()))
    var forbidden: GeneticVariation.Child?
    for _ in 0..<Self.mostChildren {
      let best = order[draws.index(below: min(elite, order.count))]
      var first = place
      while first == place { first = draws.index(below: population.count) }
      var second = place
      while second == place || second == first {
        second = draws.index(below: population.count + archive.count)
      }
      let child = DifferentialVariation.child(
        population[place].genome, best: population[best].genome, population[first].genome,
        second < population.count
          ? population[second].genome : archive[second - population.count],
        scale: parameters.scale, crossover: parameters.crossover, counts: layout.choiceCounts
      ) { draws.next() }
      guard let assignment = layout.assignment(child.places, child.choices) else {
        forbidden = forbidden ?? child
        continue
      }
      if !tried.contains(assignment) { return assignment }
    }
    return forbidden.flatMap {
      layout.repaired($0.places, $0.choices, seed: seed, trial: number, &tried)
    }
  }
}

extension SamplerKind {
  static let de = SamplerKind(
    DifferentialEvolutionOptions.self,
    "differential evolution: trials move towards the best and along differences of others",
    [.learns, .isScaleFree]
  ) { .differentialEvolution($0) }
}

extension ExpressibleBySampler {
  /// Differential evolution.
  public static func differentialEvolution(
    _ options: DifferentialEvolutionOptions = DifferentialEvolutionOptions()
  ) -> Self {
    Self(options.description) { try DifferentialEvolutionSampler($0, options) }
  }
}
