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
  /// (lambda, time) -> the optimizer behind the update, where it is one of the package's.
  let optimizer: (([Tensor], Time) throws -> Optimizer)?

  init<State: Structure, Hyper: Structure, Batch: Structure>(
    _ objective: InnerObjective<State, Hyper, Batch>, state: State, hyper: Hyper, batch: Batch
  ) throws {
    let (weights, types) = (objective.weights(state), state.leafTypes)
    guard !weights.isEmpty, weights.map(\.type) == Array(types.prefix(weights.count)) else {
      throw BilevelError.invalid(
        "`InnerObjective.weights` gives \(weights.map(\.type)) of the state \(types): they must be "
          + "its first tensors, one or more")
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

// The programs of a loss and an optimizer apart.
//
// Order of inputs: weights (or the state), batch, lambda, then what the program adds.
extension CompiledProblem {
  /// The objective, or why `method` cannot do without.
  func requireObjective(_ method: some CustomStringConvertible) throws -> CompiledObjective {
    guard let objective else {
      throw BilevelError.refused(
        estimator: method.description,
        reason: "its dynamics are a step function, whose loss is not known",
        remedy: "state the problem by a loss and an optimizer (`InnerObjective`), or use reverse")
    }
    return objective
  }

  /// Types of the weights, the first tensors of the state.
  var weightTypes: [TensorType] { Array(stateTypes.prefix(objective?.weightCount ?? 0)) }

  var lossInputs: [TensorType] { weightTypes + batchTypes + hyperTypes }

  var lossInvariants: Set<Int> {
    let first = weightTypes.count + batchTypes.count
    return Set(first..<(first + hyperTypes.count))
  }

  func lossArguments(
    _ x: [Tensor]
  ) -> (weights: [Tensor], batch: [Tensor], hyper: [Tensor], rest: [Tensor]) {
    let (w, b, h) = (weightTypes.count, batchTypes.count, hyperTypes.count)
    return (
      Array(x[..<w]), Array(x[w..<(w + b)]), Array(x[(w + b)..<(w + b + h)]),
      Array(x[(w + b + h)...])
    )
  }

  /// (w, batch, lambda) -> (L as float64, grad_w L)
  func lossStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("loss") {
      let graph = try Graph(tracing: lossInputs) { x in
        let a = lossArguments(x)
        let (value, gradient) = try valueAndGradient(at: a.weights) {
          try objective.loss($0, a.hyper, a.batch)
        }
        return [value.cast(to: .float64)] + gradient
      }
      return try Stage(graph, invariant: lossInvariants, gives: [Self.number] + weightTypes)
    }
  }

  /// (w, batch, lambda) -> grad_lambda L
  func hyperLossStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("hyperLoss") {
      let graph = try Graph(tracing: lossInputs) { x in
        let a = lossArguments(x)
        return try gradient(at: a.hyper) { try objective.loss(a.weights, $0, a.batch) }
      }
      return try Stage(graph, invariant: lossInvariants, gives: hyperTypes)
    }
  }

  /// (w, batch, lambda, u) -> (H u, N u): the joint product `K(w, lambda; u, 0)`.
  func jointStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("joint") {
      let graph = try Graph(tracing: lossInputs + weightTypes) { x in
        let a = lossArguments(x)
        let product = try jointProduct(at: a.weights, a.hyper, along: a.rest) {
          try objective.loss($0, $1, a.batch)
        }
        return product.weightProduct + product.hyperProduct
      }
      return try Stage(graph, invariant: lossInvariants, gives: weightTypes + hyperTypes)
    }
  }

  /// (w, batch, lambda, u) -> H u
  func hessianStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("hessian") {
      let graph = try Graph(tracing: lossInputs + weightTypes) { x in
        let a = lossArguments(x)
        return try hessianVectorProduct(at: a.weights, along: a.rest) {
          try objective.loss($0, a.hyper, a.batch)
        }.product
      }
      return try Stage(graph, invariant: lossInvariants, gives: weightTypes)
    }
  }

  /// (s, grad_w L, time, lambda) -> s'
  func updateStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("update") {
      let graph = try Graph(tracing: updateInputs) { x in
        let a = updateArguments(x)
        let next = try objective.update(a.state, a.gradient, a.hyper, a.time)
        try requireState(next, of: "an update by the optimizer")
        return next
      }
      return try Stage(graph, invariant: [], gives: stateTypes)
    }
  }

  /// (s, grad_w L, time, lambda, a) -> (u, a dupdate/dlambda), with `u` the adjoint of the gradient.
  /// Of a whole step at s_{t-1}: `a B_t = a dupdate/dlambda + N u`.
  func updateAdjointStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("updateAdjoint") {
      let graph = try Graph(tracing: updateInputs + stateTypes) { x in
        let a = updateArguments(x)
        let back = try vjp(at: Pair(a.gradient, a.hyper), cotangent: a.rest) {
          try objective.update(a.state, $0.first, $0.second, a.time)
        }.cotangent
        return back.first + back.second
      }
      return try Stage(graph, invariant: [], gives: weightTypes + hyperTypes)
    }
  }

  private var updateInputs: [TensorType] {
    stateTypes + weightTypes + [TensorType([1], .int32), TensorType([], .float64)] + hyperTypes
  }

  private struct UpdateArguments {
    var state, gradient, hyper, rest: [Tensor]
    var time: Time
  }

  private func updateArguments(_ x: [Tensor]) -> UpdateArguments {
    let (s, w, h) = (stateTypes.count, weightTypes.count, hyperTypes.count)
    return UpdateArguments(
      state: Array(x[..<s]), gradient: Array(x[s..<(s + w)]),
      hyper: Array(x[(s + w + 2)..<(s + w + 2 + h)]), rest: Array(x[(s + w + 2 + h)...]),
      time: Time(index: x[s + w], number: x[s + w + 1]))
  }

  /// Which hyperparameters the inner loss reads.
  func lossUses(_ objective: CompiledObjective) throws -> [Bool] {
    let graph = try Graph(tracing: lossInputs) { x in
      let a = lossArguments(x)
      return [try objective.loss(a.weights, a.hyper, a.batch)]
    }
    let first = weightTypes.count + batchTypes.count
    return Array(graph.usedInputs[first..<(first + hyperTypes.count)])
  }

  /// Which hyperparameters the optimizer reads: rates, momenta, decays outside the loss.
  func updateUses(_ objective: CompiledObjective) throws -> [Bool] {
    let graph = try Graph(tracing: updateInputs) { x in
      let a = updateArguments(x)
      return try objective.update(a.state, a.gradient, a.hyper, a.time)
    }
    let first = stateTypes.count + weightTypes.count + 2
    return Array(graph.usedInputs[first..<(first + hyperTypes.count)])
  }
}
