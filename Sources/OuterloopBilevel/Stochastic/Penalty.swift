internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The penalty method F2SA (Kwon, Kwon, Wright and Nowak 2023, Alg. 1), with first derivatives only:
/// for a multiplier m that grows with the updates of lambda,
///
///     z ~ argmin L,   y ~ argmin E + m L
///     g = grad_lambda E(y) + m (grad_lambda L(y) - grad_lambda L(z)),
///
/// the hypergradient of `min_w (E + m L) - m min_w L`, which differs from the implicit one by O(1/m).
/// The fallback for inner losses that cannot be differentiated twice.
///
/// Both y and z are updated by the problem's optimizer, each with its own buffers, on the same
/// batches: z along grad L, which is plain training, y along `grad L + grad E / m`, which has the
/// minimum of E + m L and the step sizes of L. (The paper's alpha_k is our rate over m.) In an outer
/// loop lambda moves every so many steps of one continued training, and m grows from update to
/// update: if quickly, the iteration lags behind; if slowly, the bias stays. As a single
/// hypergradient: T steps from s_0 for both, at the first multiplier. The loss, the direct term and
/// the state reported are those of z.
///
/// Where we differ: the paper draws batches for y and z independently. With the same ones their noise
/// cancels in the difference, which is multiplied by m. In single precision the difference loses
/// digits as m grows: m |grad_lambda L| should stay well below 1e7 |g|.
///
/// Time: a step is 3 gradients, those of z, of y and of E at y; an update takes 3 more and that of E
/// at z. Memory: 4 states.
struct Penalty: HypergradientMethod {
  /// m at the first update, and what is added to it at each.
  let multiplier, growth: Double
  let every: Int

  var description: String {
    "penalty(multiplier: \(multiplier), growth: \(growth), every: \(every))"
  }

  var needsSecondDerivatives: Bool { false }

  var properties: EstimatorProperties {
    .init(
      .concurrent, products: .none, memory: .constant,
      exact: .solution("many steps and multiplier to infinity"))
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard multiplier > 0, multiplier < .infinity else {
      throw refused(
        "a multiplier of \(multiplier) does not bind y to the minimum of the inner loss",
        "use a positive number, such as 10: the error falls as its inverse")
    }
    guard growth >= 0, growth < .infinity else {
      throw refused(
        "the multiplier grows by \(growth)", "use 0 or more: the bias falls as it grows")
    }
    guard every >= 1 else { throw refused("an update every \(every) steps", "use 1 or more") }
    _ = try problem.requireSeparateHyperparameters(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    PenaltyUpdates(self, try problem.requireSeparateHyperparameters(self))
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: every) }
}

extension Slot {
  /// m and 1 / m.
  fileprivate static let multiplier = Slot("multiplier", .number)
  fileprivate static let share = Slot("share", .number)
  /// z
  fileprivate static let trained = Slot("trained", .weights)
}

extension CompiledProblem {
  /// (y, batch, lambda, b, 1/m) -> grad_w L(y) + b / m
  fileprivate func penalizedProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram("penalized", with: [.outerSlope, .share], writes: [.gradient]) { x in
      let slope = try gradient(at: x[.weights]) { try objective.loss($0, x[.hyper], x[.batch]) }
      let penalized = zip(slope, x[.outerSlope]).map {
        $0 + x.number(.share).cast(to: $0.dtype) * $1
      }
      return [.gradient: penalized]
    }
  }

  /// (y, batch, lambda, z, g0, m) -> g0 + m (grad_lambda L(y) - grad_lambda L(z))
  fileprivate func penaltyProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram("penalty", with: [.trained, .sum, .multiplier], writes: [.newSum]) { x in
      let difference = try gradient(at: x[.hyper]) {
        try objective.loss(x[.weights], $0, x[.batch])
          - objective.loss(x[.trained], $0, x[.batch])
      }
      let strength = x.number(.multiplier)
      return [.newSum: zip(x[.sum], difference).map { $0 + strength.cast(to: $1.dtype) * $1 }]
    }
  }
}

