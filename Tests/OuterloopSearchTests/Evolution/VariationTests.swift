import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct VariationTests {
  private func genome(_ places: [Double?], _ choices: [Int?] = []) -> Genome {
    Genome(places: places, choices: choices)
  }

  /// Children lie in [0, 1] and are spread about their parents: the mean of simulated binary crossover is the
  /// parents', polynomial mutation stays near.
  @Test(arguments: [0.0, 2, 20, 1000])
  func childrenStayInside(index: Double) {
    var variation = GeneticVariation()
    (variation.crossoverIndex, variation.mutationIndex, variation.mutations) = (index, index, 1)
    var draws = Draws(seed: 1, .setup, trial: 2)
    var sum = 0.0
    for _ in 0..<4000 {
      let child = variation.child(
        genome([0, 0.4, 1], [0, 2]), genome([0, 0.6, 0.9], [1, 2]), counts: [3, 4]
      ) { draws.next() }
      #expect(child.places.allSatisfy { (0...1).contains($0) })
      #expect((0..<3).contains(child.choices[0]) && (0..<4).contains(child.choices[1]))
      sum += child.places[1]
    }
    // The standard deviation of a place is below .3: five of the mean's are .024. The first parent is copied
    // more often than the second, by .1 and more: the mean lies between .4 and .52.
    #expect((0.39...0.53).contains(sum / 4000), "\(sum / 4000)")
  }

  /// Against a numerical inverse of Deb's density of spread factors, without bounds near: for u the share
  /// below beta is beta^(eta + 1) / 2 for beta <= 1, else 1 - beta^-(eta + 1) / 2.
  @Test func spreadOfSimulatedBinaryCrossover() {
    var variation = GeneticVariation()
    (variation.crossover, variation.crossoverIndex, variation.mutations) = (1, 5, 0)
    var draws = Draws(seed: 4, .setup, trial: 5)
    var spreads: [Double] = []
    for _ in 0..<20_000 {
      let child = variation.child(genome([0.4999]), genome([0.5001]), counts: []) {
        draws.next()
      }
      let spread = abs(child.places[0] - 0.5) / 0.0001
      // Half of the genes are copied.
      if abs(spread - 1) > 1e-9 { spreads.append(spread) }
    }
    for beta in [0.7, 0.9, 1.1, 1.4] {
      let below = Double(spreads.count { $0 <= beta }) / Double(spreads.count)
      let want = beta <= 1 ? 0.5 * power(beta, 6) : 1 - 0.5 / power(beta, 6)
      // Binomial with 10,000: five deviations are .025.
      #expect(abs(below - want) < 0.025, "\(beta): \(below), not \(want)")
    }
  }

  private func power(_ x: Double, _ n: Int) -> Double { (0..<n).reduce(1) { y, _ in y * x } }

  /// A gene that one parent lacks is the other's; one that both lack is drawn.
  @Test func inactiveGenes() {
    var variation = GeneticVariation()
    variation.mutations = 0
    var draws = Draws(seed: 2, .setup, trial: 3)
    for _ in 0..<50 {
      let child = variation.child(
        genome([nil, 0.25, nil], [nil, 1]), genome([0.75, nil, nil], [2, nil]), counts: [3, 2]
      ) { draws.next() }
      #expect(child.places[0] == 0.75 && child.places[1] == 0.25)
      #expect(child.choices == [2, 1])
      #expect((0...1).contains(child.places[2]))
    }
  }

  /// With CR = 1 a child is the mutant: x + F (best - x) + F (r1 - r2), in the middle to a bound.
  @Test func mutants() {
    func child(_ scale: Double, _ x: Double?, _ best: Double?, _ r1: Double?, _ r2: Double?)
      -> Double
    {
      DifferentialVariation.child(
        genome([x]), best: genome([best]), genome([r1]), genome([r2]), scale: scale, crossover: 1,
        counts: []
      ) { 0.5 }.places[0]
    }
    #expect(child(0.5, 0.2, 0.4, 0.5, 0.3) == 0.2 + 0.5 * 0.2 + 0.5 * 0.2)
    #expect(child(1, 0.2, 0.4, 0.1, 0.9) == 0.1)
    #expect(child(1, 0.8, 0.9, 0.9, 0.1) == 0.9)
    #expect(child(0.5, 0.2, nil, 0.5, nil) == 0.2)
    #expect(child(0.5, nil, 0.4, 0.5, 0.3) == 0.5)
  }

  /// Entries go where successes were, in turn, by the Lehmer mean of the gains.
  @Test func memoryOfSuccess() {
    var memory = SuccessHistory(count: 2)
    var draws = Draws(seed: 3, .setup, trial: 4)
    for _ in 0..<500 {
      let drawn = memory.draw(&draws)
      #expect(drawn.scale > 0 && drawn.scale <= 1 && (0...1).contains(drawn.crossover))
    }
    for _ in 0..<2 {
      memory.succeeded(.init(scale: 0.2, crossover: 1), gain: 1)
      memory.succeeded(.init(scale: 0.4, crossover: 0), gain: 3)
      memory.close()
    }
    // (.04 + 3 .16) / (.2 + 3 .4) = .52 / 1.4 and 1: the median of many draws is near.
    let scales = (0..<4001).map { _ in memory.draw(&draws).scale }.sorted()
    #expect(abs(scales[2000] - 0.52 / 1.4) < 0.02, "\(scales[2000])")
    let crossovers = (0..<4001).map { _ in memory.draw(&draws).crossover }
    #expect(crossovers.count { $0 == 1 } > 1700)
  }

  /// The front of two objectives: less of the hypervolume of ZDT1 is missing than two thirds of what random search
  /// leaves out, on each of 6 seeds.
  @Test(arguments: ["nsga2", "nsga3"])
  func findsFronts(name: String) throws {
    let method = try SearchMethod.named(MethodDescription(name))
    let problem = MultiObjectiveTestProblem.zdt1(6)
    func missing(_ method: SearchMethod, _ seed: UInt64) throws -> Double {
      var study = try SearchSimulation(
        .cube(6), [.minimize("a"), .minimize("b")], by: method, seed: seed)
      var values: [[Double]] = []
      try study.run(400) { trial in
        values.append(problem.values(trial.assignment.numbers))
        return .complete(values[values.count - 1])
      }
      let points = try ObjectivePoints(values, objectives: 2)
      return problem.hypervolume + 0.11 - (try points.hypervolume(reference: [1.1, 1.2]))
    }
    for seed in 0..<6 as Range<UInt64> {
      let (found, random) = (try missing(method, seed), try missing(.random, seed))
      #expect(found < 0.67 * random, "seed \(seed): \(found) and \(random)")
    }
  }

  /// Workers that hold trials back for long do not stop differential evolution, nor NSGA.
  @Test func lateResults() throws {
    for method in [SearchMethod.differentialEvolution(), .nsga2()] {
      var study = try SearchSimulation(.cube(2), by: method, seed: 5)
      var late: [Trial] = []
      for _ in 0..<400 {
        guard let trial = try study.ask() else { break }
        late.append(trial)
        guard late.count > 15 else { continue }
        let told = late.remove(at: trial.number % 16)
        let loss = told.assignment.numbers.reduce(0) { $0 + abs($1 - 0.7) }
        try study.tell(told.number, .complete([loss]))
      }
      #expect(study.bestLoss < 0.01, "\(study.bestLoss)")
    }
  }
}
