import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

@Suite struct StopRuleTests {
  private func specification(
    _ objectives: [Objective] = [.minimize("loss")], _ constraints: [OutcomeConstraint] = []
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: SearchSpace([ParameterDeclaration("x", .float(NumericRange(0, 1)))]),
      objectives: objectives, constraints: constraints, method: MethodDescription("random"),
      seed: 1)
  }

  /// After how many trials with these outcomes a rule ends the study; nil: it does not.
  private func end(
    _ rule: StopRuleMethod, _ specification: StudySpecification, _ outcomes: [Outcome],
    reports: [[String: Double]] = []
  ) throws -> (count: Int, reason: String)? {
    let method = SearchMethod.random.stopping(when: [rule])
    var study = try SearchSimulation(specification, method)
    for (place, outcome) in outcomes.enumerated() {
      guard let trial = try study.ask() else {
        guard case .stop(let reason) = try study.propose() else { return nil }
        return (place, reason)
      }
      if case .complete = outcome, reports.indices.contains(place) {
        try study.take(.reported(attempt: 1, Report(reports[place])), of: trial.number)
        try study.take(.finished(attempt: 1, outcome), of: trial.number)
      } else {
        try study.tell(trial.number, outcome)
      }
    }
    guard case .stop(let reason) = try study.propose() else { return nil }
    return (outcomes.count, reason)
  }

  private func losses(_ values: [Double]) -> [Outcome] { values.map { .complete([$0]) } }

  @Test func aPlateauIsCounted() throws {
    var options = PlateauOptions.after(3)
    let rule = StopRuleMethod.plateau(options)
    let falling = losses([5, 4, 3, 3, 3.5, 3, 2])
    #expect(try end(rule, specification(), falling)?.count == 6)
    #expect(try end(rule, specification([.maximize("loss")]), falling)?.count == 4)
    #expect(try end(rule, specification(), losses([5, 4, 3, 2, 1, 0])) == nil)
    // Lost trials say nothing, failures do.
    let lost = Outcome.failed(.lost, message: nil)
    let failed = Outcome.failed(.error, message: nil)
    #expect(try end(rule, specification(), losses([1]) + [lost, lost, lost, lost]) == nil)
    #expect(
      try end(rule, specification(), losses([1]) + [failed, lost, failed, failed])?.count == 5)
    options.improvement = 0.5
    #expect(
      try end(.plateau(options), specification(), losses([5, 4.8, 4.6, 4.4, 4.2]))?.count == 4)
    #expect(
      try end(.plateau(options), specification(), losses([5, 4.4, 3.8, 3.2])) == nil)
  }

  @Test func aPlateauHeedsBounds() throws {
    let options = PlateauOptions.after(2)
    let bounded = try specification(
      [.minimize("loss")], [OutcomeConstraint("memory", .atMost, 1)])
    let reports = [(5.0, 0.5), (4, 2), (3, 2), (2, 0)].map { ["loss": $0.0, "memory": $0.1] }
    let ended = try end(.plateau(options), bounded, losses([5, 4, 3, 2]), reports: reports)
    #expect(ended?.count == 3)
    #expect(ended?.reason == "the last 2 trials did not improve `loss`")
  }

  @Test func aPlateauOfAFront() throws {
    let options = PlateauOptions.after(2)
    let two = try specification([.minimize("a"), .maximize("b")])
    // Each but the last two brings something that nothing dominates.
    let outcomes: [Outcome] = [[3, 1], [2, 0.5], [5, 9], [4, 9], [6, 1], [4, 8.5], [1, 1]].map {
      .complete($0)
    }
    #expect(try end(.plateau(options), two, outcomes)?.count == 6)
  }

  @Test func aTargetIsReached() throws {
    let rule = StopRuleMethod.target(TargetOptions(value: 3))
    let ended = try end(rule, specification(), losses([5, 4, 3, 2]))
    #expect(ended?.count == 3)
    #expect(ended?.reason == "trial 2 reached the target: `loss` is 3")
    #expect(try end(rule, specification([.maximize("loss")]), losses([1, 2, 3.5]))?.count == 3)
    #expect(try end(rule, specification(), losses([5, 4])) == nil)
    let bounded = try specification(
      [.minimize("loss")], [OutcomeConstraint("memory", .atMost, 1)])
    let reports = [(1.0, 2.0), (2, 1), (9, 1)].map { ["loss": $0.0, "memory": $0.1] }
    #expect(try end(rule, bounded, losses([1, 2, 9]), reports: reports)?.count == 2)
    #expect(throws: StudyError.self) {
      try SearchMethod.random.stopping(when: [rule]).searcher(
        specification([.minimize("a"), .minimize("b")]))
    }
  }

  @Test func reopeningAsksForNewEvidence() throws {
    let options = PlateauOptions.after(2)
    let rules = [StopRuleMethod.plateau(options), .target(TargetOptions(value: 1))]
    var study = try SearchSimulation(specification(), SearchMethod.random.stopping(when: rules))
    try study.run(9) { _ in .complete([1]) }
    #expect(study.trials.count == 1)
    try study.take(.stopped(reason: "enough"), of: study.trials.count)
    #expect(study.history.stopReason == "enough")
    try study.take(.reopened, of: study.trials.count)
    #expect(study.history.stopReason == nil)
    // The target is over; the plateau has to come again.
    try study.run(9) { _ in .complete([1]) }
    #expect(study.trials.count == 3)
  }

  /// On a smooth function of two parameters the rule stops early, and close to the optimum; where all is noise
  /// it does not stop.
  @Test func littleRegretIsLeft() throws {
    let space = try SearchSpace(parsing: ["x=float(0, 1)", "z=float(0, 1)"])
    for seed in 0..<3 {
      let specification = try StudySpecification.small(
        space, [.minimize("loss")], MethodDescription("gp"), seed: UInt64(seed))
      var study = try SearchSimulation(specification, SearchMethod.gp().stopping(when: [.regret()]))
      try study.run(100) { trial in
        let (x, z) = (
          trial.assignment["x"]?.number ?? 0, trial.assignment["z"]?.number ?? 0
        )
        return .complete([(x - 0.3) * (x - 0.3) + 2 * (z - 0.6) * (z - 0.6)])
      }
      #expect((20..<60).contains(study.trials.count), "\(study.trials.count)")
      #expect(study.bestLoss < 1e-3)

      var noise = try SearchSimulation(
        specification, SearchMethod.random.stopping(when: [.regret()]))
      var state = UInt64(seed)
      try noise.run(60) { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return .complete([Double(state >> 33)])
      }
      #expect(noise.trials.count == 60)
    }
    #expect(throws: StudyError.self) {
      try SearchMethod.random.stopping(when: [.regret()]).searcher(
        specification([.minimize("a"), .minimize("b")]))
    }
  }

  @Test func rulesAreNamed() throws {
    let description = MethodDescription(
      ComponentDescription("random"),
      stopRules: [
        try ComponentDescription(parsing: "plateau:trials=5,improvement=0.1"),
        try ComponentDescription(parsing: "target:value=-2.5"),
      ])
    #expect(try SearchMethod.named(description).description == description)
    #expect(description.description == "random, plateau, target")
    for text in ["plateu", "plateau:trials=0", "plateau:x=1", "target:value=a"] {
      #expect(throws: StudyError.self) {
        try SearchMethod.named(
          MethodDescription(
            ComponentDescription("random"), stopRules: [ComponentDescription(parsing: text)]))
      }
    }
    #expect(Set(StopRuleKind.all.map(\.name)).count == StopRuleKind.all.count)
  }
}

extension PlateauOptions {
  fileprivate static func after(_ trials: Int) -> PlateauOptions {
    var options = PlateauOptions()
    options.trials = trials
    return options
  }
}
