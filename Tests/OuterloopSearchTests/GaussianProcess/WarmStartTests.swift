import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// What `gp` makes of an earlier study.
@Suite struct WarmStartTests {
  private static let parameters = [
    "a=float(0, 1)", "b=log(1e-3, 1)", "c=float(0, 1)", "k=choice(p, q)",
  ]

  /// A bowl whose floor is at `center` of a and of log b.
  private static func loss(_ assignment: Assignment, center: Double, unit: Double = 1) -> Double {
    let a = (assignment["a"]?.number ?? 0) - center
    let b = Double(assignment.names.contains("b") ? place(assignment) : 0.5) - center
    let c = (assignment["c"]?.number ?? 0.5) - 0.5
    return unit * (4 * a * a + 4 * b * b + c * c)
  }

  private static func place(_ assignment: Assignment) -> Double {
    let range = try? NumericRange(1e-3, 1, log: true)
    return range?.unit(of: assignment["b"]?.number ?? 0.03) ?? 0.5
  }

  /// Forty random trials of a study with the first two parameters, in another unit.
  private static func earlier(center: Double, seed: Int) throws -> [KnownResult] {
    let space = try SearchSpace(parameters.prefix(2).map(ParameterDeclaration.init(parsing:)))
    let specification = try StudySpecification(
      name: "old", space: space, objectives: [.minimize("y")], method: MethodDescription("random"),
      seed: UInt64(1000 + seed))
    var study = try SearchSimulation(specification, .random)
    try study.run(40) { .complete([loss($0.assignment, center: center, unit: 100) + 7]) }
    return study.trials.map { KnownResult($0, of: specification) }
  }

  private static func best(_ earlier: [KnownResult], seed: Int, trials: Int) throws -> Double {
    let space = try SearchSpace(parameters.map(ParameterDeclaration.init(parsing:)))
    let specification = try StudySpecification(
      name: "new", space: space, objectives: [.minimize("y")], earlier: earlier,
      method: MethodDescription("gp"), seed: UInt64(seed))
    var study = try SearchSimulation(specification, .gp())
    try study.run(trials) { .complete([loss($0.assignment, center: 0.3)]) }
    return study.bestLoss
  }

  /// An earlier study of nearly the same function: 20 paired seeds at 10 trials; 16 wins have a probability of .006
  /// by chance.
  @Test func aLikeStudyHelps() throws {
    let wins = try (0..<20).count { seed in
      let earlier = try Self.earlier(center: 0.33, seed: seed)
      return try Self.best(earlier, seed: seed, trials: 10) < Self.best([], seed: seed, trials: 10)
    }
    #expect(wins >= 16, "\(wins)")
  }

  /// One whose good values lie elsewhere is soon found out: at 30 trials the regret is small all the same.
  @Test func anotherStudyDoesLittleHarm() throws {
    for seed in 0..<8 {
      let earlier = try Self.earlier(center: 0.9, seed: seed)
      #expect(try Self.best(earlier, seed: seed, trials: 30) < 0.02)
    }
  }

  @Test func repeatsItself() throws {
    let earlier = try Self.earlier(center: 0.33, seed: 1)
    #expect(
      try Self.best(earlier, seed: 1, trials: 15) == Self.best(earlier, seed: 1, trials: 15))
  }
}
