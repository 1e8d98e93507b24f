internal import OuterloopNumerics

/// Real-time hyperparameter optimization (Franceschi et al. 2017, Alg. 2): forward mode whose
/// hyperparameters are updated while the model trains,
///
///     every Delta steps:   lambda -= outer step along  dE/dlambda + dE/ds Z
///
/// with the state s and the tangents Z kept. With Delta = T it is one step of forward mode; with an
/// outer rate of 0, Z_T is that of forward mode. Once lambda has moved, Z mixes several values of
/// it: the method is biased by that. (FAR-HO's second mode, which resets Z and keeps the weights, is
/// `.forward` in an online run.)
///
/// Time: T (1 + Q) steps' worth in all, whatever the number of updates. Memory: Q + 1 states.
struct RealTime: HypergradientMethod {
  /// Delta
  let every: Int

  var description: String { "realTime(every: \(every))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard every >= 1 else { throw refused("an update every \(every) steps", "use 1 or more") }
    try problem.requireTangentMemory(of: self)
  }

  func run(_ run: Run) throws -> EstimatorResult { try Forward().run(run) }

  func session(_ problem: CompiledProblem) -> any HypergradientSession { KeptTangents() }

  var schedule: TrainingSchedule { .online(every: every, trainings: 1) }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    Forward().properties
  }
}

/// Forward mode that keeps its tangents through the windows of a training.
final class KeptTangents: HypergradientSession {
  private var tangents: TensorBuffers?

  func beginTraining(at hyper: [Tensor], over window: Window) { tangents = nil }

  var seesInitialState: Bool { true }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let state = try ForwardState(run, tangents: tangents)
    tangents = state.tangents
    for t in 1...run.steps { try state.step(t) }
    run.cost.steps = run.steps
    let loss = try state.hypergradient()
    return try run.result(loss: loss, programs: [problem.tangentProgram(), problem.outerProgram()])
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
}
