internal import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopLearning
public import OuterloopNumerics

/// A row of the hypergradient table: a bilevel problem and the point at which it is checked, on flat
/// lists of tensors so that problems of any structure fit in one table.
public struct HypergradientCase: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// T
  public let steps: Int
  /// lambda.
  public var hyper: [Tensor]
  /// Tolerance of forward against reverse: the norm of the difference over that of the
  /// hypergradient, for each hyperparameter tensor.
  public var agreement = 1e-12
  /// Tolerance of reverse against extrapolated differences, likewise. Nil where the outer loss has
  /// kinks.
  public var differences: Double? = 1e-9
  /// Whether s_0 depends on lambda, so that truncated methods are refused.
  public var movesInitialState: Bool
  /// Whether the outer loss depends on lambda directly.
  public var hasDirectTerm: Bool

  /// A hypergradient on flat lists.
  public struct Answer: Sendable {
    /// The hypergradient.
    public var gradient: [Tensor]
    /// The direct term.
    public var direct: [Tensor]
    /// The outer loss.
    public var loss: Double
    /// Where training ended.
    public var state: [Tensor]
    /// What it took.
    public var cost: Cost
    /// What the estimator says of its answer.
    public var diagnostics: Diagnostics
  }

  /// A hypergradient decomposed into derivatives of single steps, each traced and run separately.
  public struct Terms: Sendable {
    /// dE/dlambda at fixed s_T.
    public var direct: [Tensor]
    /// `a_T A_T ... A_{t+1} B_t` for t = 1...T.
    public var steps: [[Tensor]]
    /// `a_0 ds_0/dlambda`
    public var initial: [Tensor]
    /// `a_t . z_t` for t = 0...T, with z the tangent of the state along the given direction.
    public var products: [Double]
  }

  /// The immediate effect of each step: `grad E(w_t) B_t` for t = 1...T, and the direct term at
  /// w_T.
  public struct LocalTerms: Sendable {
    /// The direct term.
    public var direct: [Tensor]
    /// The term of each step.
    public var steps: [[Tensor]]
  }

  private let takeLocally: @Sendable ([Tensor]) throws -> LocalTerms
  private let distill: @Sendable ([Tensor], Double) throws -> [Tensor]?
  private let trainOnline: @Sendable ([Tensor], Estimator, Int) throws -> [Tensor]
  private let takeApart: @Sendable ([Tensor], [Tensor]) throws -> Terms
  private let answer: @Sendable ([Tensor], Estimator) throws -> Answer
  private let train: @Sendable ([Tensor]) throws -> (loss: Double, state: [Tensor])
  private let descend: @Sendable ([Tensor], Estimator, Double) throws -> [Tensor]

  /// A problem and a point, as a row of the table.
  public init<State, Hyper, Batch>(
    _ name: String, _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper,
    movesInitialState: Bool = false, hasDirectTerm: Bool = false
  ) {
    self.name = name
    self.steps = problem.dynamics.steps
    self.hyper = hyper.leaves
    self.movesInitialState = movesInitialState
    self.hasDirectTerm = hasDirectTerm
    answer = { point, estimator in
      let result = try problem.hypergradient(at: hyper.replacingLeaves(point), by: estimator)
      return Answer(
        gradient: result.gradient.leaves, direct: result.direct.leaves, loss: result.loss,
        state: result.state.leaves, cost: result.cost, diagnostics: result.diagnostics)
    }
    takeApart = { point, direction in
      try Self.terms(
        of: problem, at: hyper.replacingLeaves(point), along: hyper.replacingLeaves(direction))
    }
    takeLocally = { try Self.localTerms(of: problem, at: hyper.replacingLeaves($0)) }
    // Where batches are drawn for the average, the draws are not visible outside.
    let isWhole = Batch.self == NoTensors.self
    distill = { point, gamma in
      guard isWhole else { return nil }
      return try Self.distilled(of: problem, at: hyper.replacingLeaves(point), gamma: gamma)
    }
    trainOnline = { [steps] point, estimator, every in
      try Self.require(steps: steps)
      guard 1...steps ~= every else {
        throw BilevelError.invalid(
          "`every` is \(every)", remedy: "a window has 1 to \(steps) steps, all of the training")
      }
      let loop = OuterLoop<Hyper>(.sgd(rate: 0))
      var last: [Tensor] = []
      _ = try problem.minimize(
        from: hyper.replacingLeaves(point), by: estimator, updates: steps / every,
        with: loop, training: .online(every: every)
      ) { progress in
        last = progress.state.leaves
        return true
      }
      return last
    }
    train = { point in
      let (loss, state) = try problem.solve(at: hyper.replacingLeaves(point))
      return (loss, state.leaves)
    }
    descend = { point, estimator, rate in
      let loop = OuterLoop<Hyper>(.sgd(rate: Optimizer.Rate(rate)))
      return try problem.minimize(
        from: hyper.replacingLeaves(point), by: estimator, updates: 1, with: loop
      ).hyper.leaves
    }
  }

  public var description: String { name }

  /// Every state is kept.
  static func require(steps: Int) throws {
    guard 1...1_000_000 ~= steps else {
      throw BilevelError.invalid(
        "`steps` is \(steps)", remedy: "a trajectory that is stored whole has 1...1000000 steps")
    }
  }

  /// The hypergradient by an estimator.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func hypergradient(by estimator: Estimator = .reverse) throws -> Answer {
    try answer(hyper, estimator)
  }

  /// The hypergradient's terms, and what is constant along the trajectory.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func terms(along direction: [Tensor]) throws -> Terms { try takeApart(hyper, direction) }

  /// The terms of methods that use one step at a time.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func localTerms() throws -> LocalTerms { try takeLocally(hyper) }

  /// HyperDistill's g_T with theta = 1, from weighted means over the stored trajectory; nil on
  /// minibatches.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func distilled(gamma: Double) throws -> [Tensor]? { try distill(hyper, gamma) }

  /// The state after the last window of an online run whose outer rate is 0.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func trainedOnline(by estimator: Estimator, every: Int) throws -> [Tensor] {
    try trainOnline(hyper, estimator, every)
  }

  /// The outer loss and the final state at any lambda.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func solve(at point: [Tensor]) throws -> (loss: Double, state: [Tensor]) {
    try train(point)
  }

  /// lambda after one outer step of gradient descent.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func descended(by estimator: Estimator, rate: Double) throws -> [Tensor] {
    try descend(hyper, estimator, rate)
  }
}

