public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// Training by a learned optimizer: the weights, the optimizer's memory for each coordinate, and
/// the sum of the losses so far.
public struct LearnedTrainingState<Weights: Structure, Memory: Structure>: Structure {
  /// The weights that are trained.
  public var weights: Weights
  /// What the learned optimizer carries from step to step.
  public var memory: Memory
  /// sum of f(x_s) over the steps s < t taken, a scalar.
  public var lossSum: Tensor

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try weights.visit(path + ".weights", body)
    try memory.visit(path + ".memory", body)
    try lossSum.visit(path + ".lossSum", body)
  }
}

extension BilevelProblem {
  /// Learning to learn (Andrychowicz et al. 2016, eq. 2 to 4): train an optimizer m on the losses
  /// along its own training trajectory,
  ///
  ///     x_{t+1} = x_t + update_t;  (update_t, memory_{t+1}) = m(grad f(x_t), memory_t, phi)
  ///     E(phi) = sum over t = 0...T of f(x_t)
  ///
  /// phi, the tensors of m, are the hyperparameters. grad f(x_t) is treated as independent of phi, as
  /// in the paper: no second derivatives of f are needed, and E's derivative follows the remaining
  /// edges of the graph. `stopsGradients: false` gives the full derivative, at two more gradients per
  /// step.
  ///
  /// Truncated training, with weights and memory carried over and no differentiation across window
  /// boundaries, is the schedule `.online(every: 20)`; each window's share of the sum has the
  /// hypergradient, while the reported loss accumulates throughout the training:
  ///
  ///     try problem.minimize(
  ///       from: lstm, by: .reverse, updates: 500, with: OuterLoop(.adam(rate: 0.003)),
  ///       training: .online(every: 20))
  ///
  /// A loss reported by `onUpdate` belongs to the optimizer before that update, on the tasks it was
  /// trained on: to choose the best of several, `solve` with each on held-out tasks.
  ///
  /// Memory of reverse mode: window x (P times the state of the LSTM). Implicit, stochastic and
  /// difference methods refuse the problem: its steps are not descent on a loss by an `Optimizer`.
  ///
  /// - Parameters:
  ///   - steps: T.
  ///   - batches: the data of f at x_t: minibatches, or a new task for each T steps. f(x_T) is
  ///     taken on the batch of the last step.
  ///   - weights: x_0.
  ///   - learner: the type of the optimizer, where it cannot be inferred.
  ///   - loss: f, a scalar of weights and batch.
  /// - Throws: `BilevelError.invalid` for weights without one floating element type, and what the
  ///   first batch throws.
  public init<Weights: Structure>(
    steps: Int, batches: Batches<Batch>, weights: Weights, learner _: Hyper.Type = Hyper.self,
    stopsGradients: Bool = true,
    loss: @escaping @Sendable (Weights, Batch) throws -> Tensor
  ) throws where Hyper: LearnedOptimizer, State == LearnedTrainingState<Weights, Hyper.Memory> {
    let layout = try WeightLayout(weights)
    let dynamics = InnerDynamics<State, Hyper, Batch>(
      steps: steps, batches: batches,
      initial: { learner in
        State(
          weights: weights, memory: learner.memory(coordinates: layout.count),
          lossSum: Tensor(0, dtype: layout.dtype))
      },
      step: { state, learner, batch, _ in
        let (value, slope) = try valueAndGradient(at: state.weights) { try loss($0, batch) }
        let whole = layout.vector(slope)
        let (update, memory) = learner.update(
          stopsGradients ? whole.stoppingGradient() : whole, state.memory)
        return State(
          weights: layout.weights(layout.vector(state.weights) + update), memory: memory,
          lossSum: state.lossSum + value.reshaped([]))
      })
    try self.init(dynamics: dynamics, validation: batches) { state, _, batch in
      try state.lossSum + loss(state.weights, batch).reshaped([])
    }
  }

  /// The same for a loss that captures its data.
  ///
  /// - Throws: `BilevelError.invalid` for weights without one floating element type.
  public init<Weights: Structure>(
    steps: Int, weights: Weights, learner: Hyper.Type = Hyper.self, stopsGradients: Bool = true,
    loss: @escaping @Sendable (Weights) throws -> Tensor
  ) throws
  where
    Hyper: LearnedOptimizer, State == LearnedTrainingState<Weights, Hyper.Memory>,
    Batch == NoTensors
  {
    try self.init(
      steps: steps, batches: .full, weights: weights, learner: learner,
      stopsGradients: stopsGradients, loss: { weights, _ in try loss(weights) })
  }
}

/// An optimizer whose update is a function with trainable parameters: its tensors are the
/// hyperparameters of `BilevelProblem.init(steps:batches:weights:learner:...)`.
///
/// It works on all weights as one vector of P coordinates (see `WeightLayout`).
public protocol LearnedOptimizer: Structure {
  /// What it carries from step to step.
  associatedtype Memory: Structure

  /// The memory before the first step; of the parameters only shapes and types may be used.
  func memory(coordinates: Int) -> Memory

  /// The change of the weights, (P), to be *added*, for a gradient (P).
  func update(_ gradient: Tensor, _ memory: Memory) -> (update: Tensor, memory: Memory)
}
