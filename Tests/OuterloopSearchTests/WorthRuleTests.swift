import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct WorthRuleTests {
  /// A study by freeze-thaw that ends when an epoch is not worth `price`, or when its budget is spent.
  private func study(
    price: Double, seed: UInt64 = 1, workers: Int = 1, scale: Double = 1, origin: Double = 0
  ) throws -> CurveRehearsal {
    var options = WorthOptions()
    options.epoch = price * abs(scale)
    let method = SearchMethod.freezeThaw().stopping(when: [.worth(options)])
    let specification = try StudySpecification(
      name: "s", space: .cube(2), objectives: [scale > 0 ? .minimize("m") : .maximize("m")],
      method: method.description, seed: seed, epochs: 16, budget: Budget(epochs: 200))
    var study = try CurveRehearsal(specification, by: method) {
      origin + scale * fallingLoss($0, $1)
    }
    try study.run(epochs: 200, workers: workers)
    return study
  }

  private func best(_ study: CurveRehearsal) -> Double {
    let losses = study.study.trials.flatMap { $0.reports.compactMap { $0.values["m"] } }
    return losses.min() ?? .infinity
  }

  private func reason(_ study: inout CurveRehearsal) throws -> String? {
    guard case .stop(let reason) = try study.study.propose() else { return nil }
    return reason
  }

  /// What is cheap is bought to the end, what costs more than all there is to gain not at all, and in between a higher
  /// price ends a study earlier.
  @Test func aHigherPriceEndsEarlier() throws {
    let spent = try [1e-7, 2e-3, 0.2].map { try study(price: $0).study.history.epochs }
    // Where the model sees no chance at all, the last few epochs are too dear at any price.
    #expect(spent[0] > 180)
    #expect(spent[1] < 200 && spent[1] > spent[2])
    #expect(spent[2] >= 10 && spent[2] < 30)
  }

  /// Utility is higher than that of whoever spends the whole budget, over seeds: a sign test at the level 1/64.
  @Test func itPays() throws {
    let price = 2e-3
    for seed: UInt64 in 1...6 {
      let all = try study(price: 1e-7, seed: seed)
      var ended = try study(price: price, seed: seed)
      let gain = best(all) - best(ended) + price * Double(200 - ended.study.history.epochs)
      #expect(gain > 0)
      let said = try reason(&ended)
      #expect(
        said?.hasPrefix("an epoch is not expected to bring 0.002 of `m`") == true, "\(said ?? "")")
    }
  }

  @Test func unitsDoNotMatter() throws {
    let plain = try study(price: 2e-3)
    for (scale, origin) in [(8.0, 0.0), (-4, 0)] {
      let other = try study(price: 2e-3, scale: scale, origin: origin)
      #expect(other.decisions == plain.decisions)
    }
  }

  @Test func severalWorkersStop() throws {
    let study = try study(price: 0.01, workers: 4)
    #expect(study.study.history.epochs < 120)
    #expect(study.study.history.runningCount == 0)
  }

  /// A loss that breaks a bound is no gain: where every trial breaks it there is nothing to stop for.
  @Test func boundsAreHeeded() throws {
    var options = WorthOptions()
    options.epoch = 0.2
    let method = SearchMethod.freezeThaw().stopping(when: [.worth(options)])
    for bound in [0.0, 1] {
      let specification = try StudySpecification(
        name: "s", space: .cube(2), objectives: [.minimize("m")],
        constraints: [OutcomeConstraint("m", .atMost, bound)], method: method.description, seed: 1,
        epochs: 16, budget: Budget(epochs: 60))
      var study = try CurveRehearsal(specification, by: method, loss: fallingLoss)
      try study.run(epochs: 60)
      #expect((study.study.history.epochs == 60) == (bound == 0))
    }
  }

  /// Whoever reopens a study wants more: the rule begins anew.
  @Test func aStudyGoesOnWhenReopened() throws {
    var study = try study(price: 0.01)
    let spent = study.study.history.epochs
    let reason = try #require(try reason(&study))
    let count = study.study.trials.count
    try study.study.take(.stopped(reason: reason), of: count)
    try study.study.take(.reopened, of: count)
    #expect(try self.reason(&study) == nil)
    try study.run(epochs: 200)
    #expect(study.study.history.epochs > spent)
  }

  @Test func refusals() throws {
    func make(_ objectives: [Objective], epochs: Int, _ budget: Budget) throws {
      let method = SearchMethod.random.stopping(when: [.worth()])
      _ = try method.searcher(
        StudySpecification(
          name: "s", space: .cube(1), objectives: objectives, method: method.description, seed: 1,
          epochs: epochs, budget: budget))
    }
    try make([.minimize("a")], epochs: 9, Budget(trials: .max))
    #expect(throws: StudyError.self) { try make([.minimize("a")], epochs: 9, Budget()) }
    #expect(throws: StudyError.self) { try make([.minimize("a")], epochs: 1, Budget(epochs: 9)) }
    #expect(throws: StudyError.self) {
      try make([.minimize("a"), .maximize("b")], epochs: 9, Budget(epochs: 9))
    }
    #expect(throws: StudyError.self) {
      try StopRuleKind.method(ComponentDescription("worth", ["epoch": .float(0)]))
    }
  }
}
