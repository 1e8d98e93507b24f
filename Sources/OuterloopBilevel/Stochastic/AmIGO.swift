internal import OuterloopAutodiff
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
/// In an outer loop lambda moves every so many steps of one continued training. As a single
/// hypergradient: T steps from s_0, N steps from v = 0, the same for both. The linear steps take
/// the batches that follow the window's; where training ends with it, its own again.
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
    _ = try problem.requireSeparateHyperparameters(self)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    AlternatingUpdates(
      try problem.requireSeparateHyperparameters(self), LinearSystem(problem, rate: rate),
      linearSteps: linearSteps, carriesSystem: carriesSystem)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try session(run.problem).hypergradient(run)
  }

  var schedule: TrainingSchedule { .throughout(every: every) }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .concurrent, products: .solve, memory: .constant,
      exact: .solution(
        carriesSystem ? "many steps, falling step sizes on minibatches" : "many linear steps"))
  }
}

extension CompiledProblem {
  /// (w, batch, lambda, v, b, r) -> v - r (H v + b)
  fileprivate func linearStepProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram(
      "linearStep", with: [.direction, .outerSlope, .rate], writes: [.newDirection]
    ) { x in
      let v = x[.direction]
      let product = try hessianVectorProduct(at: x[.weights], along: v) {
        try objective.loss($0, x[.hyper], x[.batch])
      }.product
      let moved = zip(v, zip(product, x[.outerSlope])).map { v, slope in
        v - x.number(.rate).cast(to: v.dtype) * (slope.0 + slope.1)
      }
      return [.newDirection: moved]
    }
  }

  /// (w, batch, lambda, v, g0) -> g0 + N v
  fileprivate func crossProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram("cross", with: [.direction, .sum], writes: [.newSum]) { x in
      let product = try jointProduct(at: x[.weights], x[.hyper], along: x[.direction]) {
        try objective.loss($0, $1, x[.batch])
      }.hyperProduct
      return [.newSum: zip(x[.sum], product).map { $0 + $1 }]
    }
  }
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

  /// A training from s_0 starts with v = 0; one that continues from weights keeps v.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    if window.start == nil { system.reset() }
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let move = try problem.linearStepProgram(objective)
    let cross = try problem.crossProgram(objective)
    run.cost.stateBytes += 2 * system.byteCount
    try run.train()
    // b in the adjoint, g0 in the sum.
    let loss = try run.outer()
    run.countAdjoint()
    let weights = run.weights(of: run.end)

    if !carriesSystem { system.reset() }
    for n in 0..<linearSteps {
      run.bind(move, batch: try run.batch(beyond: n))
      move.bind(.weights, to: weights)
      move.bind(.direction, to: system.v)
      move.bind(.outerSlope, to: run.weights(of: run.adjoint))
      move.bind(.rate, to: system.stepSize)
      move.bind(.newDirection, to: system.target)
      try move.run()
      system.advance()
      run.cost.products += 1
    }

    run.bind(cross, batch: try run.batch(beyond: linearSteps))
    cross.bind(.weights, to: weights)
    cross.bind(.direction, to: system.v)
    cross.bind(.sum, to: run.sum)
    try run.runIntoSum(cross)
    run.cost.products += 1
    try system.requireFinite(run)
    return try run.result(
      loss: loss,
      programs: [problem.stepProgram(), problem.outerProgram(), move, cross])
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
