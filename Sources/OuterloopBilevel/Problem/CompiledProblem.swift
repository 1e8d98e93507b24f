internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics
internal import Synchronization

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
  let validationTypes: [TensorType]
  /// Values of the batches of the first T steps, in order.
  private let batches: [[Tensor]]
  private let batchAt: (Int) throws -> [Tensor]
  private let validationAt: (Int) throws -> [Tensor]
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
  /// Memory of states that were handed out and are held by nobody now.
  private var spareFinals: [[Storage]] = []
  let stateBuffers, hyperBuffers: TensorBuffers.Pool
  /// gamma, factor and outer loss of a local program.
  let localNumbers = TensorBuffers([TensorType](repeating: TensorType([], .float64), count: 3))
  private(set) var compileSeconds = 0.0
  /// A step and its adjoint in one graph, once it is traced.
  var loopGraph: Loop?

  /// The loss and the optimizer, where the dynamics name them apart.
  let objective: CompiledObjective?

  let traceInitial: ([Tensor]) throws -> [Tensor]
  let traceStep: ([Tensor], [Tensor], Time, [Tensor]) throws -> [Tensor]
  /// (state, lambda, validation batch) -> E
  let traceOuter: ([Tensor], [Tensor], [Tensor]) throws -> Tensor

  init<State: Structure, Hyper: Structure, Batch: Structure>(
    _ problem: BilevelProblem<State, Hyper, Batch>, hyper: Hyper
  ) throws {
    let start = ProcessEnvironment.seconds
    let dynamics = problem.dynamics
    try Self.requireSteps(dynamics.steps)
    steps = dynamics.steps
    times = [
      Tensor((0..<dynamics.steps).map { Int32($0) }),
      Tensor((1...dynamics.steps).map { Double($0) }),
    ]
    if let error = hyper.leaves.lazy.compactMap(\.error).first { throw error }
    guard hyper.elementCount > 0 else {
      throw BilevelError.invalid(
        hyper.leaves.isEmpty
          ? "the problem has no hyperparameters: lambda has no tensors"
          : "the problem has no hyperparameters: lambda is \(hyper.leafTypes), of no elements")
    }
    // One call on values shows the shape of the state and of a batch.
    let state = try dynamics.initial(hyper)
    if let error = state.leaves.lazy.compactMap(\.error).first { throw error }
    let firstBatch = try dynamics.batches.batch(0)
    let validation = problem.validation
    let firstValidation = try validation.batch(0)
    batchTypes = firstBatch.leafTypes
    validationTypes = firstValidation.map(\.type)
    let types = (batch: batchTypes, validation: validationTypes)
    batchAt = { index in
      try Self.checked(dynamics.batches.batch(index).leaves, types.batch, "batch \(index)")
    }
    validationAt = { index in
      try Self.checked(validation.batch(index), types.validation, "validation batch \(index)")
    }
    batches = batchTypes.isEmpty ? [] : try (0..<dynamics.steps).map(batchAt)
    stateTypes = state.leafTypes
    guard state.elementCount > 0 else {
      throw BilevelError.invalid("the initial state is \(stateTypes): there is nothing to train")
    }
    let memory = ProcessEnvironment.physicalBytes
    for (name, types) in [("lambda", hyper.leafTypes), ("the state", stateTypes)] {
      let bytes = types.reduce(0.0) { $0 + Double($1.byteCount) }
      guard bytes <= Double(memory) else {
        throw BilevelError.invalid(
          "\(name) is \(types), \(bytes) bytes, and this machine has \(memory) bytes of memory")
      }
    }
    stateNames = state.leafNames.map { $0.isEmpty ? "the state" : $0 }
    hyperTypes = hyper.leafTypes
    stateBuffers = TensorBuffers.Pool(stateTypes)
    hyperBuffers = TensorBuffers.Pool(hyperTypes)
    hyperNames = hyper.leafNames.map { $0.isEmpty ? "lambda" : $0 }
    guard hyperTypes.allSatisfy(\.dtype.isFloating) else {
      throw BilevelError.invalid("hyperparameters must be floating, not \(hyperTypes)")
    }
    traceInitial = { try dynamics.initial(hyper.replacingLeaves($0)).leaves }
    traceStep = { s, b, time, h in
      try dynamics.step(
        state.replacingLeaves(s), hyper.replacingLeaves(h), firstBatch.replacingLeaves(b), time
      ).leaves
    }
    objective = try dynamics.objective.map {
      try CompiledObjective($0, state: state, hyper: hyper, batch: firstBatch)
    }
    // Not `problem` itself: it holds the cache that this is kept in.
    let evaluate = problem.evaluate
    traceOuter = { s, h, v in try evaluate(state.replacingLeaves(s), hyper.replacingLeaves(h), v) }
    initialUses = try Graph(tracing: hyperTypes, traceInitial).usedInputs
    let outerTrace = traceOuter
    let (states, hypers) = (stateTypes.count, hyperTypes.count)
    let outerGraph = try Graph(tracing: stateTypes + hyperTypes + validationTypes) { x in
      [
        try outerTrace(
          Array(x[..<states]), Array(x[states..<(states + hypers)]), Array(x[(states + hypers)...]))
      ]
    }
    let outerType = outerGraph.nodes[outerGraph.outputs[0]].type
    guard outerType.count == 1, outerType.dtype.isFloating else {
      throw BilevelError.invalid("the outer loss is \(outerType): a scalar is needed")
    }
    outerUses = Array(outerGraph.usedInputs[states..<(states + hypers)])
    compileSeconds = ProcessEnvironment.seconds - start
  }

  /// Steps are numbered by int32 tensors, and every one has its time in memory.
  static func requireSteps(_ steps: Int) throws {
    guard steps >= 1, steps <= stepLimit else {
      throw BilevelError.invalid(
        "`steps` is \(steps): a hypergradient needs 1...\(stepLimit) training steps")
    }
  }

  private static let stepLimit = 1 << 26

  /// The type of losses and settings in programs.
  static let number = TensorType([], .float64)

  var stateBytes: Int { stateTypes.reduce(0) { $0 + $1.byteCount } }
  var hyperCount: Int { hyperTypes.reduce(0) { $0 + $1.count } }
  var stateCount: Int { stateTypes.reduce(0) { $0 + $1.count } }

  /// The batch of a step by its number among all steps, counted from 0, past T too.
  func batch(_ index: Int) throws -> [Tensor] {
    index < batches.count ? batches[index] : try batchAt(index)
  }

  func validationBatch(_ index: Int) throws -> [Tensor] { try validationAt(index) }

  /// Tensors for a state, with any values.
  func newState() -> [Tensor] {
    let storages = spareFinals.popLast() ?? stateTypes.map { Storage(byteCount: $0.byteCount) }
    return zip(stateTypes, storages).map { Tensor(type: $0, content: .values($1)) }
  }

  /// Takes the memory of a state back if nobody else holds it.
  func recycle(_ state: consuming [Tensor]) {
    var storages: [Storage] = []
    for tensor in state {
      if case .values(let storage) = tensor.content { storages.append(storage) }
    }
    state = []
    guard spareFinals.count < 2, storages.map(\.byteCount) == stateTypes.map(\.byteCount),
      storages.indices.allSatisfy({ isKnownUniquelyReferenced(&storages[$0]) })
    else { return }
    spareFinals.append(storages)
  }

  private static func checked(
    _ leaves: [Tensor], _ types: [TensorType], _ name: String
  ) throws -> [Tensor] {
    guard leaves.map(\.type) == types else {
      throw BilevelError.invalid(
        "\(name) is \(leaves.map(\.type)) but batch 0 is \(types): sizes must agree")
    }
    return try leaves.map { try $0.materialized() }
  }

  /// A program, compiled at first use. `compileSeconds` grows by what that took.
  func stage(_ name: String, _ make: () throws -> Stage) throws -> Stage {
    if let known = stages[name] { return known }
    let made = try stageTime(make)
    stages[name] = made
    return made
  }

  /// Counts the time of tracing and planning.
  func stageTime<Result>(_ body: () throws -> Result) rethrows -> Result {
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
}
