internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

extension Slot {
  /// a = dE/ds_t, and the hypergradient so far.
  static let adjoint = Slot("adjoint", .state)
  static let sum = Slot("sum", .hyper)
  static let newSum = Slot("newSum", .hyper)
  /// Products of a step that its adjoint reads again.
  static let kept = Slot("kept", .listed)
  /// A loss as float64, and its gradients.
  static let loss = Slot("loss", .number)
  static let stateSlope = Slot("stateSlope", .state)
  static let hyperSlope = Slot("hyperSlope", .hyper)
  static let gradient = Slot("gradient", .weights)
  /// u, H u and N u.
  static let direction = Slot("direction", .weights)
  static let product = Slot("product", .weights)
  static let mixedProduct = Slot("mixedProduct", .hyper)
  /// A scalar of which only the inputs are of interest.
  static let outcome = Slot("outcome", .listed)
}

// Training, and the backward pass through it.
extension CompiledProblem {
  static let stepInputs: [Slot] = [.state, .batch, .time, .hyper]

  /// s_t of a step that is being traced.
  func tracedStep(_ x: TracedInputs) throws -> [Tensor] {
    let next = try traceStep(x[.state], x[.batch], x.time, x[.hyper])
    try requireState(next, of: "a step")
    return next
  }

  /// lambda -> s_0
  func initialProgram() throws -> BoundProgram {
    try program("initial", reads: [.hyper], writes: [.next]) { x in
      let state = try traceInitial(x[.hyper])
      try requireState(state, of: "the initial state")
      return [.next: state]
    }
  }

  /// A step and its adjoint in one graph: s', a A_t, g + a B_t, and the large products of the step that
  /// the adjoint would compute again.
  private func tracedLoop() throws -> TracedProgram {
    if let loop { return loop }
    var made = try trace(
      reads: Self.stepInputs + [.adjoint, .sum], writes: [.next, .adjoint, .sum]
    ) { x in
      let next = try tracedStep(x)
      let (_, back) = try vjp(at: Pair(x[.state], x[.hyper]), cotangent: x[.adjoint]) {
        try traceStep($0.first, x[.batch], x.time, $0.second)
      }
      return [
        .next: next, .adjoint: back.first, .sum: zip(x[.sum], back.second).map { $0 + $1 },
      ]
    }
    made.shareProducts(
      as: .kept, between: [.next], and: [.adjoint, .sum], excluding: [.adjoint, .sum])
    loop = made
    return made
  }

  /// Types of the products kept from a step for its adjoint.
  func keptTypes() throws -> [TensorType] {
    if let knownKeptTypes { return knownKeptTypes }
    let types = try timed { try tracedLoop() }.types(of: .kept)
    knownKeptTypes = types
    return types
  }

  /// (s, batch, time, lambda) -> s', or s' and the kept products.
  func stepProgram(keeping: Bool = false) throws -> BoundProgram {
    try program(keeping ? "step, keeping" : "step", invariant: [.hyper]) {
      try tracedLoop().part(
        reading: Self.stepInputs, writing: keeping ? [.next, .kept] : [.next])
    }
  }

  /// (s, batch, time, lambda) -> the kept products, for adjoint steps whose step did not keep them.
  func keptProgram() throws -> BoundProgram {
    try program("kept", invariant: [.hyper]) {
      try tracedLoop().part(reading: Self.stepInputs, writing: [.kept])
    }
  }

  /// (s, batch, time, lambda, a, g, kept) -> (a A_t, g + a B_t): one adjoint step. The adjoint and
  /// the hypergradient are updated in place.
  func adjointProgram() throws -> BoundProgram {
    try program("adjoint", invariant: [.hyper]) {
      try tracedLoop().part(
        reading: Self.stepInputs + [.adjoint, .sum, .kept], writing: [.adjoint, .sum])
    }
  }

  /// (s, lambda, validation batch) -> (E, dE/ds, dE/dlambda)
  func outerProgram() throws -> BoundProgram {
    try program(
      "outer", reads: [.state, .hyper, .validation], writes: [.loss, .stateSlope, .hyperSlope]
    ) { x in
      let (value, gradient) = try valueAndGradient(at: Pair(x[.state], x[.hyper])) {
        try traceOuter($0.first, $0.second, x[.validation])
      }
      return [
        .loss: [value.cast(to: .float64)], .stateSlope: gradient.first,
        .hyperSlope: gradient.second,
      ]
    }
  }

  /// (lambda, a_0, g) -> g + a_0 ds_0/dlambda
  func initialAdjointProgram() throws -> BoundProgram {
    try program("initialAdjoint", reads: [.hyper, .adjoint, .sum], writes: [.newSum]) { x in
      let (_, back) = try vjp(at: x[.hyper], cotangent: x[.adjoint], of: traceInitial)
      return [.newSum: zip(x[.sum], back).map { $0 + $1 }]
    }
  }

