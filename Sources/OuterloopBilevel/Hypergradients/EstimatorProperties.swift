/// What is known about an estimator before it runs, for tables, charts and tests of laws.
public struct EstimatorProperties: Sendable, Hashable {
  /// Estimators that compute the same kind of derivative.
  public enum Family: String, Sendable, Hashable, CaseIterable {
    /// The derivative of all T steps.
    case exact
    /// The last steps, or every step on its own.
    case shortHorizon = "short horizon"
    /// All steps, along lines between a few states.
    case knottedPath = "DrMAD"
    /// The derivative of the solution of the inner problem, by a linear solve.
    case implicit
    /// The same, by a system solved or a response learned concurrently with training.
    case concurrent = "stochastic, hypernetwork"
  }

  /// How many products with derivatives of a step, or with the Hessian of the inner loss, one
  /// hypergradient takes: of T steps and Q numbers of lambda.
  public enum Products: Sendable, Hashable {
    case none, one, lastSteps, everyStep, everyStepAndHyperparameter
    /// As many as a linear system needs, or is allowed.
    case solve
  }

  /// What is stored, besides a few states.
  public enum Memory: Sendable, Hashable {
    case constant, lastStates, trajectory, budget, perHyperparameter, perBatch
  }

  /// Where the result is exact, up to rounding.
  public enum Exactness: Sendable, Hashable {
    /// It is the derivative of the T steps of training.
    case always
    /// It is that in a limit.
    case limit(String)
    /// It is the derivative of the solution of the inner problem, in a limit.
    case solution(String)
  }

  public var family: Family
  public var products: Products
  public var memory: Memory
  public var exact: Exactness

  public init(_ family: Family, products: Products, memory: Memory, exact: Exactness) {
    self.family = family
    self.products = products
    self.memory = memory
    self.exact = exact
  }
}
