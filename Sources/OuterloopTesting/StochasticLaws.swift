internal import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// What stochastic and penalty methods must give on any problem with an objective, whatever the
/// shape of its loss: their recursions, composed of public derivatives, one step at a time.
public enum StochasticLaws {
  /// stocBiO and AmIGO alone: plain training, then N linear steps from v = 0 at s_T, on the
  /// training's data from its first.
  ///
  /// - Throws: what the estimator and the problem throw.
  public static func checkAlternating<State, Hyper, Batch>(
    _ name: String, _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper,
    rate: Double = 0.3, linearSteps: Int = 3, tolerance: Double = 1e-12
  ) throws {
    guard 1...1_000_000 ~= linearSteps else {
      throw BilevelError.invalid(
        "`linearSteps` is \(linearSteps)", remedy: "the law is checked by 1...1000000 steps")
    }
    let parts = try Parts(problem, at: hyper)
    let (loss, end) = try problem.solve(at: hyper)
    let outer = try parts.outer(end)
    var v = outer.weights.map { Tensor.zeros(like: $0) }
    for n in 0..<linearSteps {
      let product = try parts.product(end, n % problem.dynamics.steps, v)
      v = try parts.moved(v, rate, product.weights, outer.weights)
    }
    let last = linearSteps % problem.dynamics.steps
    let gradient = try parts.sum(outer.hyper, try parts.product(end, last, v).hyper)
    for estimator in [
      Estimator.stocBiO(rate: .constant(rate), linearSteps: linearSteps),
      .amigo(rate: .constant(rate), linearSteps: linearSteps),
    ] {
      let given = try problem.hypergradient(at: hyper, by: estimator)
      try HypergradientLaws.requireClose(
        given.gradient.leaves, gradient, tolerance, "\(name) \(estimator)")
      try HypergradientLaws.requireClose(
        given.direct.leaves, outer.hyper, tolerance, "\(name) \(estimator): direct term")
      try HypergradientLaws.requireSame(
        given.state.leaves, end.leaves, "\(name) \(estimator): the final state")
      try HypergradientLaws.require(given.loss == loss, "\(name) \(estimator): loss")
    }
  }

  /// SOBA alone: the linear system moves along with training, from v = 0.
  ///
  /// - Throws: what the estimator and the problem throw.
  public static func checkJoint<State, Hyper, Batch>(
    _ name: String, _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper,
    rate: Double = 0.3, tolerance: Double = 1e-11
  ) throws {
    try HypergradientCase.require(steps: problem.dynamics.steps)
    let parts = try Parts(problem, at: hyper)
    var state = try problem.dynamics.initial(hyper)
    var outer = try parts.outer(state)
    var v = outer.weights.map { Tensor.zeros(like: $0) }
    for t in 0..<problem.dynamics.steps {
      let product = try parts.product(state, t, v)
      v = try parts.moved(v, rate, product.weights, outer.weights)
      state = try parts.step(state, t)
      outer = try parts.outer(state)
    }
    let last = problem.dynamics.steps - 1
    let gradient = try parts.sum(outer.hyper, try parts.product(state, last, v).hyper)
    let given = try problem.hypergradient(at: hyper, by: .soba(rate: .constant(rate)))
    try HypergradientLaws.requireClose(given.gradient.leaves, gradient, tolerance, "\(name) SOBA")
    try HypergradientLaws.requireClose(
      given.state.leaves, state.leaves, tolerance, "\(name) SOBA: the final state")
  }

  /// F2SA alone: y moves along grad L + grad E / m beside plain training.
  ///
  /// - Throws: what the estimator and the problem throw.
  public static func checkPenalty<State, Hyper, Batch>(
    _ name: String, _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper,
    multiplier: Double = 3, tolerance: Double = 1e-11
  ) throws {
    let parts = try Parts(problem, at: hyper)
    let (loss, z) = try problem.solve(at: hyper)
    var y = try problem.dynamics.initial(hyper)
    for t in 0..<problem.dynamics.steps {
      y = try parts.penalizedStep(y, t, 1 / multiplier)
    }
    let slopes = (try parts.slope(y, 0), try parts.slope(z, 0))
    let difference = zip(slopes.0, slopes.1).map { multiplier * ($0 - $1) }
    let gradient = try parts.sum(try parts.outer(y).hyper, difference)
    let given = try problem.hypergradient(
      at: hyper, by: .penalty(multiplier: multiplier))
    try HypergradientLaws.requireClose(
      given.gradient.leaves, gradient, tolerance, "\(name) penalty")
    try HypergradientLaws.requireSame(
      given.state.leaves, z.leaves, "\(name) penalty: the final state")
    try HypergradientLaws.require(given.loss == loss, "\(name) penalty: loss")
  }
}