  /// Closures must return the same structure at every call.
  func requireState(_ tensors: [Tensor], of source: String) throws {
    if let error = tensors.lazy.compactMap(\.error).first { throw error }
    guard tensors.map(\.type) == stateTypes else {
      throw BilevelError.invalid(
        "\(source) gives \(tensors.map(\.type)) where the state is \(stateTypes)",
        remedy: "tensors and their types must stay the same from call to call")
    }
  }

  // A loss and an optimizer separately.
  static let lossInputs: [Slot] = [.weights, .batch, .hyper]

  /// A program of the loss.
  func lossProgram(
    _ name: String, with extra: [Slot] = [], writes: [Slot], invariant: [Slot] = [.hyper],
    _ trace: (TracedInputs) throws -> [Slot: [Tensor]]
  ) throws -> BoundProgram {
    try program(
      name, reads: Self.lossInputs + extra, writes: writes, invariant: invariant, trace)
  }

  /// (w, batch, lambda) -> (L, grad_w L)
  func lossProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram("loss", writes: [.loss, .gradient]) { x in
      let (value, gradient) = try valueAndGradient(at: x[.weights]) {
        try objective.loss($0, x[.hyper], x[.batch])
      }
      return [.loss: [value.cast(to: .float64)], .gradient: gradient]
    }
  }

  /// (w, batch, lambda, u) -> N u
  func mixedProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try lossProgram("mixed", with: [.direction], writes: [.mixedProduct]) { x in
      let product = try jointProduct(at: x[.weights], x[.hyper], along: x[.direction]) {
        try objective.loss($0, $1, x[.batch])
      }
      return [.mixedProduct: product.hyperProduct]
    }
  }

  /// (w, batch, lambda, u) -> H u
  ///
  /// - Parameter keeping: whether weights and batch stay the same from one product to the next: the
  ///   activations and their slopes are computed once then, and kept.
  func hessianProgram(_ objective: CompiledObjective, keeping: Bool) throws -> BoundProgram {
    try lossProgram(
      keeping ? "hessian, keeping" : "hessian", with: [.direction], writes: [.product],
      invariant: keeping ? Self.lossInputs : [.hyper]
    ) { x in
      let product = try hessianVectorProduct(at: x[.weights], along: x[.direction]) {
        try objective.loss($0, x[.hyper], x[.batch])
      }.product
      return [.product: product]
    }
  }

  static let updateInputs: [Slot] = [.state, .gradient, .time, .hyper]

  /// (s, grad_w L, time, lambda) -> s'
  func updateProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try program("update", reads: Self.updateInputs, writes: [.next]) { x in
      let next = try objective.update(x[.state], x[.gradient], x[.hyper], x.time)
      try requireState(next, of: "an update by the optimizer")
      return [.next: next]
    }
  }

  /// (s, grad_w L, time, lambda, a) -> (u, a dupdate/dlambda), with `u` the adjoint of the gradient.
  /// Of a whole step at s_{t-1}: `a B_t = a dupdate/dlambda + N u`.
  func updateAdjointProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try program(
      "updateAdjoint", reads: Self.updateInputs + [.adjoint], writes: [.direction, .hyperSlope]
    ) { x in
      let back = try vjp(at: Pair(x[.gradient], x[.hyper]), cotangent: x[.adjoint]) {
        try objective.update(x[.state], $0.first, $0.second, x.time)
      }.cotangent
      return [.direction: back.first, .hyperSlope: back.second]
    }
  }

  /// Which hyperparameters the inner loss reads.
  func lossUses(_ objective: CompiledObjective) throws -> [Bool] {
    try trace(reads: Self.lossInputs, writes: [.outcome]) { x in
      [.outcome: [try objective.loss(x[.weights], x[.hyper], x[.batch])]]
    }.uses(.hyper)
  }

  /// Which hyperparameters grad_w L reads.
  func slopeUses(_ objective: CompiledObjective) throws -> [Bool] {
    try trace(reads: Self.lossInputs, writes: [.gradient]) { x in
      [
        .gradient: try OuterloopAutodiff.gradient(at: x[.weights]) {
          try objective.loss($0, x[.hyper], x[.batch])
        }
      ]
    }.uses(.hyper)
  }

  /// Which hyperparameters the optimizer reads: rates, momenta, decays outside the loss.
  func updateUses(_ objective: CompiledObjective) throws -> [Bool] {
    try trace(reads: Self.updateInputs, writes: [.outcome]) { x in
      [.outcome: try objective.update(x[.state], x[.gradient], x[.hyper], x.time)]
    }.uses(.hyper)
  }
}
