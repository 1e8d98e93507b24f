import Foundation
import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct PriorBandTests {
  private static func specification(
    _ space: SearchSpace, _ priors: [ParameterPrior], epochs: Int = 9,
    objectives: [Objective] = [.minimize("loss")]
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: space, objectives: objectives, priors: priors,
      method: SearchMethod.priorBand().description, seed: 1, epochs: epochs)
  }

  private static func configurations(
    _ specification: StudySpecification
  ) throws -> PriorBandConfigurations {
    let bracket = Bracket.all(epochs: specification.epochs, factor: 3)[0]
    return try PriorBandConfigurations(specification, largest: bracket, factor: 3)
  }

  /// 1/(1 + eta^r), the rest from the prior.
  @Test func weightsAtFirst() throws {
    let specification = try Self.specification(
      .cube(1), [ParameterPrior("x0", 0.2)], epochs: 27)
    var configurations = try Self.configurations(specification)
    for (rung, share) in [2.0, 4, 10, 28].enumerated() {
      let weights = configurations.weights(forRung: rung, in: OuterloopStudy.History())
      #expect(abs(weights.random - 1 / share) < 1e-15)
      #expect(abs(weights.prior - (1 - 1 / share)) < 1e-15)
      #expect(weights.incumbent == 0)
    }
  }

  /// Nine trials through 1, three through 3 and one through 9: 9 + 3 * 2 + 6.
  @Test func epochsOfABracket() {
    #expect(PriorBandConfigurations.epochs(of: Bracket.all(epochs: 9, factor: 3)[0]) == 21)
    #expect(PriorBandConfigurations.epochs(of: Bracket.all(epochs: 27, factor: 3)[0]) == 81)
  }

  /// The incumbent is varied as soon as there is a full training, one bracket is spent and a rung has three results
  /// or more, also where none has exactly three; and not before, however many results a rung has.
  @Test(arguments: [1, 4]) func gate(_ workers: Int) throws {
    let study = try TrainingSimulation.small(
      "priorband", sampler: "none", priors: [ParameterPrior("x0", 0.2)], epochs: 9, trials: 40,
      workers: workers
    ) { trial, epoch in
      trial.number % 7 == 5
        ? .values([.nan]) : .values([trial.assignment.numbers[0] + 1 / Double(epoch)])
    }.study
    var configurations = try Self.configurations(study.specification)
    var rungs = RungResults([1, 3, 9], study.specification)
    var history = OuterloopStudy.History()
    var (isLate, isEarly) = (false, false)
    for event in study.events {
      try history.take(event)
      configurations.observe(event, in: history)
      rungs.observe(event, in: history)
      let counts = rungs.results.map { rung in rung.values.count { $0.values != nil } }
      let isOpen = counts[2] > 0 && history.epochs >= 21 && counts.contains { $0 >= 3 }
      let weights = configurations.weights(forRung: 0, in: history)
      #expect((weights.incumbent > 0) == isOpen, "\(event)")
      #expect(abs(weights.random + weights.prior + weights.incumbent - 1) < 1e-12)
      if isOpen, !counts.contains(3) { isLate = true }
      if !isOpen, counts.contains(where: { $0 >= 3 }) { isEarly = true }
    }
    #expect(isLate && isEarly)
  }

  /// The split between prior and incumbent by hand.
  @Test func split() throws {
    let space = try SearchSpace(parsing: ["x=float(0, 1)", "kind=choice(a, b, c)"])
    let specification = try Self.specification(
      space, [ParameterPrior("x", 0.2, .distance(0.1))])
    var configurations = try Self.configurations(specification)
    var history = OuterloopStudy.History()
    func take(_ kind: Event.Kind, _ trial: Int) throws {
      let event = Event(revision: history.revision + 1, time: 0, trial: trial, kind)
      try history.take(event)
      configurations.observe(event, in: history)
    }
    // Six trials through epoch 3, the best of them through 9: floor(6/3) = 2 are looked at.
    let xs = [0.5, 0.25, 0.9, 0.1, 0.6, 0.7]
    let losses = [1.0, 2, 3, 4, 5, 6]
    for (trial, x) in xs.enumerated() {
      let assignment = try space.assignment([
        "x": .float(x), "kind": .text(trial == 1 ? "b" : "a"),
      ])
      try take(.suggested(assignment, through: 9, seen: history.revision), trial)
      try take(.claimed(attempt: 1, worker: "w"), trial)
      for epoch in [1, 3] + (trial == 0 ? [9] : []) {
        try take(.reported(attempt: 1, Report(epoch: epoch, ["loss": losses[trial]])), trial)
      }
    }
    #expect(history.epochs == 24)
    func normal(_ x: Double, _ mean: Double, _ deviation: Double) -> Double {
      func cdf(_ t: Double) -> Double { 0.5 * erfc(-t / 2.0.squareRoot()) }
      let whole = cdf((1 - mean) / deviation) - cdf(-mean / deviation)
      let t = (x - mean) / deviation
      let density = Foundation.exp(-t * t / 2) / (deviation * (2 * Double.pi).squareRoot() * whole)
      return 0.99 * density + 0.01
    }
    // Of the choices half and a sixth on that of the incumbent, times three.
    let (same, other) = (0.99 * 2 + 0.01, 0.99 * 0.5 + 0.01)
    let prior = 2 * normal(0.5, 0.2, 0.1) + normal(0.25, 0.2, 0.1)
    let incumbent = 2 * normal(0.5, 0.5, 0.25) * same + normal(0.25, 0.5, 0.25) * other
    let weights = configurations.weights(forRung: 1, in: history)
    #expect(abs(weights.random - 0.25) < 1e-15)
    #expect(abs(weights.prior - 0.75 * prior / (prior + incumbent)) < 1e-12)
    #expect(abs(weights.incumbent - 0.75 * incumbent / (prior + incumbent)) < 1e-12)
  }

  /// Values near the incumbent's: quantiles of a truncated normal, and another choice.
  @Test func moves() throws {
    let space = try SearchSpace(parsing: [
      "x=float(0, 1)", "rate=log(1e-4, 1)", "n=int(1, 9)", "kind=choice(a, b, c)",
      "size=ordinal(s, m, l)", "fixed=constant(7)",
    ])
    func moved(_ place: Int, _ value: ParameterValue, _ uniform: Double) -> ParameterValue {
      PriorBandConfigurations.moved(value, in: space.parameters[place].domain, uniform)
    }
    #expect(abs((moved(0, 0.5, 0.5).number ?? 0) - 0.5) < 1e-9)
    // Half a range is two deviations: 0.5 + 0.25 z of the mass between -2 and 2.
    func cdf(_ t: Double) -> Double { 0.5 * erfc(-t / 2.0.squareRoot()) }
    let quantile = (cdf(1) - cdf(-2)) / (cdf(2) - cdf(-2))
    #expect(abs((moved(0, 0.5, quantile).number ?? 0) - 0.75) < 1e-9)
    #expect(abs((moved(1, 0.01, 0.5).number ?? 0) - 0.01) < 1e-9)
    let values: [ParameterValue] = [0.0, 1e-4, 1, "b", "l", 7]
    for uniform in [0.0, 0.01, 0.3, 0.6, 0.99, 1] {
      for (place, value) in values.enumerated() {
        let result = moved(place, value, uniform)
        #expect(space.parameters[place].domain.canonical(result) == result)
        if place == 3 { #expect(result != value) }
      }
    }
    #expect(moved(3, "b", 0.2) == "a" && moved(3, "b", 0.7) == "c")
  }

  /// The first trial is at the prior's mode; a good prior makes good trials, and the search gets away from a bad one.
  @Test func begins() throws {
    for (center, limit) in [(0.3, 0.2), (0.95, 0.45)] {
      let study = try TrainingSimulation.small(
        "priorband", sampler: "none", space: .cube(2),
        priors: [ParameterPrior("x0", .float(center))],
        epochs: 9, trials: 120
      ) { trial, epoch in
        let x = trial.assignment.numbers
        return .values([abs(x[0] - 0.3) + abs(x[1] - 0.3) + 1 / Double(epoch)])
      }
      let trials = study.study.trials
      #expect(trials[0].assignment.numbers[0] == center)
      let distances = trials.suffix(40).map { abs($0.assignment.numbers[0] - 0.3) }.sorted()
      #expect(distances[20] < limit, "\(center): \(distances[20])")
      let best = trials.compactMap(\.values?[0]).min() ?? .infinity
      #expect(best < 0.35, "\(center): \(best)")
    }
  }

  @Test func refusals() throws {
    let method = SearchMethod.priorBand()
    let without = try Self.specification(.cube(1), [])
    let error = #expect(throws: StudyError.self) { try method.searcher(without) }
    #expect(error?.remedy.contains("--prior") == true)
    let several = try Self.specification(
      .cube(1), [ParameterPrior("x0", 0.2)], objectives: [.minimize("a"), .minimize("b")])
    let refusal = #expect(throws: StudyError.self) { try method.searcher(several) }
    #expect(refusal?.what.contains("priorband takes one objective") == true)
    let named = #expect(throws: StudyError.self) {
      try SearchMethod.named(
        MethodDescription(
          ComponentDescription("tpe"), scheduler: ComponentDescription("priorband")))
    }
    #expect(named?.what.contains("chooses configurations itself") == true)
  }
}
