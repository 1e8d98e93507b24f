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
struct Forward: HypergradientMethod {
  var description: String { "forward" }

  /// Tangents beyond this many bytes are refused.
  static let memoryLimit = 4 << 30

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try problem.requireTangentMemory(of: self)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let state = try ForwardState(run)
    for t in 1...run.steps { try state.step(t) }
    run.cost.steps = run.steps
    let loss = try state.hypergradient()
    return try run.result(
      loss: loss, stages: [problem.tangentStage(), problem.outerStage()])
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    IndependentUpdates(method: self)
  }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }
}

extension CompiledProblem {
  /// Refuses trajectories of more bytes than the machine has.
  func requireTrajectoryMemory(
    of method: some HypergradientMethod, states count: Int
  ) throws {
    let bytes = count.multipliedReportingOverflow(by: stateBytes)
    guard bytes.overflow || bytes.partialValue > ProcessEnvironment.physicalBytes else { return }
    throw method.refused(
      "a trajectory of \(count) states of \(stateBytes) bytes is more than the memory of this machine, "
        + "\(ProcessEnvironment.physicalBytes) bytes", "use reverse(memory:), reversible or forward"
    )
  }

  /// Refuses tangents beyond `Forward.memoryLimit`.
  func requireTangentMemory(of method: some HypergradientMethod) throws {
    let bytes = (hyperCount + 1).multipliedReportingOverflow(by: stateBytes)
    let limit = Forward.memoryLimit
    guard !bytes.overflow, bytes.partialValue <= limit else {
      throw method.refused(
        "\(hyperCount) hyperparameters need a tangent of \(stateBytes) bytes each, more than the "
          + "limit of \(limit) bytes in all", "use reverse")
    }
  }
}

/// State and tangents between steps of forward mode; real-time methods keep the tangents from
/// window to window.
struct ForwardState {
  private let run: Run
  private let states: StateMemory
  let tangents: [Storage]

  /// The state before the window, with the tangents kept so far; without them Z_0 is that of s_0,
  /// or 0 at a state that is given.
  init(_ run: Run, tangents kept: [Storage]? = nil) throws {
    self.run = run
    let problem = run.problem
    states = run.states(2)
    tangents =
      kept
      ?? problem.stateTypes.map { Storage(byteCount: $0.byteCount * problem.hyperCount) }
    // By the law of forward mode: Q tangents and one state; the second state is working memory.
    run.cost.stateBytes = (problem.hyperCount + 1) * problem.stateBytes
    run.cost.liveStates = problem.hyperCount + 1

    try run.begin(at: states.pointers(0))
    run.end = states.pointers(0)
    if kept == nil { try start() }

    let stage = try problem.tangentStage()
    run.bindHyper(stage)
    try stage.prepare()
    let first = problem.stateTypes.count + problem.batchTypes.count + 2 + problem.hyperTypes.count
    stage.bind(inputs: first, to: tangents.map(\.pointer))
    stage.bind(outputs: problem.stateTypes.count, to: tangents.map(\.pointer))
  }

  private func start() throws {
    let problem = run.problem
    guard run.window.start == nil else {
      for storage in tangents {
        storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
      }
      return
    }
    let initial = try problem.initialTangentStage()
    initial.bind(inputs: 0, to: run.hyper.map(\.memory))
    initial.bind(outputs: 0, to: tangents.map(\.pointer))
    try initial.prepare()
    try initial.run()
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
