import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

@Suite struct StudyModelTests {
  private static let parameters = [
    "x=float(0, 1)", "rate=log(1e-4, 1)", "idle=float(0, 1)", "kind=choice(a, b)",
    "extra=float(0, 1) if kind == b",
  ]

  private static func space() throws -> SearchSpace {
    try SearchSpace(parameters.map(ParameterDeclaration.init(parsing:)))
  }

  /// Smooth; x matters most, `idle` not at all.
  private static func value(_ assignment: Assignment) -> Double {
    let x = assignment["x"]?.number ?? 0
    let rate = log10(assignment["rate"]?.number ?? 1e-2)
    let extra = assignment["extra"]?.number ?? 0.5
    return 3 * sin(3 * x) + 0.2 * (rate + 2) * (rate + 2)
      + (assignment["kind"] == "b" ? 0.5 * extra : 0.3)
  }

  private static func study(
    _ objective: Objective = .minimize("y"), trials: Int = 60, _ value: (Assignment) -> Double
  ) throws -> SearchSimulation {
    let specification = try StudySpecification(
      name: "s", space: space(), objectives: [objective], method: MethodDescription("sobol"),
      seed: 5)
    var study = try SearchSimulation(specification, .sobol)
    try study.run(trials) { .complete([value($0.assignment)]) }
    return study
  }

  private static func fresh(_ count: Int) throws -> [Assignment] {
    let specification = try StudySpecification(
      name: "s", space: space(), objectives: [.minimize("y")], method: MethodDescription("random"),
      seed: 77)
    var study = try SearchSimulation(specification, .random)
    try study.run(count) { _ in .complete([0]) }
    return study.trials.map(\.assignment)
  }

  @Test(arguments: [-1, -0.3, 0, 0.5, 1, 1.7, 2, 2.6, 3])
  func bendsAreUndone(_ power: Double) {
    let transform = YeoJohnson(power: power)
    for z in [-4, -1, -0.2, 0, 1e-9, 0.3, 1, 2.5, 7] {
      #expect(abs(transform.inverse(transform(z)) - z) < 1e-9 * max(abs(z), 1))
    }
    // Beyond what any z comes to.
    #expect(transform.inverse(1e9).isFinite && transform.inverse(-1e9).isFinite)
  }

  @Test func losesNothingByStandardising() {
    let losses = [3, 1, 4, 1, 5, 9, 2, 6.0]
    let transform = OutputTransform(losses)
    for (loss, standardized) in zip(losses, transform.standardized) where loss < 9 {
      #expect(abs(transform.loss(ofStandardized: standardized) - loss) < 1e-8)
    }
  }

  /// The median of new configurations, in units and sign of the metric.
  @Test(arguments: [Objective.Direction.minimize, .maximize])
  func predictsInUnits(_ direction: Objective.Direction) throws {
    let study = try Self.study(Objective("y", direction)) { 1000 * Self.value($0) - 5000 }
    let model = try StudyModel(study.specification, study.trials)
    let assignments = try Self.fresh(50)
    let predictions = model.predictions(assignments)
    let truths = assignments.map { 1000 * Self.value($0) - 5000 }
    let errors = zip(predictions, truths).map { abs($0.median - $1) }.sorted()
    #expect(errors[25] < 100 && errors[45] < 400, "\(errors)")
    for prediction in predictions {
      #expect(prediction.low <= prediction.median && prediction.median <= prediction.high)
    }
    let inside = zip(predictions, truths).count { $0.low <= $1 && $1 <= $0.high }
    #expect(inside >= 20, "\(inside) of 50")
  }

  @Test func trialsAreCheckedAgainstOneAnother() throws {
    let study = try Self.study { Self.value($0) }
    let checks = try StudyModel(study.specification, study.trials).leaveOneOut()
    #expect(checks.count == 60 && Set(checks.map(\.trial)).count == 60)
    let errors = checks.map { abs($0.value - $0.prediction.median) }.sorted()
    #expect(errors[30] < 0.15, "\(errors)")
    for check in checks {
      #expect(abs(check.value - Self.value(study.trials[check.trial].assignment)) < 1e-6)
      #expect((check.deviation > 0) == (check.value > check.prediction.median))
    }
  }

  @Test func importancesAreThoseOfTheFunction() throws {
    let study = try Self.study(trials: 100) { Self.value($0) }
    let shares = try StudyModel(study.specification, study.trials).importances()
    #expect(shares.first?.name == "x")
    let byName = Dictionary(uniqueKeysWithValues: shares.map { ($0.name, $0.share) })
    #expect(try #require(byName["x"]) > 0.5)
    #expect(try #require(byName["idle"]) < 0.02)
    #expect(try #require(byName["rate"]) > 0.05)
    #expect(abs(shares.reduce(0) { $0 + $1.share } - 1) < 1e-9)
  }

  @Test func sayNothingWhereThereIsNothing() throws {
    let few = try Self.study(trials: 4) { Self.value($0) }
    #expect(throws: StudyError.self) { try StudyModel(few.specification, few.trials) }
    let flat = try Self.study(trials: 20) { _ in 3 }
    #expect(throws: StudyError.self) { try StudyModel(flat.specification, flat.trials) }
    let study = try Self.study(trials: 20) { Self.value($0) }
    #expect(throws: StudyError.self) {
      try StudyModel(study.specification, study.trials, objective: 1)
    }
  }
}
