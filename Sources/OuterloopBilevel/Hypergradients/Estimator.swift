internal import OuterloopNumerics

/// How a bilevel problem is differentiated, as a value: a `HypergradientMethod` of this package, which
/// has a file of its own with its mathematics and cost, or a custom one.
public struct Estimator: Sendable, Hashable, CustomStringConvertible {
  /// The method itself.
  public let method: any HypergradientMethod

  /// A method of your own as an estimator.
  public init(_ method: some HypergradientMethod) { self.method = method }

  /// Its family, its cost, and where it is exact.
  public var properties: EstimatorProperties { method.properties }

  public var description: String { method.description }

  public static func == (a: Estimator, b: Estimator) -> Bool { a.method.isEqual(to: b.method) }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(type(of: method)))
    method.hash(into: &hasher)
  }

  func run(_ problem: CompiledProblem, hyper: [Tensor]) throws -> EstimatorResult {
    try method.check(problem, steps: problem.steps)
    let result = try method.run(try Run(problem, hyper: hyper))
    try result.require(problem, by: method)
    return result
  }
}

extension HypergradientMethod {
  fileprivate func isEqual(to other: any HypergradientMethod) -> Bool { other as? Self == self }
}

extension Estimator {
  /// Exact: stores the trajectory and backpropagates through it. 2 to 4 training runs, O(T) states.
  public static var reverse: Estimator { Estimator(Reverse()) }

  /// Exact and bitwise equal to `.reverse`: stores what fits the budget, recomputes the rest.
  public static func reverseWithin(memory: Int) -> Estimator {
    Estimator(CheckpointedReverse(budget: memory))
  }

  /// The last `k` steps only. `k` products, O(k) states, biased towards short horizons.
  public static func truncated(_ k: Int) -> Estimator { Estimator(TruncatedReverse(horizon: k)) }

  /// Exact: carries tangents for all hyperparameters along with the state. Any T in O(Q) states.
  public static var forward: Estimator { Estimator(Forward()) }

  /// Exact for heavy ball in fixed point, whose trajectory is computed backwards: no stored states,
  /// and at most a bit for each weight and step.
  public static var reversible: Estimator { Estimator(Reversible()) }

  /// The trajectory replaced by lines between a few of its states. T products, O(M) states; exact
  /// where the derivatives of a step do not depend on the weights.
  public static func drmad(_ knots: Knots, velocity: KnotVelocity = .interpolated) -> Estimator {
    Estimator(DrMAD(knots: knots, velocity: velocity))
  }

  /// Forward mode that updates the hyperparameters every so many steps (see `OuterLoop`); as a
  /// single hypergradient it is `.forward`.
  public static func realTime(every: Int) -> Estimator { Estimator(RealTime(every: every)) }

  /// The last step only: `truncated(1)`.
  public static var oneStep: Estimator { Estimator(OneStep()) }

  /// The last step only, by two gradients in place of a second derivative (DARTS). Exact for
  /// hyperparameters of the optimizer; an error of O(radius^2) for others.
  public static func finiteDifference(radius: Double = 0.01) -> Estimator {
    Estimator(FiniteDifference(radius: radius))
  }

  /// Every step's own effect, judged where it ends, weighted by gamma^(T-t). T products, O(P + Q)
  /// memory.
  public static func greedy(gamma: Double) -> Estimator { Estimator(Greedy(gamma: gamma)) }

  /// HyperDistill: all steps so far summarised by one product at an averaged state, with a correction
  /// of its length estimated every `period` trainings (nil: none). 1 product per update, O(P + Q)
  /// memory.
  public static func distill(
    gamma: Double, period: Int? = 50, through state: DistilledState = .whole
  ) -> Estimator {
    Estimator(Distill(gamma: gamma, period: period, state: state))
  }

  /// At a solution of the inner problem, by the implicit function theorem: one linear solve with the
  /// Hessian of the inner loss, plus `damping`. Independent of the path; not for optimizer
  /// hyperparameters and initial weights. `batches` is the number of batches over which the inner
  /// loss is averaged, by default all that training sees; `inner` is how the solution is found.
  public static func implicit(
    _ solver: CurvatureSolver = .cg(), damping: Double = 0, batches: Int? = nil,
    inner: InnerSolution = .training
  ) -> Estimator {
    Estimator(ImplicitGradient(solver: solver, damping: damping, batches: batches, inner: inner))
  }

  /// At a fixed point of any training step, by one linear solve with its derivative. For optimizers
  /// whose fixed point is not a minimum of the loss (AdamW's decay), and steps without a loss.
  public static func fixedPoint(
    _ solver: FixedPointSolver = .gmres(), batches: Int = 1, tolerance: Double = 0
  ) -> Estimator {
    Estimator(FixedPointGradient(solver: solver, batches: batches, tolerance: tolerance))
  }

  /// HOAG: implicit hypergradients to a tolerance that falls from update to update, each from the
  /// last solution. In `minimize`.
  public static func hoag(
    _ schedule: ToleranceSchedule = .quadratic(), solver: CurvatureSolver = .cg(),
    damping: Double = 0, batches: Int? = nil, inner: InnerSolution = .lbfgs()
  ) -> Estimator {
    Estimator(
      HOAG(
        tolerances: schedule,
        implicit: ImplicitGradient(
          solver: solver, damping: damping, batches: batches, inner: inner)))
  }

  /// The direct term only: the partial derivative of the outer loss with respect to lambda.
  public static var firstOrder: Estimator { Estimator(FirstOrder()) }

  /// Weights trained as a function of lambda; the hypergradient goes through that function. Exact where
  /// the best response is linear, whatever the outer loss; O(P Q) memory, any T.
  public static func hypernetwork(
    _ settings: HypernetworkSettings = HypernetworkSettings()
  ) -> Estimator {
    Estimator(HypernetworkMethod(settings: settings))
  }

  /// Stochastic: weights, linear system and lambda move simultaneously. 1 product per step, O(P +
  /// Q). As a single hypergradient, T joint steps towards the implicit one.
  public static func soba(rate: StepSize) -> Estimator { Estimator(SOBA(rate: rate)) }

  /// SOBA with reduced variance over a finite number of training and of validation batches: linear
  /// convergence with constant steps, for O(n (P + Q)) memory.
  public static func saba(rate: StepSize, batches: Int, validation: Int = 1) -> Estimator {
    Estimator(SABA(rate: rate, batches: batches, validation: validation))
  }

  /// Stochastic: some steps of training, then some of the linear system, whose solution is kept.
  public static func amigo(rate: StepSize, every: Int = 10, linearSteps: Int = 10) -> Estimator {
    Estimator(AmIGO(rate: rate, every: every, linearSteps: linearSteps, carriesSystem: true))
  }

  /// The same with the linear system restarted each time: a stochastic Neumann series.
  public static func stocBiO(rate: StepSize, every: Int = 10, linearSteps: Int = 10) -> Estimator {
    Estimator(AmIGO(rate: rate, every: every, linearSteps: linearSteps, carriesSystem: false))
  }

  /// First derivatives only: the inner problem as a penalty, with a multiplier that may grow at each
  /// update of lambda. Error O(1 / multiplier).
  public static func penalty(multiplier: Double, growth: Double = 0, every: Int = 10) -> Estimator {
    Estimator(Penalty(multiplier: multiplier, growth: growth, every: every))
  }

  /// Reverse mode under a budget in bytes.
  public static func reverse(memory bytes: Int) -> Estimator { .reverseWithin(memory: bytes) }
}
