public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// Training as a dynamical system: `s_0 = initial(lambda)`, `s_t = step(s_{t-1}, lambda, batch_t, t)`
/// for t = 1...T. Nothing mutates, so any step can be replayed.
public struct InnerDynamics<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// T, at least 1.
  public var steps: Int
  /// The batch of step t is number t - 1. Online runs go on counting past T.
  public var batches: Batches<Batch>
  public var initial: @Sendable (Hyper) throws -> State
  public var step: @Sendable (State, Hyper, Batch, Time) throws -> State
  /// The loss and the optimizer that the step is made of. Without it, methods that need the two
  /// apart (implicit, differences, stochastic) refuse the problem.
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

  /// A loss and an optimizer. The optimizer is made anew in each traced step, so that any of its
  /// numbers may be a hyperparameter or a schedule.
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
