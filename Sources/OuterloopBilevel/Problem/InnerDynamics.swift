public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// Training as a dynamical system: `s_0 = initial(lambda)`, `s_t = step(s_{t-1}, lambda, batch_t, t)`
/// for t = 1...T. Nothing mutates, so any step can be replayed.
public struct InnerDynamics<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// T, at least 1.
  public var steps: Int
  public var batches: Batches<Batch>
  public var initial: @Sendable (Hyper) throws -> State
  public var step: @Sendable (State, Hyper, Batch, Time) throws -> State

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

  /// A loss and an optimizer. The optimizer is made anew in each traced step, so that any of its
  /// numbers may be a hyperparameter or a schedule.
  public init<Weights: Structure>(
    steps: Int, batches: Batches<Batch>,
    weights: @escaping @Sendable (Hyper) throws -> Weights,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer,
    loss: @escaping @Sendable (Weights, Hyper, Batch) throws -> Tensor
  ) where State == TrainingState<Weights> {
    self.steps = steps
    self.batches = batches
    initial = { hyper in
      try optimizer(hyper, Time(step: 0)).initialState(try weights(hyper))
    }
    step = { state, hyper, batch, time in
      let gradient = try gradient(at: state.weights) { try loss($0, hyper, batch) }
      return try optimizer(hyper, time).update(state, gradient: gradient, time: time)
    }
  }
}
