internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics
internal import Synchronization

/// The compiled problems of one `BilevelProblem`, by the types and names of its hyperparameters:
/// structures that name their tensors at run time may come in another order.
final class CompiledCache: Sendable {
  private struct Key: Hashable {
    var types: [TensorType]
    var names: [String]
  }
  private let problems = Mutex<[Key: CompiledProblem]>([:])

  func problem(
    for hyper: some Structure, make: () throws -> CompiledProblem
  ) throws -> CompiledProblem {
    let key = Key(types: hyper.leafTypes, names: hyper.leafNames)
    if let known = problems.withLock({ $0[key] }) { return known }
    let made = try make()
    problems.withLock { $0[key] = made }
    return made
  }
}

/// A bilevel problem on flat lists of tensors, with its graphs traced and its programs compiled on
/// demand.
///
/// Order of inputs of a step: state, batch, time (index, number), hyperparameters, then what the
/// program adds (adjoint, accumulated hypergradient, tangents).
///
/// `@unchecked Sendable`: everything mutable is used under `lock`, one run at a time.
final class CompiledProblem: @unchecked Sendable {
  let steps: Int
  let stateTypes: [TensorType]
  let stateNames: [String]
  let hyperTypes: [TensorType]
  let hyperNames: [String]
  let batchTypes: [TensorType]
  /// Values of every step's batch, in order.
  let batches: [[Tensor]]
  /// Index (int32, from 0) and number (float64, from 1) of every step.
  let times: [Tensor]
  /// Whether s_0 depends on lambda, for each hyperparameter tensor.
  let initialUses: [Bool]
  /// Whether the outer loss depends on lambda directly.
  let outerUses: [Bool]

  let lock = Mutex<Void>(())
  private var stages: [String: Stage] = [:]
  /// State memory of the last run, kept for the next.
  var spareStates: [Storage] = []
  private(set) var compileSeconds = 0.0
  private var loopGraph: Loop?

  private let traceInitial: ([Tensor]) throws -> [Tensor]
  private let traceStep: ([Tensor], [Tensor], Time, [Tensor]) throws -> [Tensor]
  private let traceOuter: ([Tensor], [Tensor]) throws -> Tensor

  init<State: Structure, Hyper: Structure, Batch: Structure>(
    _ problem: BilevelProblem<State, Hyper, Batch>, hyper: Hyper
  ) throws {
    let start = ProcessEnvironment.seconds
    let dynamics = problem.dynamics
    guard dynamics.steps >= 1 else {
      throw BilevelError.invalid(
        "\(dynamics.steps) training steps: a hypergradient needs at least 1")
    }
    steps = dynamics.steps
    times = [
      Tensor((0..<dynamics.steps).map { Int32($0) }),
      Tensor((1...dynamics.steps).map { Double($0) }),
    ]
    if let error = hyper.leaves.lazy.compactMap(\.error).first { throw error }
    guard !hyper.leaves.isEmpty else {
      throw BilevelError.invalid("the problem has no hyperparameters")
    }
    // One call on values shows the shape of the state and of a batch.
    let state = try dynamics.initial(hyper)
    if let error = state.leaves.lazy.compactMap(\.error).first { throw error }
    let firstBatch = try dynamics.batches.batch(0)
    batches = try (0..<dynamics.steps).map { step in
      try dynamics.batches.batch(step).leaves.map { try $0.materialized() }
    }
    stateTypes = state.leafTypes
    stateNames = state.leafNames.map { $0.isEmpty ? "the state" : $0 }
    hyperTypes = hyper.leafTypes
    hyperNames = hyper.leafNames.map { $0.isEmpty ? "lambda" : $0 }
    batchTypes = firstBatch.leafTypes
    guard hyperTypes.allSatisfy(\.dtype.isFloating) else {
      throw BilevelError.invalid("hyperparameters must be floating, not \(hyperTypes)")
    }
    for (index, leaves) in batches.enumerated() where leaves.map(\.type) != batchTypes {
      throw BilevelError.invalid(
        "batch \(index) is \(leaves.map(\.type)) but batch 0 is \(batchTypes): sizes must agree")
    }
    traceInitial = { try dynamics.initial(hyper.replacingLeaves($0)).leaves }
    traceStep = { s, b, time, h in
      try dynamics.step(
        state.replacingLeaves(s), hyper.replacingLeaves(h), firstBatch.replacingLeaves(b), time
      ).leaves
    }
    // Not `problem` itself: it holds the cache that this is kept in.
    let outer = problem.outer
    traceOuter = { s, h in try outer(state.replacingLeaves(s), hyper.replacingLeaves(h)) }
    let initialGraph = try Self.graph(hyperTypes, traceInitial)
    initialUses = initialGraph.usedInputs
    let outerTrace = traceOuter
    let stateCount = stateTypes.count
    let outerGraph = try Self.graph(stateTypes + hyperTypes) {
      [try outerTrace(Array($0[..<stateCount]), Array($0[stateCount...]))]
    }
    let outerType = outerGraph.nodes[outerGraph.outputs[0]].type
    guard outerType.count == 1, outerType.dtype.isFloating else {
      throw BilevelError.invalid("the outer loss is \(outerType): a scalar is needed")
    }
    outerUses = Array(outerGraph.usedInputs[stateCount...])
    compileSeconds = ProcessEnvironment.seconds - start
  }

