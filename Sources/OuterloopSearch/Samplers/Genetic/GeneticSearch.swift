internal import OuterloopStudy

/// The common part of NSGA-II and NSGA-III as samplers: the fold over a study's events.
///
/// Children are made from the parents of the last complete generation. A generation is complete when as many
/// trials as the population size have ended since the previous one; their origin and parents do not matter,
/// since survival depends only on losses: late results of parallel workers count in the current generation.
/// The parents of the next one are chosen from the parents and the finished trials. Enqueued trials take
/// part.
///
/// - Trials without a result, failed or pruned, count towards the generation and are never parents. Lost and
///   cancelled ones do not count.
/// - Infeasible trials are parents only if there are too few feasible ones: those with a smaller violation
///   come first (constrained domination, Deb, Pratap, Agarwal and Meyarivan 2002).
/// - Inactive parameters have no gene; see `GeneticVariation`.
/// - Children that are forbidden or have been tried are redrawn; where most are forbidden they are repaired.
struct GeneticSearch: Sendable {
  enum Survival: Sendable {
    case crowding
    case niches(NicheSurvival)
  }

  private struct Individual: Sendable {
    var genome: Genome
    var losses: [Double]
    var violation: Double
    var rank = 0
    var crowding = 0.0
  }

  private let layout: CoordinateLayout
  private let specification: StudySpecification
  private let seed: UInt64
  private let population: Int
  private let variation: GeneticVariation
  private var survival: Survival
  private var tried: TriedConfigurations
  private var parents: [Individual] = []
  private var ended: [Individual] = []
  private var endedCount = 0
  private var generation = 0

  /// The largest number of children drawn until one is allowed and new.
  private static let mostChildren = 64

  init(
    _ specification: StudySpecification, population: Int, _ variation: GeneticVariation,
    _ survival: Survival
  ) {
    layout = CoordinateLayout(specification.space, pairsAreChoices: false)
    self.specification = specification
    seed = specification.seed
    self.population = population
    self.variation = variation
    self.survival = survival
    tried = TriedConfigurations(specification.space)
  }

  mutating func observe(_ event: Event, in history: History) {
    tried.observe(event)
    guard case .finished = event.kind else { return }
    if event.kind.isAboutStudy { return }
    let trial = history.trials[event.trial]
    guard let ranked = RankedTrial(trial, specification) else { return }
    endedCount += 1
    if let losses = ranked.losses {
      let (places, choices) = layout.positions(of: trial.assignment)
      ended.append(
        Individual(
          genome: Genome(places: places, choices: choices), losses: losses,
          violation: ranked.violation))
    }
    if endedCount >= population { close() }
  }

  private mutating func close() {
    let all = parents + ended
    endedCount = 0
    ended.removeAll(keepingCapacity: true)
    generation += 1
    guard !all.isEmpty else { return }
    let feasible = all.filter { $0.violation <= 0 }
    parents = feasible.isEmpty ? [] : survivors(feasible)
    let rank = (parents.map(\.rank).max() ?? -1) + 1
    // Constrained domination: the others by violation, each in a separate front.
    let broken = all.enumerated().filter { $0.element.violation > 0 }
      .sorted { ($0.element.violation, $0.offset) < ($1.element.violation, $1.offset) }
      .prefix(population - parents.count)
    for (place, entry) in broken.enumerated() {
      var individual = entry.element
      (individual.rank, individual.crowding) = (rank + place, 0)
      parents.append(individual)
    }
  }

  private mutating func survivors(_ all: [Individual]) -> [Individual] {
    let points = ObjectivePoints(
      count: all.count, objectives: specification.objectives.count,
      values: all.flatMap(\.losses))
    switch survival {
    case .crowding:
      return CrowdingSurvival.survivors(points, size: population).map { survivor in
        var individual = all[survivor.index]
        (individual.rank, individual.crowding) = (survivor.rank, survivor.crowding)
        return individual
      }
    case .niches(var niches):
      var draws = Draws(seed: seed, .survival, trial: generation)
      let chosen = niches.survivors(points, size: population) { draws.shuffled($0) }
      survival = .niches(niches)
      return chosen.map { all[$0] }
    }
  }

  // MARK: Proposals

  mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try tried.isDone() { return nil }
    if !parents.isEmpty {
      var draws = Draws(seed: seed, .population, trial: number)
      if let found = child(&draws, number) { return found }
    }
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(&draws)
  }

  private mutating func child(_ draws: inout Draws, _ number: Int) -> Assignment? {
    var stream = draws
    var forbidden: GeneticVariation.Child?
    for _ in 0..<Self.mostChildren {
      let (first, second) = (parent(&stream), parent(&stream))
      let child = variation.child(first, second, counts: layout.choiceCounts) { stream.next() }
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

  /// The better of two: by rank, then by crowding. NSGA-III chooses at random, unless one of the two
  /// is infeasible: then the one with the smaller violation.
  private func parent(_ draws: inout Draws) -> Genome {
    let first = parents[draws.index(below: parents.count)]
    if case .niches = survival, parents.allSatisfy({ $0.violation <= 0 }) {
      return first.genome
    }
    let second = parents[draws.index(below: parents.count)]
    let isSecond =
      first.rank != second.rank ? second.rank < first.rank : second.crowding > first.crowding
    return isSecond ? second.genome : first.genome
  }
}

extension Draws {
  /// An integer from 0 to `count` - 1.
  mutating func index(below count: Int) -> Int { min(Int(next() * Double(count)), count - 1) }

  /// A uniformly random order (Fisher and Yates).
  mutating func shuffled(_ list: [Int]) -> [Int] {
    var list = list
    for last in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(last, index(below: last + 1))
    }
    return list
  }
}

extension CoordinateLayout {
  /// A configuration near a forbidden one that the constraints allow, and that is new; nil if none is found.
  func repaired(
    _ places: [Double], _ choices: [Int], seed: UInt64, trial: Int,
    _ tried: inout TriedConfigurations
  ) -> Assignment? {
    var repairs = Draws(seed: seed, .repairs, trial: trial)
    let indices = Array(space.parameters.indices)
    guard
      let values = tried.repaired(
        values(places, choices), of: indices, given: indices.map { _ in nil },
        { repairs.next() })
    else { return nil }
    return space.assignment { index, _ in .some(values[index]) }.flatMap {
      space.allows($0) && !tried.contains($0) ? $0 : nil
    }
  }
}
