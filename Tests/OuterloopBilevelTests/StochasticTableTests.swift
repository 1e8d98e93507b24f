import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// The recursions of stochastic and penalty methods on every model, with optimizers in turn.
@Suite struct StochasticTableTests {
  @Test(arguments: TrialModel.all().indices) func everyModel(index: Int) throws {
    let model = TrialModel.all()[index]
    for (number, hyper) in [TrialHyper.logDecay, .exampleWeights].enumerated() {
      let optimizer = TrialOptimizer.all[(2 * index + number) % TrialOptimizer.all.count]
      let problem = try hyper.problem(model, optimizer, steps: 3)
      let start = hyper.start(model, optimizer, steps: 3)
      let name = "\(model.name), \(optimizer.name), \(hyper)"
      try StochasticLaws.checkAlternating(name, problem, at: start)
      try StochasticLaws.checkJoint(name, problem, at: start)
      try StochasticLaws.checkPenalty(name, problem, at: start)
    }
  }

  @Test func singlePrecision() throws {
    let model = TrialModel.perceptron(.float32)
    let optimizer = TrialOptimizer.all[1]
    let problem = TrialHyper.logDecay.fullBatchProblem(model, optimizer, steps: 4)
    let start = TrialHyper.logDecay.start(model, optimizer, steps: 4)
    try StochasticLaws.checkAlternating("single", problem, at: start, tolerance: 1e-5)
    try StochasticLaws.checkJoint("single", problem, at: start, tolerance: 1e-5)
    try StochasticLaws.checkPenalty("single", problem, at: start, tolerance: 1e-5)
    let saba = try problem.hypergradient(at: start, by: .saba(rate: 0.3, batches: 1))
    let soba = try problem.hypergradient(at: start, by: .soba(rate: 0.3))
    try HypergradientLaws.requireClose(saba.gradient, soba.gradient, 1e-5, "one batch")
  }
}
