internal import OuterloopAutodiff
internal import OuterloopLearning
public import OuterloopNumerics
internal import Synchronization

/// A bilevel problem on flat lists of tensors, with its graphs traced and its programs compiled on
/// demand.
///
/// Programs that several methods share are in `SharedPrograms`, the others with their methods.
///
/// `@unchecked Sendable`: everything mutable is used under `lock`, one run at a time.
public final class CompiledProblem: @unchecked Sendable {
  /// T
  public let steps: Int
  /// Shapes and element types of the state's tensors.
  public let stateTypes: [TensorType]
  /// The paths of the state's tensors.
  public let stateNames: [String]
  /// Shapes and element types of lambda's tensors.
  public let hyperTypes: [TensorType]
  /// The paths of lambda's tensors.
  public let hyperNames: [String]
  let batchTypes: [TensorType]
  let validationTypes: [TensorType]
  /// Types of the weights, the first tensors of the state; empty without an objective that names
  /// them.
  let weightTypes: [TensorType]
  /// The batches of the first T steps, in order.
  let batches: [TensorBuffers]
  private let batchAt: (Int) throws -> [Tensor]
  private let validationAt: (Int) throws -> [Tensor]
  /// No tensors: batches of losses that capture their data.
  let nothing = TensorMemory([]).lasting[0]
  /// Index (int32, from 0) and number (float64, from 1) of every step.
  let times: TensorMemory
  /// Whether s_0 depends on lambda, for each hyperparameter tensor.
  public private(set) var initialUses: [Bool] = []
  /// Whether the outer loss depends on lambda directly.
  public private(set) var outerUses: [Bool] = []

  let lock = Mutex<Void>(())
  private var programs: [String: BoundProgram] = [:]
  private var allPrograms: [BoundProgram] = []
  /// State memory of the last run, kept for the next.
  var spareStates: [Storage] = []
  /// Memory of states that were returned and are no longer referenced.
  private var spareFinals: [[Storage]] = []
  let stateMemory, hyperMemory: TensorMemory.Pool
  let numberMemory = TensorMemory.Pool(numberTypes)
  /// Where programs write a loss, and the inputs of single-step programs: gamma and a factor.
  let lossNumber = TensorMemory(numberTypes).lasting[0]
  let decayNumber = TensorMemory(numberTypes).lasting[0]
  let factorNumber = TensorMemory(numberTypes).lasting[0]
  private(set) var compileSeconds = 0.0
  /// A step and its adjoint in one graph, once it is traced, and what the former keeps for the
  /// latter.
  var loop: TracedProgram?
  var knownKeptTypes: [TensorType]?

  /// The loss and the optimizer, if the dynamics specify them separately.
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
    times =
      TensorMemory(
        rowsOf: TensorBuffers(holding: [
          Tensor((0..<dynamics.steps).map { Int32($0) }),
          Tensor((1...dynamics.steps).map { Double($0) }),
        ]), as: Self.timeTypes
      ).lasting
    if let error = hyper.leaves.lazy.compactMap(\.error).first { throw error }
    guard hyper.elementCount > 0 else {
      throw BilevelError.invalid(
        hyper.leaves.isEmpty
          ? "the problem has no hyperparameters: lambda has no tensors"
          : "the problem has no hyperparameters: lambda is \(hyper.leafTypes), of no elements")
    }
    // One call on values determines the shapes of the state and of a batch.
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
    let at = batchAt
    batches =
      types.batch.isEmpty
      ? []
      : try (0..<dynamics.steps).map { TensorMemory(holding: try at($0), types.batch).lasting[0] }
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
    stateMemory = TensorMemory.Pool(stateTypes)
    hyperMemory = TensorMemory.Pool(hyperTypes)
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
    weightTypes = Array(stateTypes.prefix(objective?.weightCount ?? 0))
    // Not `problem` itself: it holds the cache that this is kept in.
    let evaluate = problem.evaluate
    traceOuter = { s, h, v in try evaluate(state.replacingLeaves(s), hyper.replacingLeaves(h), v) }

