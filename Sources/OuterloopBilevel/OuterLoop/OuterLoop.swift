public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

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
  /// The rule that adapts the step, in place of the optimizer.
  public let adaptive: AdaptiveStep?
  private let update: Compiled<Pair<TrainingState<Hyper>, Pair<Hyper, Time>>, TrainingState<Hyper>>

  /// Hyperparameters, the optimizer's buffers, and the number of updates made.
  public struct State: Sendable {
    /// Hyperparameters and the optimizer's buffers.
    public var training: TrainingState<Hyper>
    /// Updates made so far.
    public var updates: Int
    /// The point that an adaptive step goes from, once there is one.
    public var anchor: AdaptiveStep.Anchor<Hyper>?
    /// The hyperparameters.
    public var hyper: Hyper { training.weights }
    /// Whether the last update went back: the outer loss had risen.
    public var wasRejected: Bool { anchor.map { $0.rejections > 0 } ?? false }

    /// A state to continue from.
    public init(
      training: TrainingState<Hyper>, updates: Int, anchor: AdaptiveStep.Anchor<Hyper>? = nil
    ) {
      self.training = training
      self.updates = updates
      self.anchor = anchor
    }
  }

  /// An outer optimizer, and constraints on the tensors of lambda: one for all, or one for each.
  public init(_ optimizer: Optimizer, constraints: [Constraint] = [Constraint.none]) {
    self.optimizer = optimizer
    self.constraints = constraints
    adaptive = nil
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
    adaptive = nil
    update = Compiled { arguments in
      let time = arguments.second.second
      return optimizer(time).update(
        arguments.first, gradient: arguments.second.first, time: time)
    }
  }

  /// Projected gradient descent whose step size follows the outer loss.
  public init(_ adaptive: AdaptiveStep, constraints: [Constraint] = [Constraint.none]) {
    self.adaptive = adaptive
    self.constraints = constraints
    let descent = Optimizer.sgd(rate: 1)
    optimizer = descent
    update = Compiled { arguments in
      descent.update(
        arguments.first, gradient: arguments.second.first, time: arguments.second.second)
    }
  }

  /// The state before the first update.
  /// - Throws: `ConstraintError` if a starting point cannot be projected.
  public func start(at hyper: Hyper) throws -> State {
    State(training: optimizer.initialState(try projected(hyper)), updates: 0)
  }

  /// One update.
  ///
  /// - Parameter loss: the outer loss at `state.hyper`; an adaptive step cannot do without.
  /// - Throws: `BilevelError` for a gradient of other shapes than the hyperparameters and a state that
  ///   this loop has not made; `ConstraintError` for an update that cannot be projected.
  public func step(
    _ state: State, along gradient: Hyper, loss: Double? = nil
  ) throws -> State {
    guard gradient.leafTypes == state.hyper.leafTypes else {
      throw BilevelError.invalid(
        "a step along \(gradient.leafTypes) from hyperparameters \(state.hyper.leafTypes)",
        remedy: "the types must be the same")
    }
    guard state.updates >= 0, state.updates < Int(Int32.max) else {
      throw BilevelError.invalid(
        "a state after \(state.updates) updates", remedy: "their number is in 0..<\(Int32.max)")
    }
    if let adaptive {
      guard let loss else {
        throw BilevelError.invalid("an adaptive step needs the outer loss", remedy: "pass `loss:`")
      }
      let anchor = try adaptive.next(
        after: state.anchor, at: state.hyper, gradient: gradient, loss: loss)
      let moved = TrainingState(weights: try projected(try anchor.moved()), slots: [Hyper]())
      return State(training: moved, updates: state.updates + 1, anchor: anchor)
    }
    let slots = optimizer.slotCount
    guard state.training.slots.count == slots,
      state.training.slots.allSatisfy({ $0.leafTypes == state.hyper.leafTypes })
    else {
      throw BilevelError.invalid(
        "a state with buffers \(state.training.slots.map(\.leafTypes)) for an optimizer that "
          + "has \(slots), each as the hyperparameters", remedy: "begin with `start(at:)`")
    }
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
        "\(constraints.count) constraints for \(count) hyperparameter tensors",
        remedy: "give one for each, or one for all")
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

extension OuterLoop {
  /// Minimises a scalar of the hyperparameters that needs no training: the negative evidence of a
  /// model, say. The same steps, constraints and state as for a hypergradient.
  ///
  /// - Parameters:
  ///   - objective: traced once, with its gradient.
  ///   - onUpdate: called after each update with its number, from 1, the objective before it and the
  ///     hyperparameters after it; return false to stop early.
  /// - Throws: `BilevelError` when the objective or its gradient is not finite.
  public func minimize(
    from hyper: Hyper, updates: Int,
    onUpdate: (Int, Double, Hyper) throws -> Bool = { _, _, _ in true },
    of objective: @escaping @Sendable (Hyper) throws -> Tensor
  ) throws -> State {
    guard updates >= 0 else {
      throw BilevelError.invalid("`updates` is \(updates)", remedy: "use 0 or more")
    }
    let derivative = Compiled { (hyper: Hyper) in
      let (value, slope) = try valueAndGradient(at: hyper, of: objective)
      return Pair(value, slope)
    }
    let names =
      ["the objective"] + hyper.leafNames.map { "the gradient of \($0.isEmpty ? "lambda" : $0)" }
    var state = try start(at: hyper)
    while state.updates < updates {
      let update = state.updates + 1
      let pair = try derivative(state.hyper)
      let value = try pair.first.item()
      for (leaf, name) in zip(pair.leaves, names) where !(try leaf.isAllFinite()) {
        throw BilevelError.invalid(
          "\(name) is not finite after \(update - 1) updates",
          remedy: "start elsewhere, or lower the rate of the outer loop")
      }
      state = try step(state, along: pair.second, loss: value)
      guard try onUpdate(update, value, state.hyper) else { break }
    }
    return state
  }
}
