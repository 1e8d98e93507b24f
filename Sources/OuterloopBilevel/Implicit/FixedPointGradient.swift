internal import OuterloopNumerics

/// The implicit hypergradient of a fixed point of training, for any step (Grazzi et al. 2020, Eq. 6-8):
/// at `s* = Phi(s*, lambda)`,
///
///     (I - A') q = grad_s E(s*, lambda);   g = dE/dlambda + q B
///
/// with A = dPhi/ds and B = dPhi/dlambda on the whole state. Where Phi is gradient descent, `I - A =
/// eta H` and `B = -eta N`, and eta drops out: the same answer as `implicit`. It needs neither a loss
/// nor symmetry, so it is suitable for optimizers whose fixed point is not a minimum of the loss
/// (decoupled decay) and for dynamics that are not training.
///
/// The step is the window's last: its time and, where training sees minibatches, the mean over the last
/// `batches` steps. At a state that is not fixed there is an error of O(|Phi(s) - s|), which is
/// reported.
///
/// Refused: hyperparameters that no step reads; rates, momenta and the like, which do not move a fixed
/// point (they multiply a gradient that is 0 there).
///
/// Time: T steps and (iterations + 2) products. Memory: O(S), plus the solver's.
struct FixedPointGradient: HypergradientMethod {
  let solver: FixedPointSolver
  /// Steps, from the last, that the map is the mean of.
  let batches: Int
  /// Training ends early once `|s_t - s_{t-1}|` is at most this.
  let tolerance: Double

