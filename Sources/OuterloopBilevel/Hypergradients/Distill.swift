internal import OuterloopNumerics

/// Online hypergradient distillation (HyperDistill, Lee et al. ICLR 2022, Alg. 3 and 4): what lambda
/// did through all steps so far is told by one product at an averaged state,
///
///     s*_t = p_t s*_{t-1} + (1 - p_t) s_{t-1},   p_t = (gamma - gamma^t) / (1 - gamma^t),  s*_1 = s_0
///     v_t  = grad E(w_t) dPhi(s*_t, lambda; D*_t)/dlambda
///     g_t  = dE/dlambda(w_t) + theta (1 - gamma^t) / (1 - gamma) v_t
///
/// so that s*_t weights s_{i-1} by gamma^(t-i); D*_t is drawn from the batches with the same weights.
/// gamma = 1 is the limit: p_t = (t - 1)/t, factor t. gamma = 0 with theta = 1 is the one-step method.
/// Where A = gamma I and B is constant, theta is 1 and g_t is exact.
///
/// `theta` corrects the length, by regression on DrMAD's hypergradients of all horizons s = 1...T (see
/// `DistillationScale`), estimated anew every `period` trainings from where they start.
///
/// Differences from the paper: Phi is the real step, so the optimizer's momentum and adaptive rates
/// are differentiated too and buffers are averaged with the weights; the direction is not normalised
/// (the paper's pi_t v / ||v|| with the norm cancelled); where E does not touch lambda the paper
/// drops the factor of v_t, which we keep.
///
/// Time: T steps, and 1 product and 1 gradient of E for each update; every `period` trainings T more
/// steps and 2 T products. Memory: O(P + Q); while theta is estimated 2 states more and T numbers.
struct Distill: HypergradientMethod {
  let gamma: Double
  /// Trainings between estimates of theta; nil for theta = 1.
  let period: Int?

  var description: String {
    "distill(gamma: \(gamma), period: \(period.map(String.init) ?? "none"))"
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard gamma >= 0, gamma <= 1 else {
      throw refused("gamma is \(gamma)", "use a number in 0...1; 0 is oneStep")
    }
    if let period, period < 1 {
      throw refused("theta every \(period) trainings", "use 1 or more, or nil for theta = 1")
    }
    try problem.requireInitialEffect(of: self, steps: steps)
    _ = try DistilledBatch(problem, of: self)
  }

  /// As a single hypergradient: one training at fixed lambda, and g_T.
  func run(_ run: Run) throws -> EstimatorResult {
    let session = try Distillation(self, run.problem)
    try session.beginTraining(at: run.hyper, over: run.window)
    return try session.hypergradient(run)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    try Distillation(self, problem)
  }

  var schedule: TrainingSchedule { .online(every: 1) }

  /// p_t, the share of the old average.
  static func share(gamma: Double, step t: Int) -> Double {
    if gamma == 1 { return Double(t - 1) / Double(t) }
    return (gamma - power(gamma, t)) / (1 - power(gamma, t))
  }

  /// (1 - gamma^t) / (1 - gamma) = 1 + gamma + ... + gamma^(t-1)
  static func horizon(gamma: Double, steps t: Int) -> Double {
    gamma == 1 ? Double(t) : (1 - power(gamma, t)) / (1 - gamma)
  }

  static func power(_ x: Double, _ n: Int) -> Double {
    (0..<n).reduce(1) { product, _ in product * x }
  }
}

/// The averages of one training, and theta from training to training.
final class Distillation: HypergradientSession {
  private let method: Distill
  private let problem: CompiledProblem
  /// s*_t and D*_t, of the training under way.
  private let average: [Storage]
  private var batch: DistilledBatch
  /// Steps of this training in the averages.
  private var steps = 0
  private var trainings = 0
  private(set) var theta = 1.0
  private var estimationCost = Cost()

  init(_ method: Distill, _ problem: CompiledProblem) throws {
    self.method = method
    self.problem = problem
    batch = try DistilledBatch(problem, of: method)
    average = problem.stateTypes.map { Storage(byteCount: $0.byteCount) }
  }

  func beginTraining(at hyper: [Tensor], over window: Window) throws {
    steps = 0
    batch.clear()
    if let period = method.period, trainings % period == 0 {
      let run = try Run(problem, hyper: hyper, window: window)
      theta = try DistillationScale(gamma: method.gamma).estimate(run, batch)
      estimationCost = run.cost
    }
    trainings += 1
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let target = average.map(\.pointer)
    let states = run.states(2)
    try run.begin(at: states.pointers(0))
    for t in 1...run.steps {
      steps += 1
      let keep = Distill.share(gamma: method.gamma, step: steps)
      let before = states.pointers((t - 1) % 2)
      if steps == 1 {
        target.copy(from: before, problem.stateTypes)
      } else {
        target.move(to: before, share: 1 - keep, problem.stateTypes)
      }
      try batch.take(run.batch(t), keep: keep, number: run.window.batch + t)
      try run.step(t, in: states, from: (t - 1) % 2, to: t % 2)
    }
    run.cost.steps = run.steps
    run.end = states.pointers(run.steps % 2)
    let (loss, _, _) = try run.outer()
    let effect = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    try withExtendedLifetime(effect) {
      try run.effect(
        of: run.adjoint, at: target, batch: batch.tensors, step: run.steps,
        into: effect.map(\.pointer))
      let factor = theta * Distill.horizon(gamma: method.gamma, steps: steps)
      run.sum.add(factor, effect.map(\.pointer), problem.hyperTypes)
    }
    run.cost.stateBytes += 2 * problem.stateBytes
    run.cost.products += estimationCost.products
    run.cost.recomputedSteps += estimationCost.steps
    estimationCost = Cost()
    var result = try run.result(
      loss: loss,
      stages: [problem.stepStage(), problem.effectStage(), problem.outerStage()])
    result.diagnostics.theta = theta
    return result
  }
}

extension Run {
  /// a B at any state and batch: what lambda does through step t there.
  func effect(
    of adjoint: Pointers, at state: Pointers, batch: [Tensor], step t: Int, into part: Pointers
  ) throws {
    let stage = try problem.effectStage()
    bindHyper(stage)
    try stage.prepare()
    bind(stage, step: t)
    let first = problem.stateTypes.count
    stage.bind(inputs: 0, to: state)
    stage.bind(inputs: first, to: batch.map(\.memory))
    stage.bind(
      inputs: first + problem.batchTypes.count + 2 + problem.hyperTypes.count, to: adjoint)
    stage.bind(outputs: 0, to: part)
    try withExtendedLifetime(batch) { try stage.run() }
    cost.products += 1
  }
}
