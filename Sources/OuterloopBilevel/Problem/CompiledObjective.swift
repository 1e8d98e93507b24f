internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// An inner objective on flat lists of tensors.
struct CompiledObjective {
  /// How many tensors of the state, from the first, are weights.
  let weightCount: Int
  let smoothness: Smoothness
  /// (weights, lambda, batch) -> L
  let loss: ([Tensor], [Tensor], [Tensor]) throws -> Tensor
  /// (state, grad_w L, lambda, time) -> state
  let update: ([Tensor], [Tensor], [Tensor], Time) throws -> [Tensor]
  /// (lambda, time) -> the optimizer behind the update, if it is one of this package's.
  let optimizer: (([Tensor], Time) throws -> Optimizer)?

  init<State: Structure, Hyper: Structure, Batch: Structure>(
    _ objective: InnerObjective<State, Hyper, Batch>, state: State, hyper: Hyper, batch: Batch
  ) throws {
    let (weights, types) = (objective.weights(state), state.leafTypes)
    guard !weights.isEmpty, weights.map(\.type) == Array(types.prefix(weights.count)) else {
      throw BilevelError.invalid(
        "`InnerObjective.weights` gives \(weights.map(\.type)) of the state \(types)",
        remedy: "they must be its first tensors, one or more")
    }
    weightCount = weights.count
    smoothness = objective.smoothness
    loss = { w, h, b in
      try objective.loss(
        objective.replacing(state, w), hyper.replacingLeaves(h), batch.replacingLeaves(b))
    }
    update = { s, g, h, time in
      try objective.update(state.replacingLeaves(s), g, hyper.replacingLeaves(h), time).leaves
    }
    optimizer = objective.optimizer.map { make in { try make(hyper.replacingLeaves($0), $1) } }
  }
}

// Requirements of methods that split a step, or differentiate the minimum of the inner loss rather
// than the path to it.
extension CompiledProblem {
  /// The objective, or an error that says why `method` needs it.
  func requireObjective(_ method: some CustomStringConvertible) throws -> CompiledObjective {
    guard let objective else {
      throw BilevelError.refused(
        estimator: method.description,
        reason: "its dynamics are a step function, whose loss is not known",
        remedy: "state the problem by a loss and an optimizer (`InnerObjective`), or use reverse")
    }
    return objective
  }

  /// The objective, for a method whose hypergradient is that of the minimum `w*(lambda)`.
  ///
  /// Refused are hyperparameters that do not move it, whose derivative would be 0 by construction,
  /// and outer losses that depend on more than the weights.
  func requireSolution(_ method: some HypergradientMethod) throws -> CompiledObjective {
    let objective = try requireObjective(method)
    let moves = try slopeUses(objective)
    let blind = hyperNames.indices.filter { !moves[$0] && !outerUses[$0] }.map { hyperNames[$0] }
    guard blind.isEmpty else {
      throw method.refused(
        "neither the gradient of the inner loss nor the outer loss reads "
          + blind.joined(separator: ", ") + ": optimizer hyperparameters and initial weights do "
          + "not move the minimum, so their hypergradient is always 0",
        "use reverse or forward, or remove them from the hyperparameters")
    }
    let buffers = try outerProgram().uses(.state).dropFirst(weightTypes.count)
    guard !buffers.contains(true) else {
      throw method.refused(
        "the outer loss reads the optimizer's buffers", "let it read the weights only")
    }
    return objective
  }

  /// The objective, for a method that gives the derivative 0 to whatever only the optimizer reads:
  /// this cannot be right for a tensor of which a loss reads another part.
  func requireSeparateHyperparameters(_ method: some HypergradientMethod) throws
    -> CompiledObjective
  {
    let objective = try requireSolution(method)
    let inUpdate = try updateUses(objective)
    for (name, isNumber) in zip(hyperNames, inUpdate) where isNumber {
      throw method.refused(
        "\(name) is read by the optimizer too, on whose hyperparameters the minimum does not depend",
        "give the optimizer's hyperparameters a separate tensor, or use reverse")
    }
    guard try lossUses(objective).contains(true) else {
      throw method.refused(
        "no hyperparameter is read by the inner loss, so the minimum does not move",
        "use firstOrder, which is exact then")
    }
    return objective
  }
}