/// Derivatives of a problem's parts by the public transforms, each compiled once.
private struct Parts<State: Structure, Hyper: Structure, Batch: Structure> {
  private let problem: BilevelProblem<State, Hyper, Batch>
  private let hyper: Hyper
  private let objective: InnerObjective<State, Hyper, Batch>
  private let outerGradient: Compiled<State, Pair<State, Hyper>>
  private let joint: Compiled<Pair<State, Pair<Batch, [Tensor]>>, JointProduct<[Tensor], Hyper>>
  private let training: Compiled<Pair<State, Pair<Batch, Time>>, State>
  private let penalized: Compiled<Pair<Pair<State, [Tensor]>, Pair<Batch, Time>>, State>

  init(_ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper) throws {
    guard let objective = problem.dynamics.objective else {
      throw HypergradientLaws.Violation("the problem has no objective")
    }
    self.problem = problem
    self.hyper = hyper
    self.objective = objective
    outerGradient = Compiled { state in
      try gradient(at: Pair(state, hyper)) { try problem.outer($0.first, $0.second) }
    }
    joint = Compiled { x in
      try jointProduct(at: objective.weights(x.first), hyper, along: x.second.second) {
        try objective.loss(Self.state(x.first, with: $0), $1, x.second.first)
      }
    }
    training = Compiled { x in
      try problem.dynamics.step(x.first, hyper, x.second.first, x.second.second)
    }
    penalized = Compiled { x in
      let state = x.first.first
      let slope = try gradient(at: objective.weights(state)) {
        try objective.loss(Self.state(state, with: $0), hyper, x.second.first)
      }
      let along = zip(slope, x.first.second).map { $0 + $1 }
      return try objective.update(state, along, hyper, x.second.second)
    }
  }

  private static func state(_ state: State, with weights: [Tensor]) -> State {
    state.replacingLeaves(weights + state.leaves.dropFirst(weights.count))
  }

  func outer(_ state: State) throws -> (weights: [Tensor], hyper: [Tensor]) {
    let parts = try outerGradient(state)
    return (objective.weights(parts.first), parts.second.leaves)
  }

  func product(
    _ state: State, _ t: Int, _ v: [Tensor]
  ) throws -> (weights: [Tensor], hyper: [Tensor]) {
    let result = try joint(Pair(state, Pair(try problem.dynamics.batches.batch(t), v)))
    return (result.weightProduct, result.hyperProduct.leaves)
  }

  /// grad_lambda L
  func slope(_ state: State, _ t: Int) throws -> [Tensor] {
    let zero = objective.weights(state).map { Tensor.zeros(like: $0) }
    return try joint(Pair(state, Pair(try problem.dynamics.batches.batch(t), zero)))
      .hyperGradient.leaves
  }

  func step(_ state: State, _ t: Int) throws -> State {
    try training(Pair(state, Pair(try problem.dynamics.batches.batch(t), Time(step: t))))
  }

  func penalizedStep(_ state: State, _ t: Int, _ share: Double) throws -> State {
    let extra = try outer(state).weights.map { share * $0 }
    return try penalized(
      Pair(Pair(state, extra), Pair(try problem.dynamics.batches.batch(t), Time(step: t))))
  }

  func moved(
    _ v: [Tensor], _ rate: Double, _ product: [Tensor], _ b: [Tensor]
  ) throws -> [Tensor] {
    zip(v, zip(product, b)).map { $0 - rate * ($1.0 + $1.1) }
  }

  func sum(_ a: [Tensor], _ b: [Tensor]) throws -> [Tensor] { zip(a, b).map { $0 + $1 } }
}
