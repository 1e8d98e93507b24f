internal import OuterloopNumerics

/// How a bilevel problem is differentiated, as a value. Each method has a file of its own with its
/// mathematics and cost.
public enum Estimator: Sendable, Hashable, CustomStringConvertible {
  /// Exact: store the trajectory, go back through it. 2 to 4 training runs, O(T) states.
  case reverse
  /// Exact and bitwise equal to `.reverse`: keep what fits the budget, recompute the rest.
  case reverseWithin(memory: Int)
  /// The last `k` steps only. `k` products, O(k) states, biased towards short horizons.
  case truncated(Int)
  /// Exact: tangents of all hyperparameters beside the state. Any T in O(Q) states.
  case forward
  /// Exact for heavy ball in fixed point, whose trajectory is computed backwards: no stored states,
  /// and a bit or less for each weight and step.
  case reversible
  /// The trajectory replaced by lines between a few of its states. T products, O(M) states; exact
  /// where the derivatives of a step do not depend on the weights.
  case drmad(Knots, velocity: KnotVelocity = .interpolated)
  /// Forward mode that updates the hyperparameters every so many steps (see `OuterLoop`); as a
  /// single hypergradient it is `.forward`.
  case realTime(every: Int)
  /// The last step only: `truncated(1)`.
  case oneStep
  /// The direct term only: the partial derivative of the outer loss by lambda.
  case firstOrder

  /// Reverse mode under a budget in bytes.
  public static func reverse(memory bytes: Int) -> Estimator { .reverseWithin(memory: bytes) }

  public var description: String { method.description }

  var method: any HypergradientMethod {
    switch self {
    case .reverse: Reverse()
    case .reverseWithin(let bytes): CheckpointedReverse(budget: bytes)
    case .truncated(let k): TruncatedReverse(horizon: k)
    case .reversible: Reversible()
    case .drmad(let knots, let velocity): DrMAD(knots: knots, velocity: velocity)
    case .forward: Forward()
    case .realTime(let every): RealTime(every: every)
    case .oneStep: OneStep()
    case .firstOrder: FirstOrder()
    }
  }
}

extension Estimator {
  func run(_ problem: CompiledProblem, hyper: [Tensor]) throws -> EstimatorResult {
    let method = method
    try method.refuse(problem, steps: problem.steps)
    return try method.run(try Run(problem, hyper: hyper))
  }
}
