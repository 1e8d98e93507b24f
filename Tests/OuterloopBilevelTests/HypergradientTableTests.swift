import OuterloopBilevel
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Every estimator on every model, optimizer and kind of hyperparameter, on minibatches. A new model,
/// optimizer or kind of hyperparameter is a new row; a new estimator is a new law.
@Suite struct HypergradientTableTests {
  @Test(arguments: rows) func forwardEqualsReverse(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkForward(test)
  }

  @Test(arguments: rows) func budgetsGiveTheSameBits(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkBudgets(test)
  }

  @Test(arguments: rows) func truncation(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkTruncation(test)
  }

  @Test(arguments: everyThird) func sumOfTerms(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkTerms(test)
  }

  @Test(arguments: rows) func directTerm(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkDirectTerm(test)
  }

  @Test(arguments: everyThird) func exactness(_ test: HypergradientCase) throws {
    let exact: [Estimator] = [.reverse(memory: 1 << 22), .forward, .realTime(every: 1)]
    for estimator in exact { try HypergradientLaws.checkExactness(test, of: estimator) }
    try HypergradientLaws.checkExactness(test, of: .reversible, tolerance: 1e-7)
  }

  @Test(arguments: rows) func realTime(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkRealTime(test)
  }

  @Test(arguments: rows) func reverseEqualsDifferences(_ test: HypergradientCase) throws {
    try HypergradientLaws.checkDifferences(test)
  }

  /// Single precision agrees with itself; budgets give the same bits there too.
  @Test(arguments: singleRows) func singlePrecision(
    _ test: HypergradientCase
  ) throws {
    try HypergradientLaws.checkForward(test)
    try HypergradientLaws.checkBudgets(test)
  }

  /// One, two and many steps; the rest of the table takes five.
  @Test(arguments: [1, 2, 8, 13]) func lengths(steps: Int) throws {
    for hyper in TrialHyper.allCases {
      let test = try hyper.test(
        .perceptron(.float64), TrialOptimizer.all[1], steps: steps, isFullBatch: steps > 2)
      try HypergradientLaws.checkForward(test)
      try HypergradientLaws.checkBudgets(test)
      if steps > 1 { try HypergradientLaws.checkTruncation(test) }
      try HypergradientLaws.checkTerms(test)
      try HypergradientLaws.checkRealTime(test)
      try HypergradientLaws.checkDifferences(test)
    }
  }

  /// Compiled once, for all laws.
  static let rows = try! table()
  /// A third of the table that still has every pair of a model, an optimizer and a hyperparameter.
  static let everyThird = stride(from: 0, to: rows.count, by: 3).map { rows[$0] }
  static let singleRows: [HypergradientCase] = {
    let all = try! table(dtype: .float32)
    return stride(from: 1, to: all.count, by: 5).map { all[$0] }
  }()

  static func table(dtype: DType = .float64) throws -> [HypergradientCase] {
    let models = TrialModel.all(dtype) + [.rectified(dtype)]
    return try models.enumerated().flatMap { number, model in
      try TrialOptimizer.all.flatMap { optimizer in
        try TrialHyper.allCases.flatMap { hyper in
          // The smallest model runs on all data too: its steps take a path of their own.
          try (number == 0 ? [false, true] : [false]).map {
            try hyper.test(model, optimizer, isFullBatch: $0)
          }
        }
      }
    }
  }
}
