internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The state through which distillation propagates lambda's effects, when it estimates their
/// length.
public enum DistilledState: Sendable, Hashable {
  /// Weights and the optimizer's buffers: momentum propagates effects.
  case whole
  /// The weights only, as the paper does: momentum is ignored.
  case weights
}

/// Online hypergradient distillation (HyperDistill, Lee et al. ICLR 2022, Alg. 3 and 4): the effect
/// of lambda through all steps so far is summarised by one product at an averaged state,
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
/// `DistillationScale`), re-estimated every `period` trainings from their initial state.
///
/// Differences from the paper: Phi is the real step, so the optimizer's momentum and adaptive rates
/// are differentiated too and buffers are averaged with the weights (`DistilledState.weights` is the
/// paper's: theta as if a step knew the weights only); the direction is not normalised (the paper's
/// pi_t v / ||v|| with the norm cancelled); where E does not touch lambda the paper drops the factor
/// of v_t, which we keep.
///
/// Time: T steps, and 1 product and 1 gradient of E for each update; every `period` trainings T more
/// steps and 2 T products. Memory: O(P + Q); while theta is estimated 2 states more and T numbers.
struct Distill: HypergradientMethod {
  let gamma: Double
  /// Trainings between estimates of theta; nil for theta = 1.
  let period: Int?
  let state: DistilledState

  var description: String {
    "distill(gamma: \(gamma), period: \(period.map(String.init) ?? "none")"
      + (state == .weights ? ", through: weights)" : ")")
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard gamma >= 0, gamma <= 1 else {
      throw refused("gamma is \(gamma)", "use a number in 0...1; 0 is oneStep")
    }
    if let period, period < 1 {
      throw refused("theta every \(period) trainings", "use 1 or more, or nil for theta = 1")
    }
    try problem.requireInitialEffect(of: self, steps: steps)
    if state == .weights { _ = try problem.requireObjective(self) }
    _ = try DistilledBatch.size(problem, of: self)
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

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .one, memory: .constant,
      exact: .limit("derivatives of a step that are gamma I by the state and constant by lambda"))
  }
}

extension Slot {
  /// s* and D*
  fileprivate static let average = Slot("average", .state)
  fileprivate static let drawn = Slot("drawn", .batch)
}

extension CompiledProblem {
  /// A local program of effect = grad_s E(s') B(s*, D*): of a step from another state.
  fileprivate func distilledProgram() throws -> BoundProgram {
    try localProgram("distilled", with: [.average, .drawn]) { x, outer in
      let (state, batch) = (x[.average], x[.drawn])
      return try vjp(at: x[.hyper], cotangent: outer) {
        try traceStep(state, batch, x.time, $0)
      }.cotangent
    }
  }
}

/// The averages of one training, and theta from training to training.
final class Distillation: HypergradientSession {
  private let method: Distill
  private let problem: CompiledProblem
  /// s*_t and D*_t, of the training under way.
  private let average: TensorBuffers
  private let batch: DistilledBatch
  /// Steps of this training in the averages.
  private var steps = 0
  private var trainings = 0
  private(set) var theta = 1.0
  private var estimationCost = Cost()

  init(_ method: Distill, _ problem: CompiledProblem) throws {
    self.method = method
    self.problem = problem
    batch = try DistilledBatch(problem, of: method)
    average = TensorBuffers(problem.stateTypes)
  }

  func beginTraining(at hyper: [Tensor], over window: Window) throws {
    steps = 0
    if let period = method.period, trainings % period == 0 {
      let run = try Run(problem, hyper: hyper, window: window)
      theta = try DistillationScale(gamma: method.gamma, state: method.state).estimate(run, batch)
      estimationCost = run.cost
    }
    batch.clear()
    trainings += 1
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    let before = steps
    run.cost.stateBytes += 2 * problem.stateBytes
    run.cost.products = 1 + estimationCost.products
    run.cost.recomputedSteps += estimationCost.steps
    estimationCost = Cost()
    let program = try problem.distilledProgram()
    program.bind(.average, to: average)
    program.bind(.drawn, to: batch.buffers)
    var result = try run.local(
      program, from: run.steps,
      factor: theta * Distill.horizon(gamma: method.gamma, steps: before + run.steps)
    ) { t, state in
      steps = before + t
      let keep = Distill.share(gamma: method.gamma, step: steps)
      if steps == 1 {
        average.copy(from: state)
      } else {
        average.move(to: state, share: 1 - keep)
      }
      batch.take(run.batch(t), keep: keep, number: run.window.batch + t)
    }
    result.diagnostics.theta = theta
    return result
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
