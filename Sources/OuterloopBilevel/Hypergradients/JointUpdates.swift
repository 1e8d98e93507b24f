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
  typealias Pointers = StateMemory.Pointers

  /// The terms of the inner loss, (grad_w L, H v, N v), and those of the outer loss, (grad_w E,
  /// grad_lambda E), over the batches of each.
  struct Tables {
    let inner, outer: GradientTable
  }

  private let objective: CompiledObjective
  private let system: LinearSystem
  private let tables: Tables?
  private let terms: [Storage]
  private let direct: [Storage]

  init(
    _ problem: CompiledProblem, _ objective: CompiledObjective, rate: StepSize,
    tables: Tables? = nil
  ) {
    self.objective = objective
    self.tables = tables
    system = LinearSystem(problem, rate: rate)
    terms = (problem.weightTypes + problem.weightTypes + problem.hyperTypes)
      .map { Storage(byteCount: $0.byteCount) }
    direct = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
  }

  /// A training from s_0 starts with v = 0; one that goes on from weights keeps v.
  func beginTraining(from start: [Tensor]?) {
    if start == nil { system.reset() }
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let weights = problem.weightTypes.count
    let programs = try (
      directions: problem.directionsStage(objective), system: problem.systemStage(),
      update: problem.updateStage(objective)
    )
    let states = run.states(2)
    run.cost.stateBytes +=
      4 * system.types.reduce(0) { $0 + $1.byteCount } + (tables?.byteCount ?? 0)
    try run.bindHyper(ofLoss: programs.directions)
    try run.begin(at: states.pointers(0))

    /// All directions at s, with the data of step t. Leaves the next v in the system's target and
    /// the hypergradient in the run's sum.
    func directions(_ t: Int, at state: Pointers) throws -> (loss: Double, slope: Pointers) {
      let batch = run.batch(t)
      run.bindLoss(programs.directions, at: state, batch: batch)
      programs.directions.bind(inputs: run.inputAfterLoss, to: system.v)
      var inner = terms.map(\.pointer)
      programs.directions.bind(outputs: 0, to: inner)
      try programs.directions.run()
      run.cost.products += 1
      run.cost.gradients += 1

      var hyperPart = direct.map(\.pointer)
      let loss = try run.outer(at: state, step: t, state: run.adjoint, hyper: hyperPart)
      var statePart = Array(run.adjoint[..<weights])
      if let tables {
        inner = try tables.inner.reduced(inner, on: batch, of: problem)
        let outer = try tables.outer.reduced(
          statePart + hyperPart, on: run.validationBatch(t), of: problem)
        statePart = Array(outer[..<weights])
        hyperPart = Array(outer[weights...])
      }
      run.direct = hyperPart.tensors(problem.hyperTypes)

      let stage = programs.system
      let inputs = system.v + inner[weights...] + statePart + hyperPart + [system.stepSize]
      stage.bind(inputs: 0, to: inputs)
      stage.bind(outputs: 0, to: system.target + run.sum)
      try stage.run()
      return (loss, Array(inner[..<weights]))
    }

    var loss = 0.0
    for t in 1...run.steps {
      let old = states.pointers(t - 1)
      let move = try directions(t, at: old)
      try run.update(programs.update, t, from: old, along: move.slope, to: states.pointers(t))
      system.advance()
      loss = move.loss
    }
    run.cost.steps = run.steps
    run.end = states.pointers(run.steps)
    // A hypergradient on its own is that of the state where training ends.
    if !run.window.continues { loss = try directions(run.steps, at: run.end).loss }
    try system.requireFinite(run)
    return try run.result(
      loss: loss,
      stages: [programs.directions, programs.system, programs.update, problem.outerStage()])
  }
}

extension JointUpdates.Tables {
  var byteCount: Int { inner.byteCount + outer.byteCount }
}
