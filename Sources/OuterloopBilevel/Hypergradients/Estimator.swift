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
  /// The last step only, by two gradients in place of a second derivative (DARTS). Exact for
  /// hyperparameters of the optimizer; an error of O(radius^2) else.
  case finiteDifference(radius: Double = 0.01)
  /// Every step's own effect, judged where it ends, weighted by gamma^(T-t). T products, O(P + Q)
  /// memory.
  case greedy(gamma: Double)
  /// HyperDistill: all steps so far told by one product at an averaged state, with a correction of
  /// its length estimated every `period` trainings (nil: none). 1 product an update, O(P + Q) memory.
  case distill(gamma: Double, period: Int? = 50, through: DistilledState = .whole)
  /// At a solution of the inner problem, by the implicit function theorem: one linear solve with the
  /// Hessian of the inner loss, plus `damping`. Independent of the path; not for numbers of the
  /// optimizer and initial weights. `batches` is how many batches the inner loss is the mean of, by
  /// default all that training sees; `inner` is the way to the solution.
  case implicit(
    _ solver: CurvatureSolver = .cg(), damping: Double = 0, batches: Int? = nil,
    inner: InnerSolution = .training)
  /// At a fixed point of any training step, by one linear solve with its derivative. For optimizers
  /// whose fixed point is not a minimum of the loss (AdamW's decay), and steps without a loss.
  case fixedPoint(
    _ solver: FixedPointSolver = .gmres(), batches: Int = 1, tolerance: Double = 0)
  /// HOAG: implicit hypergradients to a tolerance that falls from update to update, each from the
  /// last solution. In `minimize`.
  case hoag(
    _ schedule: ToleranceSchedule = .quadratic(), solver: CurvatureSolver = .cg(),
    damping: Double = 0, batches: Int? = nil, inner: InnerSolution = .lbfgs())
  /// The direct term only: the partial derivative of the outer loss by lambda.
  case firstOrder
  /// Weights trained as a function of lambda; the hypergradient goes through that function. Exact where
  /// the best response is linear, whatever the outer loss; O(P Q) memory, any T.
  case hypernetwork(HypernetworkSettings = HypernetworkSettings())
  /// Stochastic: weights, linear system and lambda move at once. 1 product a step, O(P + Q). As a
  /// single hypergradient, T joint steps towards the implicit one.
  case soba(rate: StepSize)
  /// SOBA with reduced variance over a finite number of training and of validation batches: linear
  /// convergence with constant steps, for O(n (P + Q)) memory.
  case saba(rate: StepSize, batches: Int, validation: Int = 1)
  /// Stochastic: some steps of training, then some of the linear system, which is kept.
  case amigo(rate: StepSize, every: Int = 10, linearSteps: Int = 10)
  /// The same with the linear system started anew each time: a stochastic Neumann series.
  case stocBiO(rate: StepSize, every: Int = 10, linearSteps: Int = 10)
  /// First derivatives only: the inner problem as a penalty, with a multiplier that may grow at each
  /// update of lambda. Error O(1 / multiplier).
  case penalty(multiplier: Double, growth: Double = 0, every: Int = 10)

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
    case .finiteDifference(let radius): FiniteDifference(radius: radius)
    case .greedy(let gamma): Greedy(gamma: gamma)
    case .distill(let gamma, let period, let state):
      Distill(gamma: gamma, period: period, state: state)
    case .implicit(let solver, let damping, let batches, let inner):
      ImplicitGradient(solver: solver, damping: damping, batches: batches, inner: inner)
    case .fixedPoint(let solver, let batches, let tolerance):
      FixedPointGradient(solver: solver, batches: batches, tolerance: tolerance)
    case .hoag(let schedule, let solver, let damping, let batches, let inner):
      HOAG(
        tolerances: schedule,
        implicit: ImplicitGradient(
          solver: solver, damping: damping, batches: batches, inner: inner))
    case .firstOrder: FirstOrder()
    case .hypernetwork(let settings): HypernetworkMethod(settings: settings)
    case .soba(let rate): SOBA(rate: rate)
    case .saba(let rate, let batches, let validation):
      SABA(rate: rate, batches: batches, validation: validation)
    case .amigo(let rate, let every, let steps):
      AmIGO(rate: rate, every: every, linearSteps: steps, carriesSystem: true)
    case .stocBiO(let rate, let every, let steps):
      AmIGO(rate: rate, every: every, linearSteps: steps, carriesSystem: false)
    case .penalty(let multiplier, let growth, let every):
      Penalty(multiplier: multiplier, growth: growth, every: every)
    }
  }
}

extension Estimator {
  func run(_ problem: CompiledProblem, hyper: [Tensor]) throws -> EstimatorResult {
    let method = method
    try method.check(problem, steps: problem.steps)
    return try method.run(try Run(problem, hyper: hyper))
  }
}