  var description: String { "fixedPoint(\(solver))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard batches >= 1, batches <= steps else {
      throw refused("a mean over the last \(batches) of \(steps) steps", "use 1...\(steps)")
    }
    guard tolerance >= 0, tolerance < .infinity else {
      throw refused("a tolerance of \(tolerance)", "use a finite number, at least 0")
    }
    let most = ImplicitGradient.countLimit
    if case .neumann(let terms) = solver, terms < 1 || terms > most {
      throw refused("a series of \(terms) terms", "use 1...\(most), or firstOrder for none")
    }
    let uses = try problem.stepProgram().uses(.hyper)
    for ((name, isUsed), index) in zip(zip(problem.hyperNames, uses), 0...) {
      guard isUsed || problem.outerUses[index] else {
        throw refused(
          problem.initialUses[index]
            ? "\(name) moves only the point where training starts, on which a fixed point does not "
              + "depend"
            : "neither a step nor the outer loss reads \(name)",
          problem.initialUses[index]
            ? "use reverse or forward" : "remove it from the hyperparameters")
      }
    }
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try solve(run, from: nil).result
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    FixedPointSession(method: self)
  }

  func solve(_ run: Run, from start: [Double]?) throws -> (result: EstimatorResult, q: [Double]) {
    let problem = run.problem
    let types = problem.stateTypes
    let states = try run.states(2)
    try run.begin(at: states[0])
    var t = 0
    var change = Double.infinity
    while t < run.steps, t == 0 || change > tolerance {
      t += 1
      try run.step(t, from: states[t - 1], to: states[t])
      if tolerance > 0 { change = states[t].distance(to: states[t - 1]) }
    }
    run.cost.steps = t
    run.end = states[t]
    try requireMovement(run)
    let loss = try run.outer()
    // The other slot is free for one more step from s*, for each map.
    let stationarity = try defect(run, into: states[t + 1])
    var b = [Double](repeating: 0, count: types.floatingCount)
    run.adjoint.read(into: &b)
    let direct = TensorBuffers(problem.hyperTypes)
    direct.copy(from: run.sum)
    guard loss.isFinite, stationarity.isFinite, b.allSatisfy({ $0.isFinite }) else {
      try run.requireFinite(loss: .nan, gradient: [])
      throw BilevelError.innerProblem(
        outcome: "the state or the outer loss is not finite",
        remedy: "lower the learning rate, or start elsewhere")
    }

    // q A and q B come together; the sum is filled with B terms on the way and reset in the end.
    run.countAdjoint()
    let share = 1 / Double(batches)
    func product(_ q: [Double], _ y: inout [Double]) throws {
      for index in y.indices { y[index] = q[index] }
      for step in (run.steps - batches + 1)...run.steps {
        run.adjoint.write(q)
        try run.adjointStep(step, at: run.end)
        run.adjoint.add(-share, to: &y)
      }
    }
    let method = solver.solver(single: types.hasSinglePrecision)
    let warm = if case .gmres = solver { start } else { [Double]?.none }
    let solution = try method.solve(product, b, from: warm)
    if !solution.outcome.isConverged, solution.outcome != .approximation, !(solution.residual < 1) {
      throw BilevelError.linearSystem(
        estimator: description, outcome: solution.outcome.description,
        residual: solution.residual, remedy: solution.outcome.advice ?? "")
    }
    run.sum.copy(from: direct)
    var scaled = solution.x
    scaled.set(share, solution.x)
    for step in (run.steps - batches + 1)...run.steps {
      run.adjoint.write(scaled)
      try run.adjointStep(step, at: run.end)
    }
    var result = try run.result(
      loss: loss,
      programs: [problem.stepProgram(), problem.adjointProgram(), problem.outerProgram()])
    result.diagnostics.implicit = ImplicitDiagnostics(
      inner: InnerEnd(
        tolerance: tolerance > 0 ? tolerance : nil, outcome: nil, iterations: t, gradients: t),
      stationarity: stationarity, solution: solution)
    return (result, solution.x)
  }

  /// `|mean Phi(s*) - s*|`
  private func defect(_ run: Run, into next: TensorBuffers) throws -> Double {
    var sum = [Double](repeating: 0, count: run.problem.stateTypes.floatingCount)
    run.end.add(-1, to: &sum)
    for step in (run.steps - batches + 1)...run.steps {
      try run.step(step, from: run.end, to: next)
      next.add(1 / Double(batches), to: &sum)
    }
    return sum.norm
  }

  /// Refuses optimizer hyperparameters that have no effect where the gradient and the buffers are
  /// zero: they do not move a fixed point.
  private func requireMovement(_ run: Run) throws {
    let problem = run.problem
    guard let objective = problem.objective else { return }
    let inLoss = try problem.lossUses(objective)
    let inUpdate = try problem.updateUses(objective)
    let suspects = problem.hyperTypes.indices.filter {
      inUpdate[$0] && !inLoss[$0] && !problem.outerUses[$0]
    }
    if suspects.isEmpty { return }
    let rest = try run.states(1)[0]
    rest.setZero()
    run.weights(of: rest).copy(from: run.end)
    let gradient = run.weights(1)[0]
    gradient.setZero()
    let ones = try problem.stateTypes.map { type in
      try Tensor(repeating: 1, shape: type.shape, dtype: type.dtype).materialized()
    }
    let part = TensorMemory(problem.hyperTypes)
    let program = try problem.updateAdjointProgram(objective)
    run.bind(program, step: run.steps)
    program.bind(.state, to: rest)
    program.bind(.gradient, to: gradient)
    program.bind(.adjoint, to: TensorBuffers(holding: ones))
    program.bind(.direction, to: run.weights(1)[0])
    program.bind(.hyperSlope, to: part[0])
    try program.run()
    let effects = part.tensors
    for index in suspects where try effects[index].doubles().allSatisfy({ $0 == 0 }) {
      throw refused(
        "\(problem.hyperNames[index]) only scales how training approaches its fixed point, which does "
          + "not depend on it", "use reverse, forward or a truncated method")
    }
  }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .implicit, products: .solve, memory: .constant,
      exact: .solution("|Phi(s) - s| and residual to 0"))
  }
}

/// Fixed-point hypergradients along lambda: each solve starts from the last q.
final class FixedPointSession: HypergradientSession {
  private let method: FixedPointGradient
  private var q: [Double]?

  init(method: FixedPointGradient) { self.method = method }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let (result, q) = try method.solve(run, from: q)
    self.q = q
    return result
  }

  func beginTraining(at hyper: [Tensor], over window: Window) {}
  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}

extension TensorBuffers {
  /// The 2-norm of the difference of two states.
  fileprivate func distance(to other: TensorBuffers) -> Double {
    var difference = [Double](repeating: 0, count: types.floatingCount)
    add(1, to: &difference)
    other.add(-1, to: &difference)
    return difference.norm
  }
}
