internal import OuterloopNumerics

/// The one-step hypergradient with a difference in place of the second derivative (DARTS, Liu et al.
/// 2019, Eq. 8): with `u` the adjoint of the inner gradient in the last step (-eta grad E(w_T) under
/// SGD),
///
///     e = radius / ||u||
///     N u  ~  [ grad_lambda L(w_{T-1} + e u) - grad_lambda L(w_{T-1} - e u) ] / (2 e)
///     g = dE/dlambda(w_T) + (a dupdate/dlambda) + N u
///
/// The weights are moved, never lambda, so two evaluations serve any number of hyperparameters. The
/// optimizer is differentiated exactly: momentum, decay and Adam enter `u`, and hyperparameters of
/// the optimizer itself are exact. The moved weights are copies: nothing drifts.
///
/// For losses that have first derivatives only, or to compare with work that uses it; `.oneStep` costs
/// as much and is exact. The error is O(e^2), and zero where grad_lambda L is at most quadratic in w.
///
/// Time: T steps, 1 gradient of E and 2 gradients of L by lambda. Memory: O(P + Q).
struct FiniteDifference: HypergradientMethod {
  /// The length of the move of the weights; DARTS takes 0.01.
  let radius: Double

  var description: String { "finiteDifference(radius: \(radius))" }

  var needsSecondDerivatives: Bool { false }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard radius > 0, radius.isFinite else {
      throw refused("a move of \(radius)", "use a positive length, such as 0.01")
    }
    _ = try problem.requireObjective(self)
    try problem.requireInitialEffect(of: self, steps: steps)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let objective = try problem.requireObjective(self)
    let last = run.steps
    let states = run.states(2)
    try run.begin(at: states.pointers(0))
    if last > 1 {
      for t in 1..<last { try run.step(t, in: states, from: (t - 1) % 2, to: t % 2) }
    }
    let before = states.pointers((last - 1) % 2)
    let after = states.pointers(last % 2)
    let weights = Array(before.prefix(problem.weightTypes.count))

    // The last step in its two parts: the gradient is wanted again.
    let gradient = run.weights(1)
    let lossStage = try problem.lossStage(objective)
    let updateStage = try problem.updateStage(objective)
    try run.prepareLoss(lossStage)
    run.bindLoss(lossStage, weights: weights, step: last)
    let value = Storage(byteCount: 8)
    try withExtendedLifetime(value) {
      lossStage.bind(outputs: 0, to: [value.pointer] + gradient.pointers(0))
      try lossStage.run()
    }
    run.bindUpdate(updateStage, state: before, gradient: gradient.pointers(0), step: last)
    updateStage.bind(outputs: 0, to: after)
    try updateStage.prepare()
    try updateStage.run()
    run.cost.steps = last
    run.end = after
    let (loss, _, _) = try run.outer()
    run.countAdjoint()

    // u, and what lambda does in the optimizer itself.
    let adjointStage = try problem.updateAdjointStage(objective)
    let direction = run.weights(1).pointers(0)
    let part = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    let pointers = part.map(\.pointer)
    run.bindUpdate(adjointStage, state: before, gradient: gradient.pointers(0), step: last)
    adjointStage.bind(inputs: run.updateExtra, to: run.adjoint)
    adjointStage.bind(outputs: 0, to: direction + pointers)
    try withExtendedLifetime(part) {
      try adjointStage.prepare()
      try adjointStage.run()
      run.sum.add(1, pointers, problem.hyperTypes)

      let length = direction.dot(direction, problem.weightTypes).squareRoot()
      guard length > 0, length.isFinite else { return }
      let epsilon = radius / length
      let stage = try problem.hyperLossStage(objective)
      let moved = run.weights(1).pointers(0)
      try run.prepareLoss(stage)
      for sign in [1.0, -1] {
        moved.copy(from: weights, problem.weightTypes)
        moved.add(sign * epsilon, direction, problem.weightTypes)
        run.bindLoss(stage, weights: moved, step: last)
        stage.bind(outputs: 0, to: pointers)
        try stage.run()
        run.sum.add(sign / (2 * epsilon), pointers, problem.hyperTypes)
      }
    }
    return try run.result(
      loss: loss,
      stages: [lossStage, updateStage, adjointStage, try problem.outerStage()])
  }
}
