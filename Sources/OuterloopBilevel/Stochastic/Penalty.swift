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
/// Both y and z move by the problem's optimizer, each with buffers of its own, on the same batches: z
/// along grad L, which is plain training, y along `grad L + grad E / m`, which has the minimum of
/// E + m L and the step sizes of L. (The paper's alpha_k is our rate over m.) In an outer loop lambda
/// moves every so many steps of one training that goes on throughout, and m grows from update to
/// update: quickly, and the iteration lags behind; slowly, and the bias stays. As a single
/// hypergradient: T steps from s_0 for both, at the first multiplier. The loss, the direct term and
/// the state reported are those of z.
///
/// Where we differ: the paper draws batches for y and z apart. With the same ones their noise cancels
/// in the difference, which is multiplied by m. In single precision the difference loses digits as m
/// grows: m |grad_lambda L| should stay well below 1e7 |g|.
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
    _ = try problem.requireSeparateNumbers(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    PenaltyUpdates(self, try problem.requireSeparateNumbers(self))
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: every) }
}

/// The penalized weights y and their optimizer's buffers, carried beside the training of z.
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
    penalized = try train(run).tensors(run.problem.stateTypes)
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let y = try train(run)
    let loss = try run.outer().loss
    run.countAdjoint()

    let difference = try problem.penaltyStage(objective)
    let part = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    let strength = Storage(byteCount: 8)
    strength.pointer.storeBytes(of: multiplier, as: Double.self)
    let batch = try run.batch(beyond: 0)
    try withExtendedLifetime((part, strength, batch)) {
      let direct = part.map(\.pointer)
      _ = try run.outer(at: y, step: run.steps, state: run.adjoint, hyper: direct)
      run.bindLoss(difference, weights: run.weights(of: y), batch: batch)
      let z = run.end[..<problem.weightTypes.count]
      difference.bind(inputs: run.lossExtra, to: z + direct + [strength.pointer])
      try run.prepareLoss(difference)
      try run.runIntoSum(difference)
      run.cost.gradients += 3
    }
    let moved = y.tensors(problem.stateTypes)
    try requireFinite(moved, run)
    penalized = moved
    updates += 1
    return try run.result(
      loss: loss,
      stages: [
        problem.stepStage(), problem.outerStage(), difference, problem.penalizedStage(objective),
        problem.updateStage(objective),
      ])
  }

  /// The run's steps for z and for y. Leaves the run's end at z, and gives where y is.
  private func train(_ run: Run) throws -> StateMemory.Pointers {
    let problem = run.problem
    let weights = problem.weightTypes
    let penalizedSlope = try problem.penalizedStage(objective)
    let update = try problem.updateStage(objective)
    let slope = weights.map { Storage(byteCount: $0.byteCount) }
    let part = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    let share = Storage(byteCount: 8)
    share.pointer.storeBytes(of: 1 / multiplier, as: Double.self)
    run.cost.stateBytes += weights.reduce(0) { $0 + $1.byteCount }

    let z = run.states(2)
    let y = run.states(2)
    try run.begin(at: z.pointers(0))
    if let penalized {
      let kept = try penalized.map { try $0.materialized() }
      withExtendedLifetime(kept) {
        y.pointers(0).copy(from: $0.map(\.memory), problem.stateTypes)
      }
    } else {
      y.pointers(0).copy(from: z.pointers(0), problem.stateTypes)
    }
    try withExtendedLifetime((slope, part, share)) {
      // dE/dw at y, in the adjoint's memory.
      let b = Array(run.adjoint[..<weights.count])
      let direct = part.map(\.pointer)
      let along = slope.map(\.pointer)
      try run.prepareLoss(penalizedSlope)
      for t in 1...run.steps {
        let (old, new) = (y.pointers(t - 1), y.pointers(t))
        _ = try run.outer(at: old, step: t, state: run.adjoint, hyper: direct)
        run.bindLoss(penalizedSlope, weights: run.weights(of: old), batch: run.batch(t))
        penalizedSlope.bind(inputs: run.lossExtra, to: b + [share.pointer])
        penalizedSlope.bind(outputs: 0, to: along)
        try penalizedSlope.run()
        run.cost.gradients += 2
        try run.update(update, t, from: old, along: along, to: new)
        try run.step(t, in: z, from: t - 1, to: t)
      }
    }
    run.cost.steps = run.steps
    run.end = z.pointers(run.steps)
    return y.pointers(run.steps)
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
