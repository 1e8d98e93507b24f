import OuterloopSearch
import OuterloopStudy
import Testing

@testable import OuterloopLab

/// Problems by formula, which studies may search anywhere.
@Suite struct CurveFormulaTests {
  @Test func names() throws {
    let formula = try #require(try CurveFormula("ridge-7"))
    #expect(formula.shape == .ridge && formula.seed == 7 && formula.name == "ridge-7")
    for name in ["ridge", "ridge-", "ridge-x", "ridge--1", "hill-1", "", "prior-1", "bowl-1-2"] {
      #expect(try CurveFormula(name) == nil, "\(name)")
    }
  }

  /// Losses fall by 1.5 from the first epoch on, and the center of the well is its bottom.
  @Test(arguments: CurveFormula.Shape.allCases)
  func curves(_ shape: CurveFormula.Shape) throws {
    let formula = try CurveFormula(shape, seed: 3)
    let losses = formula.losses([0.2, 0.4, 0.6, 0.8, 0.1, 0.5])
    #expect(losses.count == 27)
    #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 })
    #expect(losses[0] - 1.5 > 0.049)
    #expect(try CurveFormula(shape, seed: 4).losses([0.2, 0.4, 0.6, 0.8, 0.1, 0.5]) != losses)
  }

  /// No random configuration is better than the reference's last one.
  @Test(arguments: CurveFormula.Shape.allCases)
  func best(_ shape: CurveFormula.Shape) throws {
    for seed in 0..<3 as Range<UInt64> {
      let sample = try CurveFormula(shape, seed: seed).sample(500)
      let ends = sample.candidates.compactMap(\.values.last)
      #expect(ends.count == 501 && ends.min() == ends.last)
    }
  }

  /// What a study proposes is what it trains, and regret is that of the values it saw.
  @Test func proposalsAreTried() throws {
    let formula = try CurveFormula(.bowl, seed: 1)
    var study = try SimulatedStudy(
      formula, SearchMethod(.random, .asha()), workers: 3, budget: 60, seed: 5)
    try study.run()
    #expect(study.observations.count == 60)
    for (trial, place) in zip(study.history.trials, study.candidates) {
      #expect(study.curves[place].assignment == trial.assignment)
      let x = trial.assignment.values.compactMap { $0?.number }
      #expect(trial.reports.allSatisfy { $0.values["loss"] == formula.losses(x)[$0.epoch - 1] })
    }
    let steps = CurveRegret(try formula.sample(100)).trace(study.observations, of: study.curves)
      .steps
    #expect(steps.count > 1 && steps.allSatisfy { 0...1 ~= $0.seen && 0...1 ~= $0.full })
  }

  /// A problem of the prior has the same curve for a configuration whenever it is asked for, and near ones are alike.
  @Test func openPrior() throws {
    let problem = try CurvePrior(networks: 20).problem(seed: 4)
    let sample = try problem.sample(6)
    let assignment = sample.candidates[2].assignment
    let curve = try problem.candidate(0, of: assignment).values
    #expect(try problem.candidate(9, of: assignment).values == curve && curve.count == 50)
    #expect(zip(curve, sample.candidates[2].values).allSatisfy { abs($0 - $1) < 0.2 })
    let task = problem
    var study = try SimulatedStudy(
      task, try ReplayMethod.method("hyperband-tpe", for: task), budget: 100, seed: 2)
    try study.run()
    #expect(study.observations.count == 100)
  }

  /// A space is not exhausted as a table is, and the default finds more in it than random search.
  @Test func defaultBeatsRandom() throws {
    func area(_ method: SearchMethod) throws -> Double {
      var sum = 0.0
      for seed in 0..<3 as Range<UInt64> {
        let task = try CurveFormula(.bowl, seed: seed)
        var study = try SimulatedStudy(task, method, budget: 80, seed: seed)
        try study.run()
        let trace = CurveRegret(try task.reference()).trace(study.observations, of: study.curves)
        sum += RegretTrace.figures(trace.values(80, of: \.seen)).area
      }
      return sum / 3
    }
    #expect(try area(.freezeThaw()) < area(SearchMethod(.random, .fullTraining)))
  }
}
