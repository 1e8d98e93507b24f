import OuterloopBilevel
import OuterloopNumerics
import OuterloopTesting
import Testing

/// The estimators that look at one step at a time, on the table of models, optimizers and kinds of
/// hyperparameters.
@Suite struct LocalTableTests {
  @Test(arguments: rows) func greedy(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkGreedy(test)
  }

  @Test(arguments: smoothRows) func finiteDifference(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkFiniteDifference(test)
  }

  @Test(arguments: rows) func distilled(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkDistilled(test)
  }

  @Test(arguments: rows) func onlineTraining(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkOnlineTraining(test)
  }

  /// Single precision and training on all data.
  @Test(arguments: TrialHyper.allCases) func otherRows(_ hyper: TrialHyper) throws {
    for optimizer in [TrialOptimizer.all[1], TrialOptimizer.all[4]] {
      let single = try hyper.test(.perceptron(.float32), optimizer)
      try HypergradientLaws.checkGreedy(single)
      let whole = try hyper.test(.perceptron(.float64), optimizer, isFullBatch: true)
      try HypergradientLaws.checkGreedy(whole)
      try HypergradientLaws.checkFiniteDifference(whole)
      try HypergradientLaws.checkDistilled(whole)
    }
  }

  static let rows = HypergradientTableTests.everyThird
  static let smoothRows = rows.filter { $0.differences != nil }
}
