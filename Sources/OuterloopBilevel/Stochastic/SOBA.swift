internal import OuterloopAutodiff
internal import OuterloopNumerics

/// SOBA (Dagreou, Ablin, Vaiter and Moreau 2022, Eq. 5 to 7): the weights z, the solution v of the
/// linear system of implicit differentiation and lambda move at once, each along a direction that is
/// a sum over data,
///
///     z <- update(z, grad_w L)
///     v <- v - r (H v + grad_w E)
///     g  = grad_lambda E + N v
///
/// all at the same old (z, v, lambda), on fresh minibatches. Then v tends to -H^-1 grad_w E, and g to
/// the implicit hypergradient. On minibatches constant steps stall at a noise floor; let r, the rate
/// of the optimizer and that of the outer loop decrease, or use `SABA`. The inner loss must be
/// strongly convex along the way, else v runs away.
///
/// In an outer loop lambda moves after every step, and one training goes on throughout: the weights
/// where it ends are those where the next starts. The loss reported is E at the old point. In a window
/// of several steps, g is that of the last. As a single hypergradient at fixed lambda: T joint steps
/// from (s_0, 0), then the direction at (s_T, v_T), on the data of step T.
///
/// Where we differ: z moves by the problem's own optimizer rather than by gradient descent.
///
/// Time: a step is 1 product and 2 gradients, O(P + Q). Memory: 2 states, 2 v, and the directions.
struct SOBA: HypergradientMethod {
  let rate: StepSize

  var description: String { "soba(rate: \(rate))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try require(rate)
    _ = try problem.requireSeparateHyperparameters(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    JointUpdates(problem, try problem.requireSeparateHyperparameters(self), rate: rate)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: 1) }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .concurrent, products: .everyStep, memory: .constant,
      exact: .solution("many steps, falling step sizes on minibatches"))
  }
}

extension TrainingSchedule {
  /// One training for all updates: after T steps it goes on from the weights that it has.
  static func throughout(every: Int) -> TrainingSchedule {
    .online(every: every, start: .reptile(rate: 1))
  }
}

/// SOBA's and SABA's session: weights z and linear system v move together, both along directions at
/// the same old point, and so does lambda,
///
///     z <- update(z, D_z)      D_z = grad_w L
///     v <- v - r D_v           D_v = H v + grad_w E
///     g  = D_lambda            D_lambda = grad_lambda E + N v.
///
/// With tables, each of the five terms is reduced in variance before it is used.
final class JointUpdates: HypergradientSession {
  /// The terms of the inner loss, (grad_w L, H v, N v), and those of the outer loss, (grad_w E,
  /// grad_lambda E), over the batches of each.
  struct Tables {
    let inner, outer: GradientTable
  }

  private let objective: CompiledObjective
  private let system: LinearSystem
  private let tables: Tables?

  init(
    _ problem: CompiledProblem, _ objective: CompiledObjective, rate: StepSize,
    tables: Tables? = nil
  ) {
    self.objective = objective
    self.tables = tables
    system = LinearSystem(problem, rate: rate)
  }

  /// A training from s_0 starts with v = 0; one that goes on from weights keeps v.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    if window.start == nil { system.reset() }
  }

  /// v takes the steps too.
  func finishTraining(_ run: Run) throws { _ = try train(run) }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let (directions, lastLoss) = try train(run)
    // A hypergradient on its own is that of the state where training ends.
    let loss =
      run.window.continues ? lastLoss : try directions.evaluate(run.steps, at: run.end, system)
    run.direct = directions.direct.tensors
    try system.requireFinite(run)
    return try run.result(
      loss: loss, programs: try directions.programs + [run.problem.updateProgram(objective)])
  }

  /// The run's steps. Leaves the hypergradient at the state before the last step in the run's sum.
  private func train(_ run: Run) throws -> (directions: JointDirections, loss: Double) {
    let directions = try JointDirections(run, objective, tables)
    let update = try run.problem.updateProgram(objective)
    run.cost.stateBytes += 2 * system.byteCount + (tables?.byteCount ?? 0)
    let states = try run.states(2)
    try run.begin(at: states[0])
    var loss = 0.0
    for t in 1...run.steps {
      let old = states[t - 1]
      loss = try directions.evaluate(t, at: old, system)
      try run.update(update, t, from: old, along: directions.slope, to: states[t])
      system.advance()
    }
    run.cost.steps = run.steps
    run.end = states[run.steps]
    return (directions, loss)
  }

  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}