/// The penalized weights y and their optimizer's buffers, carried along with the training of z.
final class PenaltyUpdates: HypergradientSession {
  private let method: Penalty
  private let objective: CompiledObjective
  /// The state that y is part of; nil where it starts with z.
  private var penalized: [Tensor]?
  private var updates = 0

  init(_ method: Penalty, _ objective: CompiledObjective) {
    self.method = method
    self.objective = objective
  }

  /// A training from s_0 starts with y = z; one that goes on from weights keeps y, with the buffers
  /// that z starts with.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    let weights = objective.weightCount
    if let start = window.start, let kept = penalized {
      penalized = Array(kept[..<weights] + start[weights...])
    } else {
      penalized = nil
    }
  }

  /// m of the next update.
  private var multiplier: Double { method.multiplier + Double(updates) * method.growth }

  /// y takes the steps too.
  func finishTraining(_ run: Run) throws {
    penalized = try train(run).tensors
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let y = try train(run)
    let loss = try run.outer()
    run.countAdjoint()

    let direct = TensorBuffers(problem.hyperTypes)
    _ = try run.outer(at: y, step: run.steps, state: run.adjoint, hyper: direct)
    let difference = try problem.penaltyProgram(objective)
    run.bind(difference, batch: try run.batch(beyond: 0))
    difference.bind(.weights, to: run.weights(of: y))
    difference.bind(.trained, to: run.weights(of: run.end))
    difference.bind(.sum, to: direct)
    difference.bind(.multiplier, to: run.number(multiplier))
    try run.runIntoSum(difference)
    run.cost.gradients += 3
    let moved = y.tensors
    try requireFinite(moved, run)
    penalized = moved
    updates += 1
    return try run.result(
      loss: loss,
      programs: [
        problem.stepProgram(), problem.outerProgram(), difference,
        problem.penalizedProgram(objective), problem.updateProgram(objective),
      ])
  }

  /// The run's steps for z and for y. Leaves the run's end at z, and gives where y is.
  private func train(_ run: Run) throws -> TensorBuffers {
    let problem = run.problem
    let update = try problem.updateProgram(objective)
    let slope = TensorBuffers(problem.weightTypes)
    let direct = TensorBuffers(problem.hyperTypes)
    run.cost.stateBytes += slope.byteCount

    let z = try run.states(2)
    let y = try run.states(2)
    try run.begin(at: z[0])
    y[0].copy(from: try penalized.map { try run.buffers($0) } ?? z[0])
    let penalizedSlope = try problem.penalizedProgram(objective)
    // dE/dw at y, in the adjoint's memory.
    penalizedSlope.bind(.outerSlope, to: run.weights(of: run.adjoint))
    penalizedSlope.bind(.share, to: run.number(1 / multiplier))
    penalizedSlope.bind(.gradient, to: slope)
    for t in 1...run.steps {
      let (old, new) = (y[t - 1], y[t])
      _ = try run.outer(at: old, step: t, state: run.adjoint, hyper: direct)
      run.bind(penalizedSlope, step: t)
      penalizedSlope.bind(.weights, to: run.weights(of: old))
      try penalizedSlope.run()
      run.cost.gradients += 2
      try run.update(update, t, from: old, along: slope, to: new)
      try run.step(t, from: z[t - 1], to: z[t])
    }
    run.cost.steps = run.steps
    run.end = z[run.steps]
    return y[run.steps]
  }

  /// Stops if y has run away while z has not.
  private func requireFinite(_ state: [Tensor], _ run: Run) throws {
    guard try run.finalState().allSatisfy({ try $0.isAllFinite() }) else { return }
    for (tensor, name) in zip(state, run.problem.stateNames) where try !tensor.isAllFinite() {
      throw BilevelError.nonFinite(
        tensor: "\(name) of the penalized problem", step: nil,
        steps: run.window.first + run.steps,
        hint: "E / multiplier is too steep for the optimizer: raise the multiplier, or lower the "
          + "learning rate")
    }
  }

  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
