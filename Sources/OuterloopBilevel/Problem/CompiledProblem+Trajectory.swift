internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

// The programs of training and of going back through it.
extension CompiledProblem {
  var stepInputs: [TensorType] {
    stateTypes + batchTypes + [TensorType([1], .int32), TensorType([], .float64)] + hyperTypes
  }

  /// Numbers of the inputs that stay the same through a run: the hyperparameters.
  var stepInvariants: Set<Int> {
    let first = stateTypes.count + batchTypes.count + 2
    return Set(first..<(first + hyperTypes.count))
  }

  struct StepArguments {
    var state, batch, hyper, rest: [Tensor]
    var time: Time
  }

  func arguments(_ x: [Tensor]) -> StepArguments {
    var rest = x[...]
    func take(_ count: Int) -> [Tensor] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let state = take(stateTypes.count)
    let batch = take(batchTypes.count)
    let time = take(2)
    let hyper = take(hyperTypes.count)
    return StepArguments(
      state: state, batch: batch, hyper: hyper, rest: Array(rest),
      time: Time(index: time[0], number: time[1]))
  }

  /// lambda -> s_0
  func initialStage() throws -> Stage {
    try stage("initial") {
      let graph = try Graph(tracing: hyperTypes) { h in
        let state = try traceInitial(h)
        try requireState(state, of: "the initial state")
        return state
      }
      return try Stage(graph, invariant: [], gives: stateTypes)
    }
  }

  /// A step and its adjoint in one graph, and what is kept from the one for the other.
  ///
  /// Inputs: those of a step, the adjoint a, the hypergradient g. Outputs: s', a A_t, g + a B_t.
  struct Loop {
    var graph: Graph
    /// Large products of the step that the adjoint would compute again.
    var kept: [Int]
    var keptTypes: [TensorType] = []
  }

  private func loop() throws -> Loop {
    if let known = loopGraph { return known }
    let graph = try Graph(tracing: stepInputs + stateTypes + hyperTypes) { x in
      let a = arguments(x)
      let next = try traceStep(a.state, a.batch, a.time, a.hyper)
      try requireStateTypes(next)
      let adjoint = Array(a.rest[..<stateTypes.count])
      let sum = Array(a.rest[stateTypes.count...])
      let (_, back) = try vjp(at: Pair(a.state, a.hyper), cotangent: adjoint) { pair in
        try traceStep(pair.first, a.batch, a.time, pair.second)
      }
      return next + back.first + zip(sum, back.second).map { $0 + $1 }
    }
    let count = stateTypes.count
    var made = Loop(
      graph: graph,
      kept: graph.sharedProducts(
        first: 0..<count, second: count..<graph.outputs.count,
        excluded: stepInputs.count..<graph.inputs.count))
    made.keptTypes = made.kept.map { made.graph.nodes[$0].type }
    loopGraph = made
    return made
  }

  /// Types of the products kept from a step for its adjoint.
  func keptTypes() throws -> [TensorType] {
    if let known = loopGraph { return known.keptTypes }
    return try stageTime { try self.loop() }.keptTypes
  }

  /// (s, batch, time, lambda) -> s', or s' and the kept products.
  func stepStage(keeping: Bool = false) throws -> Stage {
    try stage(keeping ? "step, keeping" : "step") {
      let loop = try self.loop()
      let graph = try loop.graph.extracted(
        inputs: Array(loop.graph.inputs[..<stepInputs.count]),
        outputs: Array(loop.graph.outputs[..<stateTypes.count]) + (keeping ? loop.kept : []))
      return try Stage(
        graph, invariant: stepInvariants, gives: stateTypes + (keeping ? loop.keptTypes : []))
    }
  }

  /// (s, batch, time, lambda) -> the kept products, for adjoint steps whose step did not keep them.
  func keptStage() throws -> Stage {
    try stage("kept") {
      let loop = try self.loop()
      let graph = try loop.graph.extracted(
        inputs: Array(loop.graph.inputs[..<stepInputs.count]), outputs: loop.kept)
      return try Stage(graph, invariant: stepInvariants, gives: loop.keptTypes)
    }
  }

  /// (s, batch, time, lambda, a, g, kept) -> (a A_t, g + a B_t): one adjoint step. The adjoint and
  /// the hypergradient are updated in place.
  func adjointStage() throws -> Stage {
    try stage("adjoint") {
      let loop = try self.loop()
      let graph = try loop.graph.extracted(
        inputs: loop.graph.inputs + loop.kept,
        outputs: Array(loop.graph.outputs[stateTypes.count...]))
      let first = stepInputs.count
      let count = stateTypes.count + hyperTypes.count
      let donated = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, first + $0) })
      return try Stage(
        graph, invariant: stepInvariants, gives: stateTypes + hyperTypes, donated: donated)
    }
  }

  /// (s, lambda, validation batch) -> (E, dE/ds, dE/dlambda)
  func outerStage() throws -> Stage {
    try stage("outer") {
      let (states, hypers) = (stateTypes.count, hyperTypes.count)
      let graph = try Graph(tracing: stateTypes + hyperTypes + validationTypes) { x in
        let s = Array(x[..<states])
        let h = Array(x[states..<(states + hypers)])
        let batch = Array(x[(states + hypers)...])
        let (value, gradient) = try valueAndGradient(at: Pair(s, h)) {
          try traceOuter($0.first, $0.second, batch)
        }
        return [value.cast(to: .float64)] + gradient.first + gradient.second
      }
      return try Stage(graph, invariant: [], gives: [Self.number] + stateTypes + hyperTypes)
    }
  }

  /// (lambda, a_0, g) -> g + a_0 ds_0/dlambda
  func initialAdjointStage() throws -> Stage {
    try stage("initialAdjoint") {
      let graph = try Graph(tracing: hyperTypes + stateTypes + hyperTypes) { x in
        let h = Array(x[..<hyperTypes.count])
        let a = Array(x[hyperTypes.count..<(hyperTypes.count + stateTypes.count)])
        let sum = Array(x[(hyperTypes.count + stateTypes.count)...])
        let (_, back) = try vjp(at: h, cotangent: a, of: traceInitial)
        return zip(sum, back).map { $0 + $1 }
      }
      return try Stage(graph, invariant: [], gives: hyperTypes)
    }
  }

  func requireStateTypes(_ next: [Tensor]) throws {
    try requireState(next, of: "a step")
  }

  /// Closures must give the same structure whenever they are called.
  func requireState(_ tensors: [Tensor], of source: String) throws {
    if let error = tensors.lazy.compactMap(\.error).first { throw error }
    guard tensors.map(\.type) == stateTypes else {
      throw BilevelError.invalid(
        "\(source) gives \(tensors.map(\.type)) where the state is \(stateTypes): tensors and "
          + "their types must stay the same from call to call")
    }
  }
}
