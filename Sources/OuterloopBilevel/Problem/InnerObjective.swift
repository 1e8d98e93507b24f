public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// The two parts of a step of training: a loss of the weights, and what an optimizer does with its
/// gradient,
///
///     s_t = update(s_{t-1}, grad_w loss(w_{t-1}, lambda, batch_t), lambda, t).
///
/// Methods that look at the solution rather than at the path (implicit, stochastic, penalty), and
/// those that replace second derivatives by differences of gradients, need them apart.
public struct InnerObjective<State: Structure, Hyper: Structure, Batch: Structure>: Sendable {
  /// L(w, lambda, batch), a scalar. It may read the weights of the state only.
  public var loss: @Sendable (State, Hyper, Batch) throws -> Tensor
  /// The optimizer: (s, grad_w L, lambda, time) -> s', with one gradient for each weight tensor.
  public var update: @Sendable (State, [Tensor], Hyper, Time) throws -> State
  /// The weights among the tensors of the state: they must come first.
  public var weights: @Sendable (State) -> [Tensor]
  /// How often L may be differentiated by the weights. Methods that need second derivatives refuse a
  /// loss that is declared to have first ones only, as those with kinks in the weights.
  public var smoothness = Smoothness.twice
  /// The optimizer behind `update`, where it is one of the package's.
  var optimizer: (@Sendable (Hyper, Time) throws -> Optimizer)?

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

/// How often a loss may be differentiated.
public enum Smoothness: Sendable, Hashable {
  case once
  case twice
}
