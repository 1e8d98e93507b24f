internal import OuterloopNumerics

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
    run.direct = directions.directPart.tensors(run.problem.hyperTypes)
    try system.requireFinite(run)
    return try run.result(
      loss: loss, stages: try directions.stages + [run.problem.updateStage(objective)])
  }

  /// The run's steps. Leaves the hypergradient at the state before the last step in the run's sum.
  private func train(_ run: Run) throws -> (directions: JointDirections, loss: Double) {
    let directions = try JointDirections(run, objective, tables)
    let update = try run.problem.updateStage(objective)
    run.cost.stateBytes += 2 * system.byteCount + (tables?.byteCount ?? 0)
    let states = run.states(2)
    try run.begin(at: states.pointers(0))
    var loss = 0.0
    for t in 1...run.steps {
      let old = states.pointers(t - 1)
      loss = try directions.evaluate(t, at: old, system)
      try run.update(update, t, from: old, along: directions.slope, to: states.pointers(t))
      system.advance()
    }
    run.cost.steps = run.steps
    run.end = states.pointers(run.steps)
    return (directions, loss)
  }

  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}

/// The directions of one run, and the programs that give them.
final class JointDirections {
  typealias Pointers = StateMemory.Pointers

  private let run: Run
  private let tables: JointUpdates.Tables?
  private let inner, system: Stage
  /// (grad_w L, H v, N v)
  private let terms: [Storage]
  private let direct: [Storage]
  /// D_z
  private(set) var slope: Pointers = []
  /// grad_lambda E
  private(set) var directPart: Pointers = []

  init(_ run: Run, _ objective: CompiledObjective, _ tables: JointUpdates.Tables?) throws {
    let problem = run.problem
    self.run = run
    self.tables = tables
    inner = try problem.directionsStage(objective)
    system = try problem.systemStage()
    terms = (problem.weightTypes + problem.weightTypes + problem.hyperTypes)
      .map { Storage(byteCount: $0.byteCount) }
    direct = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    try run.prepareLoss(inner)
    run.countAdjoint()
    run.cost.stateBytes += (terms + direct).reduce(0) { $0 + $1.byteCount }
  }

  /// All directions at a state, with the data of step t: D_z in `slope`, the next v in the system's
  /// target, D_lambda in the run's sum. Gives E.
  func evaluate(_ t: Int, at state: Pointers, _ variable: LinearSystem) throws -> Double {
    let problem = run.problem
    let weights = problem.weightTypes.count
    let batch = run.batch(t)
    run.bindLoss(inner, weights: run.weights(of: state), batch: batch)
    inner.bind(inputs: run.lossExtra, to: variable.v)
    var terms = terms.map(\.pointer)
    inner.bind(outputs: 0, to: terms)
    try inner.run()
    run.cost.products += 1
    run.cost.gradients += 2

    let hyperPart = direct.map(\.pointer)
    let loss = try run.outer(at: state, step: t, state: run.adjoint, hyper: hyperPart)
    var outer = run.adjoint[..<weights] + hyperPart
    if let tables {
      terms = try tables.inner.reduced(terms, on: batch, of: problem)
      let validation = try run.validationBatch(t)
      outer = try tables.outer.reduced(Array(outer), on: validation, of: problem)[...]
    }
    slope = Array(terms[..<weights])
    directPart = Array(outer[weights...])

    system.bind(inputs: 0, to: variable.v + terms[weights...] + outer + [variable.stepSize])
    system.bind(outputs: 0, to: variable.target + run.sum)
    try system.run()
    return loss
  }

  var stages: [Stage] {
    get throws {
      let reductions = tables.map { [$0.inner, $0.outer] } ?? []
      return try [inner, system, run.problem.outerStage()]
        + reductions.map { try $0.program(of: run.problem) }
    }
  }
}

extension JointUpdates.Tables {
  var byteCount: Int { inner.byteCount + outer.byteCount }
}