extension CompiledProblem {
  /// (w, batch, lambda, v) -> (grad_w L, H v, N v): the joint product, with the gradient that it
  /// passes by.
  fileprivate func directionsProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram(
      "directions", with: [.direction], writes: [.gradient, .product, .mixedProduct]
    ) { x in
      let product = try jointProduct(at: x[.weights], x[.hyper], along: x[.direction]) {
        try objective.loss($0, $1, x[.batch])
      }
      return [
        .gradient: product.weightGradient, .product: product.weightProduct,
        .mixedProduct: product.hyperProduct,
      ]
    }
  }

  /// (v, H v, N v, b, g0, r) -> (v - r (H v + b), g0 + N v)
  fileprivate func systemProgram() throws -> BoundProgram {
    try program(
      "system",
      reads: [.direction, .product, .mixedProduct, .outerSlope, .hyperSlope, .rate],
      writes: [.newDirection, .sum]
    ) { x in
      let moved = zip(x[.direction], zip(x[.product], x[.outerSlope])).map { v, slope in
        v - x.number(.rate).cast(to: v.dtype) * (slope.0 + slope.1)
      }
      return [
        .newDirection: moved, .sum: zip(x[.hyperSlope], x[.mixedProduct]).map { $0 + $1 },
      ]
    }
  }
}

/// The directions of one run, and the programs that give them.
final class JointDirections {
  private let run: Run
  private let tables: JointUpdates.Tables?
  private let inner, system: BoundProgram
  /// (grad_w L, H v, N v) and (grad_w E, grad_lambda E).
  private let innerTerms, outerTerms: TensorBuffers
  private let hyperPart: TensorBuffers
  /// D_z
  private(set) var slope: TensorBuffers
  /// grad_lambda E
  private(set) var direct: TensorBuffers

  init(_ run: Run, _ objective: CompiledObjective, _ tables: JointUpdates.Tables?) throws {
    let problem = run.problem
    self.run = run
    self.tables = tables
    inner = try problem.directionsProgram(objective)
    system = try problem.systemProgram()
    innerTerms = TensorBuffers(problem.weightTypes + problem.weightTypes + problem.hyperTypes)
    hyperPart = TensorBuffers(problem.hyperTypes)
    outerTerms = TensorMemory(joining: run.weights(of: run.adjoint), hyperPart)[0]
    slope = run.weights(of: innerTerms)
    direct = hyperPart
    run.countAdjoint()
    run.cost.stateBytes += innerTerms.byteCount + hyperPart.byteCount
  }

  /// All directions at a state, with the data of step t: D_z in `slope`, the next v in the system's
  /// target, D_lambda in the run's sum. Gives E.
  func evaluate(_ t: Int, at state: TensorBuffers, _ variable: LinearSystem) throws -> Double {
    run.bind(inner, step: t)
    inner.bind(.weights, to: run.weights(of: state))
    inner.bind(.direction, to: variable.v)
    bind(inner, .gradient, .product, .mixedProduct, to: innerTerms)
    try inner.run()
    run.cost.products += 1
    run.cost.gradients += 2

    let loss = try run.outer(at: state, step: t, state: run.adjoint, hyper: hyperPart)
    var (terms, outer) = (innerTerms, outerTerms)
    if let tables {
      terms = try tables.inner.reduced(terms, on: run.batch(t), of: run.problem)
      outer = try tables.outer.reduced(outer, on: try run.validationBatch(t), of: run.problem)
    }
    slope = run.weights(of: terms)
    direct = outer.dropFirst(slope.count)

    system.bind(.direction, to: variable.v)
    bind(system, nil, .product, .mixedProduct, to: terms)
    system.bind(.outerSlope, to: run.weights(of: outer))
    system.bind(.hyperSlope, to: direct)
    system.bind(.rate, to: variable.stepSize)
    system.bind(.newDirection, to: variable.target)
    system.bind(.sum, to: run.sum)
    try system.run()
    return loss
  }

  /// Binds the three inner terms, in order.
  private func bind(
    _ program: BoundProgram, _ gradient: Slot?, _ product: Slot, _ mixed: Slot,
    to terms: TensorBuffers
  ) {
    let rest = terms.dropFirst(run.problem.weightTypes.count)
    if let gradient { program.bind(gradient, to: run.weights(of: terms)) }
    program.bind(product, to: run.weights(of: rest))
    program.bind(mixed, to: rest.dropFirst(run.problem.weightTypes.count))
  }

  var programs: [BoundProgram] {
    get throws {
      let reductions = tables.map { [$0.inner, $0.outer] } ?? []
      return try [inner, system, run.problem.outerProgram()]
        + reductions.map { try $0.program(of: run.problem) }
    }
  }
}

extension JointUpdates.Tables {
  var byteCount: Int { inner.byteCount + outer.byteCount }
}
