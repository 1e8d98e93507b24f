public import OuterloopAutodiff
public import OuterloopLearning
internal import OuterloopNumerics

/// Minimises an outer loss: hypergradient, a step of an optimizer (the same pure dynamics that train
/// the inner model), and an exact projection onto the constraint.
///
///     var state = loop.start(at: lambda)
///     for _ in 0..<100 {
///       let result = try problem.hypergradient(at: state.hyper, by: .reverse)
///       state = try loop.step(state, along: result.gradient)
///     }
///
/// Everything that the next step needs is in `State`, so a run can be stored and continued.
public struct OuterLoop<Hyper: Structure>: Sendable {
  /// The optimizer, as it is at the first update.
  public let optimizer: Optimizer
  /// One constraint for each hyperparameter tensor, in order; or one for all of them.
  public let constraints: [Constraint]
  private let update: Compiled<Pair<TrainingState<Hyper>, Pair<Hyper, Time>>, TrainingState<Hyper>>

  /// Hyperparameters, the optimizer's buffers, and the number of updates made.
  public struct State: Sendable {
    public var training: TrainingState<Hyper>
    public var updates: Int
    public var hyper: Hyper { training.weights }

    public init(training: TrainingState<Hyper>, updates: Int) {
      self.training = training
      self.updates = updates
    }
  }

  public init(_ optimizer: Optimizer, constraints: [Constraint] = [Constraint.none]) {
    self.optimizer = optimizer
    self.constraints = constraints
    update = Compiled { arguments in
      optimizer.update(
        arguments.first, gradient: arguments.second.first, time: arguments.second.second)
    }
  }

  /// An optimizer whose numbers change by the number of the update, as the falling rates that
  /// stochastic hypergradients need:
  ///
  ///     OuterLoop { time in .sgd(rate: .init(0.1 / sqrt(time.number))) }
  public init(
    constraints: [Constraint] = [Constraint.none],
    scheduled optimizer: @escaping @Sendable (Time) -> Optimizer
  ) {
    self.optimizer = optimizer(Time(step: 0))
    self.constraints = constraints
    update = Compiled { arguments in
      let time = arguments.second.second
      return optimizer(time).update(
        arguments.first, gradient: arguments.second.first, time: time)
    }
  }

  /// The state before the first update.
  /// - Throws: `ConstraintError` if a starting point cannot be projected.
  public func start(at hyper: Hyper) throws -> State {
    State(training: optimizer.initialState(try projected(hyper)), updates: 0)
  }

  /// One update.
  public func step(_ state: State, along gradient: Hyper) throws -> State {
    var training = try update(
      Pair(state.training, Pair(gradient, Time(step: state.updates))))
    training.weights = try projected(training.weights)
    return State(training: training, updates: state.updates + 1)
  }

  private func projected(_ hyper: Hyper) throws -> Hyper {
    guard constraints.contains(where: { $0 != Constraint.none }) else { return hyper }
    let count = hyper.leaves.count
    guard constraints.count == 1 || constraints.count == count else {
      throw BilevelError.invalid(
        "\(constraints.count) constraints for \(count) hyperparameter tensors: "
          + "give one for each, or one for all")
    }
    var index = 0
    return try hyper.mapLeaves { tensor in
      let constraint = constraints.count == 1 ? constraints[0] : constraints[index]
      index += 1
      switch tensor.dtype {
      case .float32:
        var values = try tensor.scalars(Float.self)
        try constraint.project(&values)
        return Tensor(values, shape: tensor.shape)
      case .float64:
        var values = try tensor.scalars(Double.self)
        try constraint.project(&values)
        return Tensor(values, shape: tensor.shape)
      case .int32: return tensor
      }
    }
  }
}
