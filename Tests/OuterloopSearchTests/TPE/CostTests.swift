import OuterloopPlatform
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// TPE where trials have a cost.
@Suite struct CostTests {
  private static let space = ["x=float(0, 3)", "c=choice(a, b)", "z=log(0.1, 10) if c == a"]

  private func run(
    _ cost: TrialCost?, _ parameters: [String] = space, trials: Int = 60, seed: Int = 1,
    _ tell: (Assignment) -> Told
  ) throws -> SearchSimulation {
    var study = try SearchSimulation(.tpe(parameters, seed: seed, cost: cost), .tpe())
    try study.run(trials, telling: tell)
    return study
  }

  private func x(_ assignment: Assignment) -> Double { assignment["x"]?.number ?? .nan }

  private func told(_ assignment: Assignment, _ cost: Double) -> Told {
    let x = x(assignment)
    return Told(metrics: ["y": (x - 1) * (x - 1), "cost": cost])
  }

  /// Cost 10^x and no difference in value: the cheap end, as far as g does not repel from where one was.
  @Test func picksTheCheapest() throws {
    for seed in 0..<5 {
      func mean(_ cost: TrialCost?) throws -> Double {
        let study = try run(cost, ["x=float(0, 3)"], seed: seed) { assignment in
          Told(metrics: ["y": 1, "cost": pow(10, self.x(assignment))])
        }
        return study.trials.suffix(30).reduce(0) { $0 + x($1.assignment) } / 30
      }
      let (cheap, plain) = (try mean(TrialCost("cost")), try mean(nil))
      #expect(cheap < 1, "seed \(seed): \(cheap)")
      #expect(cheap < plain - 0.5, "seed \(seed): \(cheap), plain \(plain)")
    }
  }

  /// All costs times a thousandth, millionth or a thousand: the same search; so costs below 1 are in the
  /// order of their size.
  @Test(arguments: [1e-3, 1e-6, 1e3]) func scaleDoesNotMatter(_ scale: Double) throws {
    func assignments(_ scale: Double) throws -> [Assignment] {
      try run(TrialCost("cost")) { told($0, scale * pow(10, x($0))) }.assignments
    }
    #expect(try assignments(scale) == assignments(1))
  }

  @Test func costMakesADifference() throws {
    let plain = try run(nil) { told($0, pow(10, x($0))) }.assignments
    #expect(try run(TrialCost("cost")) { told($0, pow(10, x($0))) }.assignments != plain)
  }

  /// With the horizon used up only the value counts.
  @Test func zeroWeightIsPlain() throws {
    let plain = try run(nil) { told($0, pow(10, x($0))) }.assignments
    let spent = TrialCost("cost", horizon: Budget(trials: 1))
    #expect(try run(spent) { told($0, pow(10, x($0))) }.assignments == plain)
  }

  /// What is no cost counts for nothing.
  @Test(arguments: [-1, 0, Double.nan, .infinity]) func badCostsAreIgnored(_ cost: Double) throws {
    let plain = try run(nil) { told($0, 1) }.assignments
    #expect(try run(TrialCost("cost")) { told($0, cost) }.assignments == plain)
    // Nor beside good ones.
    func mixed(_ other: Double) throws -> [Assignment] {
      var number = 0
      return try run(TrialCost("cost")) { assignment in
        number += 1
        return told(assignment, number % 3 == 0 ? other : pow(10, x(assignment)))
      }.assignments
    }
    #expect(try mixed(cost) == mixed(-2))
  }

  /// Costs of trials that failed or were pruned count.
  @Test(arguments: [Told.End.failed, .pruned]) func otherEndsCount(_ end: Told.End) throws {
    func assignments(_ cost: TrialCost?) throws -> [Assignment] {
      var number = 0
      return try run(cost, trials: 80) { assignment in
        number += 1
        if number % 2 == 0 {
          return Told(metrics: ["y": 1, "cost": pow(10, x(assignment))], end: end)
        }
        return Told(metrics: ["y": (x(assignment) - 1) * (x(assignment) - 1)])
      }.assignments
    }
    #expect(try assignments(TrialCost("cost")) != assignments(nil))
  }

  /// Of two branches that are equally good the cheap one gets most trials.
  @Test func cheapBranchIsPreferred() throws {
    let space = ["m=choice(a, b)", "u=float(0, 1) if m == a", "v=float(0, 1) if m == b"]
    func share(_ cost: TrialCost?) throws -> Int {
      try (0..<5).reduce(0) { sum, seed in
        let study = try run(cost, space, trials: 80, seed: seed) { assignment in
          let isA = assignment["m"] == .text("a")
          let offset = (assignment[isA ? "u" : "v"]?.number ?? 0) - 0.4
          return Told(metrics: ["y": offset * offset, "cost": isA ? 100 : 1])
        }
        return sum + study.trials.count { $0.assignment["m"] == .text("b") }
      }
    }
    #expect(try share(TrialCost("cost")) > share(nil) + 20)
  }
}
