public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics
internal import Synchronization

/// A bilevel problem, stated once: minimise `E(s_T(lambda), lambda)` over lambda, where `s_T` is
/// where training ends. How it is differentiated is a value, `Estimator`.
///
///     let problem = BilevelProblem(
///       steps: 100, weights: { _ in start }, optimizer: { h, _ in .sgd(rate: .init(h)) },
///       loss: { w, h, _ in trainingLoss(w) }, outer: { w, h in validationLoss(w) })
///     let result = try problem.hypergradient(at: rate, by: .reverse)
///
/// Anything may be a hyperparameter: whatever the closures take from lambda. Compiled programs and
/// buffers are kept with the problem and shared by its copies, so a second call only runs.
public struct BilevelProblem<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// Initial state, training steps and batches.
  public let dynamics: InnerDynamics<State, Hyper, Batch>
  /// E(s, lambda, validation batch), a scalar.
  let evaluate: @Sendable (State, Hyper, [Tensor]) throws -> Tensor
  /// The batch that E sees at s_t is number t - 1. Where all validation data are captured by E
  /// there is nothing in it.
  let validation: Batches<[Tensor]>
  let compiled = CompiledCache()

  /// A problem from its dynamics and an outer loss E(s_T, lambda).
  public init(
    dynamics: InnerDynamics<State, Hyper, Batch>,
    outer: @escaping @Sendable (State, Hyper) throws -> Tensor
  ) {
    self.dynamics = dynamics
    evaluate = { state, hyper, _ in try outer(state, hyper) }
    validation = Batches { _ in [] }
  }

  /// An outer loss on minibatches: one hypergradient sees one batch, updates of lambda see one
  /// after the other.
  ///
  /// - Throws: what the first validation batch throws.
  public init<Validation: Structure>(
    dynamics: InnerDynamics<State, Hyper, Batch>, validation: Batches<Validation>,
    outer: @escaping @Sendable (State, Hyper, Validation) throws -> Tensor
  ) throws {
    self.dynamics = dynamics
    let template = try validation.batch(0)
    evaluate = { try outer($0, $1, template.replacingLeaves($2)) }
    self.validation = Batches { try validation.batch($0).leaves }
  }

  /// E(s_T, lambda), on the validation batch of step T.
  ///
  /// - Throws: what the outer loss and its batch throw, and `BilevelError` for a number of steps
  ///   below 1.
  public func outer(_ state: State, _ hyper: Hyper) throws -> Tensor {
    try CompiledProblem.requireSteps(dynamics.steps)
    return try evaluate(state, hyper, try validation.batch(dynamics.steps - 1))
  }

  /// A training loss with an optimizer, and an outer loss of the trained weights.
  public init<Weights: Structure>(
    steps: Int, batches: Batches<Batch>,
    weights: @escaping @Sendable (Hyper) throws -> Weights,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper, Batch) throws -> Tensor,
    outer: @escaping @Sendable (Weights, Hyper) throws -> Tensor
  ) where State == TrainingState<Weights> {
    self.init(
      dynamics: InnerDynamics(
        steps: steps, batches: batches, weights: weights, optimizer: optimizer, loss: loss),
      outer: { state, hyper in try outer(state.weights, hyper) })
  }

  /// The same for full-batch training: losses capture all their data.
  public init<Weights: Structure>(
    steps: Int, weights: @escaping @Sendable (Hyper) throws -> Weights,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper) throws -> Tensor,
    outer: @escaping @Sendable (Weights, Hyper) throws -> Tensor
  ) where State == TrainingState<Weights>, Batch == NoTensors {
    self.init(
      steps: steps, batches: .full, weights: weights, optimizer: optimizer,
      loss: { weights, hyper, _ in try loss(weights, hyper) }, outer: outer)
  }

  /// Training and validation on minibatches.
  ///
  /// - Throws: what the first validation batch throws.
  public init<Weights: Structure, Validation: Structure>(
    steps: Int, batches: Batches<Batch>, validation: Batches<Validation>,
    weights: @escaping @Sendable (Hyper) throws -> Weights,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper, Batch) throws -> Tensor,
    outer: @escaping @Sendable (Weights, Hyper, Validation) throws -> Tensor
  ) throws where State == TrainingState<Weights> {
    try self.init(
      dynamics: InnerDynamics(
        steps: steps, batches: batches, weights: weights, optimizer: optimizer, loss: loss),
      validation: validation, outer: { try outer($0.weights, $1, $2) })
  }

  /// The problem on flat lists of tensors, compiled for the types of `hyper`.
  func compiled(for hyper: Hyper) throws -> CompiledProblem {
    if let error = hyper.leaves.lazy.compactMap(\.error).first { throw error }
    guard hyper.leaves.allSatisfy(\.isConcrete) else {
      throw BilevelError.invalid(
        "lambda is traced, and a bilevel problem is solved and differentiated at values",
        remedy: "call it outside of `gradient`, `vmap`, `Compiled` and the closures of a problem")
    }
    return try compiled.problem(for: hyper) {
      try CompiledProblem(self, hyper: hyper)
    }
  }

  /// Does work on the compiled problem, one run at a time.
  func working<Result>(
    at hyper: Hyper, _ body: (CompiledProblem) throws -> Result
  ) throws -> Result {
    try compiled.working {
      let problem = try compiled(for: hyper)
      return try problem.lock.withLock { _ in try body(problem) }
    }
  }

  /// A state, for its structure: runs give tensors.
  func template(of problem: CompiledProblem, at hyper: Hyper) throws -> State {
    let state = try dynamics.initial(hyper)
    try problem.requireState(state.leaves, of: "the initial state")
    return state
  }

  /// Trains and evaluates: the outer loss and the final state.
  /// - Throws: `BilevelError` for non-finite values, a traced lambda, and closures that ask for the
  ///   same problem; `TensorError` for shapes that do not fit.
  public func solve(at hyper: Hyper) throws -> (loss: Double, state: State) {
    try working(at: hyper) { problem in
      let run = try Run(problem, hyper: hyper.leaves)
      try run.train()
      let loss = try run.outer()
      try run.requireFinite(loss: loss, gradient: [])
      let template = try template(of: problem, at: hyper)
      return (loss, template.replacingLeaves(run.finalState()))
    }
  }

  /// The hypergradient dE/dlambda at a point.
  /// - Throws: `BilevelError` for an estimator that cannot answer for this problem, non-finite values,
  ///   a traced lambda, and closures that ask for the same problem; `TensorError` for shapes that do
  ///   not fit.
  public func hypergradient(
    at hyper: Hyper, by estimator: Estimator = .reverse
  ) throws -> Hypergradient<State, Hyper> {
    try working(at: hyper) { problem in
      let result = try estimator.run(problem, hyper: hyper.leaves)
      let template = try template(of: problem, at: hyper)
      return Hypergradient(
        gradient: hyper.replacingLeaves(result.gradient), loss: result.loss,
        direct: hyper.replacingLeaves(result.direct),
        state: template.replacingLeaves(result.state), cost: result.cost,
        diagnostics: result.diagnostics)
    }
  }

  /// The plans of the programs that a hypergradient runs: instructions, fused passes, memory.
  ///
  /// - Throws: as `hypergradient(at:by:)`.
  public func plans(at hyper: Hyper, by estimator: Estimator = .reverse) throws -> String {
    _ = try hypergradient(at: hyper, by: estimator)
    return try working(at: hyper) { $0.plans }
  }

  /// Checks that an estimator can answer for this problem, without running it.
  /// - Throws: `BilevelError` with the reason and a remedy.
  public func check(_ estimator: Estimator, at hyper: Hyper) throws {
    try working(at: hyper) { try estimator.method.check($0, steps: dynamics.steps) }
  }

  /// The least budget in bytes that `.reverse(memory:)` can work within: its programs and their
  /// temporaries, the adjoint, two working states, and one stored state of which all others are
  /// computed again. More bytes are more stored states and fewer steps taken twice.
  ///
  /// - Throws: what the closures throw when they are traced, and `BilevelError` for a problem that
  ///   cannot be compiled.
  public func leastMemory(at hyper: Hyper) throws -> Int {
    try working(at: hyper) { try CheckpointedReverse.Needs($0).least }
  }
}

/// What a hypergradient call gives.
public struct Hypergradient<State: Structure, Hyper: Structure>: Sendable {
  /// dE/dlambda, with the direct term.
  public var gradient: Hyper
  /// E(s_T, lambda).
  public var loss: Double
  /// The direct term alone: the partial derivative of E by lambda at fixed s_T.
  public var direct: Hyper
  /// Where training ended.
  public var state: State
  /// What it took: steps, products, seconds, bytes.
  public var cost: Cost
  /// What the estimator says of its own answer.
  public var diagnostics: Diagnostics
}
