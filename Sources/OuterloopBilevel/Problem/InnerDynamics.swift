public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// Training as a dynamical system: `s_0 = initial(lambda)`, `s_t = step(s_{t-1}, lambda, batch_t, t)`
/// for t = 1...T. Nothing mutates, so any step can be replayed.
public struct InnerDynamics<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// T, at least 1.
  public var steps: Int
  /// The batch of step t is number t - 1. Online runs continue counting past T.
  public var batches: Batches<Batch>
  /// s_0 as a function of lambda.
  public var initial: @Sendable (Hyper) throws -> State
  /// s_t from s_{t-1}, lambda, the batch and the time of the step.
  public var step: @Sendable (State, Hyper, Batch, Time) throws -> State
  /// The loss and the optimizer that the step is made of. Without it, methods that need the two
  /// separately (implicit, differences, stochastic) refuse the problem.
  public var objective: InnerObjective<State, Hyper, Batch>?

  /// Any pure step function.
  public init(
    steps: Int, batches: Batches<Batch>, initial: @escaping @Sendable (Hyper) throws -> State,
    step: @escaping @Sendable (State, Hyper, Batch, Time) throws -> State
  ) {
    self.steps = steps
    self.batches = batches
    self.initial = initial
    self.step = step
  }

  /// A loss and an optimizer of any state: `step = update(s, grad_w loss)`.
  public init(
    steps: Int, batches: Batches<Batch>, initial: @escaping @Sendable (Hyper) throws -> State,
    objective: InnerObjective<State, Hyper, Batch>
  ) {
    self.init(steps: steps, batches: batches, initial: initial) { state, hyper, batch, time in
      let gradient = try gradient(at: objective.weights(state)) { weights in
        try objective.loss(objective.replacing(state, weights), hyper, batch)
      }
      return try objective.update(state, gradient, hyper, time)
    }
    self.objective = objective
  }

  /// A loss and an optimizer. The optimizer is created in each traced step, so that any of its
  /// settings may be a hyperparameter or a schedule.
  public init<Weights: Structure>(
    steps: Int, batches: Batches<Batch>,
    weights: @escaping @Sendable (Hyper) throws -> Weights,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper, Batch) throws -> Tensor
  ) where State == TrainingState<Weights> {
    self.init(
      steps: steps, batches: batches,
      initial: { hyper in
        try optimizer(hyper, Time(step: 0)).initialState(try weights(hyper))
      },
      objective: InnerObjective(optimizer: optimizer, loss: loss))
  }
}

/// The two parts of a step of training: a loss of the weights, and what an optimizer does with its
/// gradient,
///
///     s_t = update(s_{t-1}, grad_w loss(w_{t-1}, lambda, batch_t), lambda, t).
///
/// Methods that look at the solution rather than at the path (implicit, stochastic, penalty), and
/// those that replace second derivatives by differences of gradients, need them separately.
public struct InnerObjective<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// L(w, lambda, batch), a scalar. It may read the weights of the state only.
  public var loss: @Sendable (State, Hyper, Batch) throws -> Tensor
  /// The optimizer: (s, grad_w L, lambda, time) -> s', with one gradient for each weight tensor.
  public var update: @Sendable (State, [Tensor], Hyper, Time) throws -> State
  /// The weights among the tensors of the state: they must come first.
  public var weights: @Sendable (State) -> [Tensor]
  /// How often L is differentiable with respect to the weights. Methods that need second derivatives
  /// refuse a loss declared to have first ones only, such as one with kinks in the weights.
  public var smoothness = Smoothness.twice
  /// The optimizer behind `update`, if it is one of this package's.
  var optimizer: (@Sendable (Hyper, Time) throws -> Optimizer)?

  /// A loss of the weights in a state, and how its gradient moves the state.
  public init(
    weights: @escaping @Sendable (State) -> [Tensor],
    loss: @escaping @Sendable (State, Hyper, Batch) throws -> Tensor,
    update: @escaping @Sendable (State, [Tensor], Hyper, Time) throws -> State
  ) {
    self.weights = weights
    self.loss = loss
    self.update = update
  }

  /// A loss of trained weights and one of the package's optimizers.
  public init<Weights: Structure>(
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper, Batch) throws -> Tensor
  ) where State == TrainingState<Weights> {
    self.init(
      weights: { $0.weights.leaves }, loss: { try loss($0.weights, $1, $2) },
      update: { state, gradient, hyper, time in
        try optimizer(hyper, time).update(
          state, gradient: state.weights.replacingLeaves(gradient), time: time)
      })
    self.optimizer = optimizer
  }

  /// The state with other weights.
  func replacing(_ state: State, _ weights: [Tensor]) -> State {
    state.replacingLeaves(weights + state.leaves.dropFirst(weights.count))
  }
}

/// How often a loss is differentiable.
public enum Smoothness: Sendable, Hashable {
  /// Its gradient has no derivative, or none that says anything.
  case once
  /// As often as any method needs.
  case twice
}