  var stateBytes: Int { stateTypes.reduce(0) { $0 + $1.byteCount } }
  var hyperCount: Int { hyperTypes.reduce(0) { $0 + $1.count } }
  var stateCount: Int { stateTypes.reduce(0) { $0 + $1.count } }

  private static func graph(
    _ types: [TensorType], _ body: ([Tensor]) throws -> [Tensor]
  ) throws -> Graph {
    try Graph(tracing: types, body)
  }

  /// A program, compiled at first use. `compileSeconds` grows by what that took.
  private func stage(_ name: String, _ make: () throws -> Stage) throws -> Stage {
    if let known = stages[name] { return known }
    let made = try stageTime(make)
    stages[name] = made
    return made
  }

  /// Counts the time of tracing and planning.
  private func stageTime<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = ProcessEnvironment.seconds
    let before = compileSeconds
    let result = try body()
    // Nested calls have counted themselves.
    compileSeconds = before + ProcessEnvironment.seconds - start
    return result
  }

  /// The plans of the programs compiled so far, for debugging.
  var plans: String {
    stages.sorted { $0.key < $1.key }.map { "== \($0.key)\n\($0.value)" }
      .joined(separator: "\n\n")
  }

  // MARK: - Programs

  private var stepInputs: [TensorType] {
    stateTypes + batchTypes + [TensorType([1], .int32), TensorType([], .float64)] + hyperTypes
  }

  /// Numbers of the inputs that stay the same through a run: the hyperparameters.
  private var stepInvariants: Set<Int> {
    let first = stateTypes.count + batchTypes.count + 2
    return Set(first..<(first + hyperTypes.count))
  }

  private struct StepArguments {
    var state, batch, hyper, rest: [Tensor]
    var time: Time
  }

  private func arguments(_ x: [Tensor]) -> StepArguments {
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
      try Stage(try Graph(tracing: hyperTypes, traceInitial), invariant: [])
    }
  }

  /// A step and its adjoint in one graph, and what is kept from the one for the other.
  ///
  /// Inputs: those of a step, the adjoint a, the hypergradient g. Outputs: s', a A_t, g + a B_t.
  private struct Loop {
    var graph: Graph
    /// Large products of the step that the adjoint would compute again.
    var kept: [Int]
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
    let made = Loop(
      graph: graph,
      kept: graph.sharedProducts(
        first: 0..<count, second: count..<graph.outputs.count,
        excluded: stepInputs.count..<graph.inputs.count))
    loopGraph = made
    return made
  }

  /// Types of the products kept from a step for its adjoint.
  func keptTypes() throws -> [TensorType] {
    let loop = try stageTime { try self.loop() }
    return loop.kept.map { loop.graph.nodes[$0].type }
  }

  /// (s, batch, time, lambda) -> s', or s' and the kept products.
  func stepStage(keeping: Bool = false) throws -> Stage {
    try stage(keeping ? "step, keeping" : "step") {
      let loop = try self.loop()
      let graph = try loop.graph.extracted(
        inputs: Array(loop.graph.inputs[..<stepInputs.count]),
        outputs: Array(loop.graph.outputs[..<stateTypes.count]) + (keeping ? loop.kept : []))
      return try Stage(graph, invariant: stepInvariants)
    }
  }

  /// (s, batch, time, lambda) -> the kept products, for adjoint steps whose step did not keep them.
  func keptStage() throws -> Stage {
    try stage("kept") {
      let loop = try self.loop()
      let graph = try loop.graph.extracted(
        inputs: Array(loop.graph.inputs[..<stepInputs.count]), outputs: loop.kept)
      return try Stage(graph, invariant: stepInvariants)
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
      return try Stage(graph, invariant: stepInvariants, donated: donated)
    }
  }

  /// (s, lambda) -> (E, dE/ds, dE/dlambda)
  func outerStage() throws -> Stage {
    try stage("outer") {
      let graph = try Graph(tracing: stateTypes + hyperTypes) { x in
        let s = Array(x[..<stateTypes.count])
        let h = Array(x[stateTypes.count...])
        let (value, gradient) = try valueAndGradient(at: Pair(s, h)) {
          try traceOuter($0.first, $0.second)
        }
        return [value.cast(to: .float64)] + gradient.first + gradient.second
      }
      return try Stage(graph, invariant: [])
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
      return try Stage(graph, invariant: [])
    }
  }

  /// lambda -> Z_0 = ds_0/dlambda, one leading entry per hyperparameter.
  func initialTangentStage() throws -> Stage {
    try stage("initialTangent") {
      let graph = try Graph(tracing: hyperTypes) { h in
        // `basis` is made of values: a tensor of this trace beside it, unused, says where h lives.
        let whole = h.first { $0.count > 0 } ?? h[0]
        let anchor = whole.reshaped([-1]).sliced(axis: 0, 0..<1).broadcast(to: [hyperCount])
        return try vmap(Pair(basis(), anchor)) {
          try jvp(at: h, along: $0.first, of: traceInitial).derivative
        }
      }
      return try Stage(graph, invariant: [])
    }
  }

  /// (s, batch, time, lambda, Z) -> (s', Z'): a step and its tangents for all hyperparameters, in
  /// one batched product. Z' = A_t Z + B_t.
  func tangentStage() throws -> Stage {
    try stage("tangent") {
      let q = hyperCount
      let tangents = stateTypes.map { TensorType([q] + $0.shape, $0.dtype) }
      let first = stepInputs.count
      let graph = try Graph(tracing: stepInputs + tangents) { x in
        let a = arguments(x)
        let next = try traceStep(a.state, a.batch, a.time, a.hyper)
        try requireStateTypes(next)
        let moved = try vmap(Pair(a.rest, basis())) { direction in
          try jvp(at: Pair(a.state, a.hyper), along: direction) {
            try traceStep($0.first, a.batch, a.time, $0.second)
          }.derivative
        }
        return next + moved
      }
      let count = stateTypes.count
      let donated = Dictionary(
        uniqueKeysWithValues: (0..<count).map { (count + $0, first + $0) })
      return try Stage(graph, invariant: stepInvariants, donated: donated)
    }
  }

  /// (a, Z, g) -> g + a Z: the hypergradient of forward mode.
  func contractionStage() throws -> Stage {
    try stage("contraction") {
      let q = hyperCount
      let tangents = stateTypes.map { TensorType([q] + $0.shape, $0.dtype) }
      let graph = try Graph(tracing: stateTypes + tangents + hyperTypes) { x in
        let a = x[..<stateTypes.count]
        let z = x[stateTypes.count..<(2 * stateTypes.count)]
        let sum = x[(2 * stateTypes.count)...]
        var all = Tensor.zeros([q], dtype: hyperTypes[0].dtype)
        for (adjoint, tangent) in zip(a, z) {
          let flat = tangent.reshaped([q, adjoint.count])
          all = all + matmul(flat, adjoint.reshaped([adjoint.count])).cast(to: all.dtype)
        }
        var offset = 0
        return sum.map { tensor in
          defer { offset += tensor.count }
          let part = all.sliced(axis: 0, offset..<(offset + tensor.count))
          return tensor + part.reshaped(tensor.shape).cast(to: tensor.dtype)
        }
      }
      return try Stage(graph, invariant: [])
    }
  }

  /// Unit directions of all hyperparameters: for each tensor (q, shape...).
  private func basis() -> [Tensor] {
    let q = hyperCount
    var offset = 0
    return hyperTypes.map { type in
      defer { offset += type.count }
      let row = Tensor.iota([q, type.count], axis: 0, dtype: type.dtype)
      let column = Tensor.iota([q, type.count], axis: 1, dtype: type.dtype) + Double(offset)
      return row.equals(column).reshaped([q] + type.shape)
    }
  }

  private func requireStateTypes(_ next: [Tensor]) throws {
    if let error = next.lazy.compactMap(\.error).first { throw error }
    guard next.map(\.type) == stateTypes else {
      throw BilevelError.invalid(
        "a step turns the state \(stateTypes) into \(next.map(\.type)); it must keep its types")
    }
  }
}