extension HypergradientCase {
  private static func terms<State, Hyper, Batch>(
    of problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper, along direction: Hyper
  ) throws -> Terms {
    let dynamics = problem.dynamics
    try require(steps: dynamics.steps)
    let (start, startTangent) = try jvp(at: hyper, along: direction, of: dynamics.initial)
    var states = [start]
    var tangents = [startTangent]
    for t in 0..<dynamics.steps {
      let batch = try dynamics.batches.batch(t)
      let (next, tangent) = try jvp(
        at: Pair(states[t], hyper), along: Pair(tangents[t], direction)
      ) { try dynamics.step($0.first, $0.second, batch, Time(step: t)) }
      states.append(next)
      tangents.append(tangent)
    }
    let outer = try gradient(at: Pair(states[dynamics.steps], hyper)) {
      try problem.outer($0.first, $0.second)
    }
    var adjoint = outer.first
    var terms = Terms(direct: outer.second.leaves, steps: [], initial: [], products: [])
    for t in (0..<dynamics.steps).reversed() {
      let batch = try dynamics.batches.batch(t)
      terms.products.insert(
        try DerivativeLaws.dot(adjoint.leaves, tangents[t + 1].leaves), at: 0)
      let back = try vjp(at: Pair(states[t], hyper), cotangent: adjoint) {
        try dynamics.step($0.first, $0.second, batch, Time(step: t))
      }.cotangent
      terms.steps.insert(back.second.leaves, at: 0)
      adjoint = back.first
    }
    terms.products.insert(try DerivativeLaws.dot(adjoint.leaves, startTangent.leaves), at: 0)
    terms.initial = try vjp(at: hyper, cotangent: adjoint, of: dynamics.initial).cotangent.leaves
    return terms
  }
}
