internal import OuterloopNumerics

/// AmIGO (Arbel and Mairal 2022, Alg. 1) and stocBiO (Ji, Yang and Liang 2021, Alg. 2): between
/// updates of lambda, some steps of training for the weights z, then N steps for the linear system at
/// the new z,
///
///     b = grad_w E(z)
///     v <- v - r (H v + b),   N times, each on a fresh minibatch
///     g = grad_lambda E(z) + N v.
///
/// AmIGO starts v where the last update left it. stocBiO starts it at 0: then v is minus the Neumann
/// series of N summands, `-r sum_{j<N} (I - r H)^j b`, and its truncation biases every hypergradient.
///
/// In an outer loop lambda moves every so many steps of one training that goes on throughout. As a
/// single hypergradient: T steps from s_0, N steps from v = 0, the same for both. The linear steps
/// take the batches that follow the window's; where training ends with it, its own again.
///
/// Where we differ: z moves by the problem's own optimizer. Number of summands: N, as stated, where
/// stocBiO's paper counts Q + 1.
///
/// Time: an update takes the steps, N + 1 products and 1 gradient, O(P + Q). Memory: 2 states, 2 v.
struct AmIGO: HypergradientMethod {
  let rate: StepSize
  let every: Int
  /// N
  let linearSteps: Int
  /// Whether v is carried from update to update.
  let carriesSystem: Bool

  var description: String {
    (carriesSystem ? "amigo" : "stocBiO")
      + "(rate: \(rate), every: \(every), linearSteps: \(linearSteps))"
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try require(rate)
    guard every >= 1 else { throw refused("an update every \(every) steps", "use 1 or more") }
    guard linearSteps >= 1 else {
      throw refused(
        "\(linearSteps) steps for the linear system leave only the direct term",
        "use 1 or more, or firstOrder")
    }
    guard linearSteps <= ImplicitGradient.countLimit else {
      throw refused(
        "\(linearSteps) steps for the linear system", "use 1...\(ImplicitGradient.countLimit)")
    }
    _ = try problem.requireSeparateNumbers(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    AlternatingUpdates(
      try problem.requireSeparateNumbers(self), LinearSystem(problem, rate: rate),
      linearSteps: linearSteps, carriesSystem: carriesSystem)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: every) }

  var needsSecondDerivatives: Bool { true }
}

/// The weights move, then the linear system.
final class AlternatingUpdates: HypergradientSession {
  private let objective: CompiledObjective
  private let system: LinearSystem
  private let linearSteps: Int
  private let carriesSystem: Bool

  init(
    _ objective: CompiledObjective, _ system: LinearSystem, linearSteps: Int, carriesSystem: Bool
  ) {
    self.objective = objective
    self.system = system
    self.linearSteps = linearSteps
    self.carriesSystem = carriesSystem
  }

  /// A training from s_0 starts with v = 0; one that goes on from weights keeps v.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    if window.start == nil { system.reset() }
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let programs = try (
      move: problem.linearStepStage(objective), cross: problem.crossStage(objective)
    )
    run.cost.stateBytes += 2 * system.byteCount
    try run.train()
    // b in the adjoint, g0 in the sum.
    let loss = try run.outer().loss
    run.countAdjoint()
    let b = Array(run.adjoint[..<system.types.count])

    if !carriesSystem { system.reset() }
    try run.prepareLoss(programs.move)
    for n in 0..<linearSteps {
      let batch = try run.batch(beyond: n)
      try withExtendedLifetime(batch) {
        run.bindLoss(programs.move, weights: run.weights(of: run.end), batch: batch)
        programs.move.bind(inputs: run.lossExtra, to: system.v + b + [system.stepSize])
        programs.move.bind(outputs: 0, to: system.target)
        try programs.move.run()
      }
      system.advance()
      run.cost.products += 1
    }

    let batch = try run.batch(beyond: linearSteps)
    try withExtendedLifetime(batch) {
      run.bindLoss(programs.cross, weights: run.weights(of: run.end), batch: batch)
      programs.cross.bind(inputs: run.lossExtra, to: system.v + run.sum)
      try run.prepareLoss(programs.cross)
      try run.runIntoSum(programs.cross)
    }
    run.cost.products += 1
    try system.requireFinite(run)
    return try run.result(
      loss: loss,
      stages: [problem.stepStage(), problem.outerStage(), programs.move, programs.cross])
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