    initialUses = try trace(reads: [.hyper], writes: [.outcome]) {
      [.outcome: try traceInitial($0[.hyper])]
    }.uses(.hyper)
    let outer = try trace(reads: [.state, .hyper, .validation], writes: [.outcome]) { x in
      [.outcome: [try traceOuter(x[.state], x[.hyper], x[.validation])]]
    }
    let type = outer.writes.types[0]
    guard type.count == 1, type.dtype.isFloating else {
      throw BilevelError.invalid("the outer loss is \(type)", remedy: "a scalar is needed")
    }
    outerUses = outer.uses(.hyper)
    compileSeconds = ProcessEnvironment.seconds - start
  }

  /// Steps are numbered by int32 tensors, and the time of each is in memory.
  static func requireSteps(_ steps: Int) throws {
    guard steps >= 1, steps <= stepLimit else {
      throw BilevelError.invalid(
        "`steps` is \(steps)", remedy: "a hypergradient needs 1...\(stepLimit) training steps")
    }
  }

  private static let stepLimit = 1 << 26

  private static let timeTypes = [TensorType([1], .int32), TensorType([], .float64)]
  private static let numberTypes = [TensorType([], .float64)]

  var stateBytes: Int { stateTypes.byteCount }
  var hyperCount: Int { hyperTypes.reduce(0) { $0 + $1.count } }

  /// The batch of a step by its number among all steps, counted from 0, past T too.
  func batch(_ index: Int) throws -> TensorBuffers {
    index < batches.count
      ? batches[index] : TensorBuffers(holding: try batchAt(index), batchTypes)
  }

  func validationBatch(_ index: Int) throws -> TensorBuffers {
    validationTypes.isEmpty
      ? nothing : TensorBuffers(holding: try validationAt(index), validationTypes)
  }

  /// Memory for a state that will be returned.
  func newState() -> TensorMemory {
    spareFinals.popLast().map { TensorMemory(stateTypes, in: $0) } ?? TensorMemory(stateTypes)
  }

  /// Recycles the memory of a state unless it is referenced elsewhere.
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
        "\(name) is \(leaves.map(\.type)) but batch 0 is \(types)", remedy: "sizes must agree")
    }
    return try leaves.map { try $0.materialized() }
  }

  // MARK: - Programs

  /// A program, traced and compiled at first use. `compileSeconds` grows by what that took.
  ///
  /// - Parameters:
  ///   - types: of slots whose kind does not determine them; outputs may have any type where they
  ///     are missing.
  ///   - invariant: slots that stay the same through a run; what depends on them alone is computed
  ///     when they are bound.
  func program(
    _ name: String, reads: [Slot], writes: [Slot], types: [Slot: [TensorType]] = [:],
    invariant: [Slot] = [], _ trace: (TracedInputs) throws -> [Slot: [Tensor]]
  ) throws -> BoundProgram {
    try program(name, invariant: invariant) {
      try self.trace(reads: reads, writes: writes, types: types, trace)
    }
  }

  func program(
    _ name: String, invariant: [Slot], _ trace: () throws -> TracedProgram
  ) throws -> BoundProgram {
    if let known = programs[name] { return known }
    let made = try timed { try BoundProgram(try trace(), invariant: invariant) }
    programs[name] = made
    allPrograms.append(made)
    return made
  }

  /// A program as a graph.
  func trace(
    reads: [Slot], writes: [Slot], types: [Slot: [TensorType]] = [:],
    _ trace: (TracedInputs) throws -> [Slot: [Tensor]]
  ) throws -> TracedProgram {
    try TracedProgram(
      reads: reads, writes: writes, types: { types[$0] ?? self.types(of: $0.kind) }, trace)
  }

  private func types(of kind: Slot.Kind) -> [TensorType]? {
    switch kind {
    case .state: stateTypes
    case .weights: weightTypes
    case .batch: batchTypes
    case .validation: validationTypes
    case .hyper: hyperTypes
    case .time: Self.timeTypes
    case .number: Self.numberTypes
    case .listed: nil
    }
  }

  /// The programs used by the current run.
  var usedPrograms: [BoundProgram] { allPrograms.filter(\.wasRun) }

  /// Releases what a run has bound.
  func releasePrograms() { for index in allPrograms.indices { allPrograms[index].release() } }

  /// Counts the time of tracing and planning.
  func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = ProcessEnvironment.seconds
    let before = compileSeconds
    let result = try body()
    // Nested calls have counted their own time.
    compileSeconds = before + ProcessEnvironment.seconds - start
    return result
  }

  /// The plans of the programs compiled so far, for debugging.
  var plans: String {
    programs.sorted { $0.key < $1.key }.map { "== \($0.key)\n\($0.value)" }
      .joined(separator: "\n\n")
  }
}
