internal import OuterloopNumerics

/// Forward mode (Franceschi et al. 2017): carry the derivative of the state by every hyperparameter,
///
///     Z_0 = ds_0/dlambda;   Z_t = A_t Z_{t-1} + B_t;   g = dE/dlambda + dE/ds Z_T.
///
/// Z is updated from s_{t-1}, in the same program that takes the step, for all hyperparameters in
/// one batched product.
///
/// Time: T (1 + Q) steps' worth. Memory: Q + 1 states, whatever T: right for few hyperparameters
/// and long runs.
struct Forward {
  /// Tangents beyond this many bytes are refused.
  static let memoryLimit = 4 << 30

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let state = try ForwardState(run)
    for t in 1...problem.steps { try state.step(t) }
    run.cost.steps = problem.steps
    let loss = try state.hypergradient()
    return try run.result(
      loss: loss, stages: [problem.tangentStage(), problem.outerStage()])
  }
}

/// State and tangents between steps of forward mode; kept across updates by real-time methods.
struct ForwardState {
  private let run: Run
  private let states: StateMemory
  private let tangents: [Storage]

  /// s_0 and Z_0.
  init(_ run: Run) throws {
    self.run = run
    let problem = run.problem
    states = run.states(2)
    tangents = problem.stateTypes.map { Storage(byteCount: $0.byteCount * problem.hyperCount) }
    // By the law of forward mode: Q tangents and one state; the second state is working memory.
    run.cost.stateBytes = (problem.hyperCount + 1) * problem.stateBytes
    run.cost.liveStates = problem.hyperCount + 1

    try run.begin(at: states.pointers(0))
    let initial = try problem.initialTangentStage()
    initial.bind(inputs: 0, to: run.hyper.map(\.memory))
    initial.bind(outputs: 0, to: tangents.map(\.pointer))
    try initial.prepare()
    try initial.run()
    try bind()
    run.end = states.pointers(0)
  }

  /// Binds hyperparameters and tangents for the steps that follow; to be called again when another
  /// run may have used the programs.
  func bind() throws {
    try run.change(hyper: run.hyper)
    let problem = run.problem
    let stage = try problem.tangentStage()
    let first = problem.stateTypes.count + problem.batchTypes.count + 2 + problem.hyperTypes.count
    stage.bind(inputs: first, to: tangents.map(\.pointer))
    stage.bind(outputs: problem.stateTypes.count, to: tangents.map(\.pointer))
  }

  /// s_t and Z_t.
  func step(_ t: Int) throws {
    try run.tangentStep(t, from: states.pointers(t - 1), to: states.pointers(t))
    run.end = states.pointers(t)
  }

  /// Leaves dE/dlambda + dE/ds Z in the run's sum; returns E.
  func hypergradient() throws -> Double {
    let problem = run.problem
    let (loss, _, _) = try run.outer()
    let stage = try problem.contractionStage()
    // Pointers do not keep the tangents alive.
    try withExtendedLifetime(tangents) {
      stage.bind(inputs: 0, to: run.adjoint + tangents.map(\.pointer) + run.sum)
      try run.runIntoSum(stage)
    }
    return loss
  }
}

extension Run {
  /// One step of state and tangents (in place).
  func tangentStep(_ t: Int, from: Pointers, to: Pointers) throws {
    let stage = try problem.tangentStage()
    bind(stage, step: t)
    stage.bind(inputs: 0, to: from)
    stage.bind(outputs: 0, to: to)
    try stage.run()
    cost.products += problem.hyperCount
  }
}
