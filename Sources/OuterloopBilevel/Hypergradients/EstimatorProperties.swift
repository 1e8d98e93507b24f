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
    /// No product.
    case none
    /// One product.
    case one
    /// A product for each of the last steps.
    case lastSteps
    /// T products.
    case everyStep
    /// Q products at each of T steps.
    case everyStepAndHyperparameter
    /// As many as a linear system needs, or is allowed.
    case solve
  }

  /// What is stored, besides a few states.
  public enum Memory: Sendable, Hashable {
    /// Nothing.
    case constant
    /// The last states.
    case lastStates
    /// All states.
    case trajectory
    /// As many states as a budget of bytes allows.
    case budget
    /// A state for each hyperparameter.
    case perHyperparameter
    /// A table with a row for each batch.
    case perBatch
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

  /// What the method has in common with others.
  public var family: Family
  /// How many second-order products a hypergradient takes.
  public var products: Products
  /// What it keeps, beside a few states.
  public var memory: Memory
  /// When it is exact.
  public var exact: Exactness

  /// The properties of a method.
  public init(_ family: Family, products: Products, memory: Memory, exact: Exactness) {
    self.family = family
    self.products = products
    self.memory = memory
    self.exact = exact
  }
}
