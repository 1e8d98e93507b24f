internal import OuterloopAutodiff
internal import OuterloopLearning
public import OuterloopNumerics

/// The computation of one hypergradient: the operations that every estimator consists of, and their
/// cost.
///
///     let states = try run.states(2)
///     try run.begin(at: states[0])                                            // s_0
///     for t in 1...run.steps { try run.step(t, from: states[t - 1], to: states[t]) }
///     run.end = states[run.steps]
///     let loss = try run.outer()                                              // a = dE/ds, g = dE/dlambda
///     try run.adjointStep(run.steps, at: states[run.steps - 1])               // g += a B_T;  a = a A_T
///     return try run.result(loss: loss)
///
/// is the one-step method. The adjoint `a` and the hypergradient `g` live here and are updated in place.
public final class Run {
  /// The problem, compiled.
  public let problem: CompiledProblem
  /// The steps of training that the run is about.
  public let window: Window
  /// lambda.
  public let hyper: [Tensor]
  /// Its buffers.
  let lambda: TensorBuffers
  /// The cost counted by the method: steps, and bytes that it holds in addition to the run's own
  /// memory. Products are counted by the operations.
  public var cost = Cost()
  private let start = ProcessEnvironment.seconds
  private let compileStart: Double

  /// The window's batches.
  private let batches: ArraySlice<TensorBuffers>
  /// The programs of a step and its adjoint, once they are used.
  private var stepProgram, adjointProgram: BoundProgram?
  /// Room for one step's large products that it shares with its adjoint, if there are any.
  private var keptScratch: TensorBuffers?
  /// The buffers of the state at the end of training, set by the method.
  public var end: TensorBuffers
  /// The state at the end, copied when its memory will be reused.
  var finalCopy: [Tensor]?
  private var isOver = false
  /// Memory that is passed on to the next run.
  private var memories: [TensorMemory] = []
  private var numbers: [TensorMemory] = []

  private let sumMemory: TensorMemory
  private var adjointMemory: TensorMemory?
  /// a: at first dE/ds_T, after the adjoint step t that by s_{t-1}.
  public var adjoint: TensorBuffers {
    if let adjointMemory { return adjointMemory[0] }
    let memory = problem.stateMemory.take()
    adjointMemory = memory
    return memory[0]
  }
  /// The hypergradient so far.
  public var sum: TensorBuffers { sumMemory[0] }
  /// The direct term alone.
  public internal(set) var direct: [Tensor] = []

  /// T, or the length of the window of an online run.
  public var steps: Int { window.steps }

  init(_ problem: CompiledProblem, hyper: [Tensor], window: Window? = nil) throws {
    self.problem = problem
    let window = window ?? Window(steps: problem.steps)
    self.window = window
    compileStart = problem.compileSeconds
    if let error = hyper.lazy.compactMap(\.error).first { throw error }
    self.hyper = try hyper.map { try $0.materialized() }
    lambda = TensorBuffers(holding: self.hyper, problem.hyperTypes)
    for (tensor, name) in zip(self.hyper, problem.hyperNames) {
      guard try tensor.isAllFinite() else {
        throw BilevelError.invalid(
          "hyperparameter \(name) has a non-finite value")
      }
    }
    let numbers = window.batch..<(window.batch + window.steps)
    if problem.batchTypes.isEmpty {
      batches = []
    } else if numbers.upperBound <= problem.batches.count {
      batches = problem.batches[numbers]
    } else {
      batches = try numbers.map { try problem.batch($0) }[...]
    }
    end = problem.nothing
    sumMemory = problem.hyperMemory.take()
  }

  deinit {
    problem.releasePrograms()
    for number in numbers { problem.numberMemory.give(number) }
    problem.hyperMemory.give(sumMemory)
    if let adjointMemory { problem.stateMemory.give(adjointMemory) }
  }

  // MARK: - Memory

  /// Memory for a number of states, which is counted.
  ///
  /// - Throws: `BilevelError.invalid` for a number below 1, or one that does not fit into memory.
  public func states(_ count: Int) throws -> TensorMemory {
    let bytes = Double(count) * Double(problem.stateBytes)
    guard count >= 1, bytes <= Double(ProcessEnvironment.physicalBytes) else {
      throw BilevelError.invalid(
        "memory for \(count) states of \(problem.stateBytes) bytes",
        remedy: "use 1 or more that fit")
    }
    return states(count, kept: nil)
  }

  /// The same; `kept` marks the tensors of which every state is needed later.
  func states(_ count: Int, kept: [Bool]?) -> TensorMemory {
    cost.liveStates += count
    return memory(problem.stateTypes, count, kept: kept)
  }

  /// Memory for weights without the optimizer's buffers.
  func weights(_ count: Int) -> TensorMemory { memory(problem.weightTypes, count) }

  private func memory(_ types: [TensorType], _ count: Int, kept: [Bool]? = nil) -> TensorMemory {
    let memory = spareMemory(types, count, kept: kept)
    cost.stateBytes += memory.byteCount
    return memory
  }

  /// Memory that is taken over from the last run and passed on to the next.
  func spareMemory(_ types: [TensorType], _ count: Int, kept: [Bool]? = nil) -> TensorMemory {
    let memory = TensorMemory(types, places: count, kept: kept, reusing: &problem.spareStates)
    memories.append(memory)
    return memory
  }

  /// A number for a program to read.
  func number(_ value: Double) -> TensorBuffers {
    let memory = problem.numberMemory.take()
    numbers.append(memory)
    memory[0].number = value
    return memory[0]
  }

  /// Counts the adjoint's memory.
  public func countAdjoint() { cost.stateBytes += problem.stateBytes }

  /// The weights of a state.
  func weights(of state: TensorBuffers) -> TensorBuffers {
    state.prefix(problem.weightTypes.count)
  }

  // MARK: - Data

  /// The batch of step t (1...T).
  func batch(_ t: Int) -> TensorBuffers {
    batches.isEmpty ? problem.nothing : batches[batches.startIndex + t - 1]
  }

  /// Data for work outside of the training steps, n = 0, 1, ...: the batches after the window's,
  /// where training continues; otherwise those of the training again, from its first.
  func batch(beyond n: Int) throws -> TensorBuffers {
    guard window.continues, !batches.isEmpty else { return batch(n % steps + 1) }
    return try problem.batch(window.batch + steps + n)
  }

  /// The validation data that belong to step t.
  func validationBatch(_ t: Int) throws -> TensorBuffers {
    try problem.validationBatch(window.validation + t - 1)
  }

  /// Binds lambda, and the data and the time of step t, as far as a program reads them.
  func bind(_ program: BoundProgram, step t: Int) {
    bind(program, batch: batch(t))
    program.bind(ifPresent: .time, to: problem.times[window.first + t - 1])
  }

  /// Binds lambda and any batch.
  func bind(_ program: BoundProgram, batch: TensorBuffers) {
    program.bind(ifPresent: .hyper, to: lambda)
    program.bind(ifPresent: .batch, to: batch)
  }

  // MARK: - Forward

  /// Writes the state before the first step.
  ///
  /// - Throws: `BilevelError` for a state of other types than the problem's.
  public func begin(at target: TensorBuffers) throws {
    try requireState(target)
    if let start = window.start { return target.copy(from: try buffers(start)) }
    let program = try problem.initialProgram()
    program.bind(.hyper, to: lambda)
    program.bind(.next, to: target)
    try program.run()
  }

  /// A state that is given as tensors.
  func buffers(_ state: [Tensor]) throws -> TensorBuffers {
    TensorBuffers(holding: try state.map { try $0.materialized() }, problem.stateTypes)
  }

  /// s_t from s_{t-1}, for t in 1...`steps`.
  ///
  /// - Throws: `BilevelError` for a step outside 1...`steps` and a state of other types than the
  ///   problem's.
  public func step(_ t: Int, from: TensorBuffers, to: TensorBuffers) throws {
    try requireStep(t)
    try requireState(from)
    try requireState(to)
    try step(try preparedStep(), t, from: from, to: to)
  }

  /// The same by a step program with further outputs.
  func step(
    _ program: BoundProgram, _ t: Int, from: TensorBuffers, to: TensorBuffers
  ) throws {
    bind(program, step: t)
    program.bind(.state, to: from)
    program.bind(.next, to: to)
    try program.run()
  }

  func preparedStep() throws -> BoundProgram {
    if let stepProgram { return stepProgram }
    let program = try problem.stepProgram()
    stepProgram = program
    return program
  }

  /// All T steps between two alternating states; leaves `end` at s_T.
  ///
  /// - Throws: as `step(_:from:to:)`.
  public func train() throws {
    let memory = try states(2)
    try begin(at: memory[0])
    for t in 1...steps { try step(t, from: memory[t - 1], to: memory[t]) }
    cost.steps = steps
    end = memory[steps]
  }

  /// One step of the optimizer along a gradient given, at the time of step t.
  func update(
    _ program: BoundProgram, _ t: Int, from state: TensorBuffers, along gradient: TensorBuffers,
    to next: TensorBuffers
  ) throws {
    program.bind(.gradient, to: gradient)
    try step(program, t, from: state, to: next)
  }

  /// Copies the state at `end`, whose memory will be reused.
  ///
  /// - Throws: `BilevelError` if there is no state at `end`.
  public func keepEnd() throws {
    try requireState(end)
    finalCopy = end.tensors
  }

  /// The state at `end`, wherever it was left.
  func lastState() throws -> [Tensor] {
    if finalCopy == nil { try requireState(end) }
    return finalState()
  }

  func finalState() -> [Tensor] { finalCopy ?? end.tensors }

  // MARK: - The outer loss

  /// E and its gradient at `end`: the state's part becomes the adjoint, lambda's part starts the
  /// hypergradient (the direct term).
  ///
  /// - Throws: `BilevelError` if there is no state at `end`, and what the validation batch throws.
  @discardableResult
  public func outer() throws -> Double {
    try requireState(end)
    let value = try outer(at: end, step: steps, state: adjoint, hyper: sum)
    direct = sum.tensors
    return value
  }

  /// E at s_t; writes dE/ds and dE/dlambda.
  func outer(
    at state: TensorBuffers, step t: Int, state adjoint: TensorBuffers, hyper part: TensorBuffers
  ) throws -> Double {
    let program = try problem.outerProgram()
    program.bind(.state, to: state)
    program.bind(.hyper, to: lambda)
    program.bind(.validation, to: try validationBatch(t))
    program.bind(.loss, to: problem.lossNumber)
    program.bind(.stateSlope, to: adjoint)
    program.bind(.hyperSlope, to: part)
    try program.run()
    return problem.lossNumber.number
  }

  /// Adds the given dE/dlambda to the hypergradient.
  func add(direct part: TensorBuffers) {
    direct = part.tensors
    sum.add(1, part)
  }

  // MARK: - Reverse

  /// g += a B_t, then a = a A_t, both at s_{t-1}.
  ///
  /// - Throws: `BilevelError` for a step outside 1...`steps` and a state of other types than the
  ///   problem's.
  public func adjointStep(_ t: Int, at state: TensorBuffers) throws {
    try requireStep(t)
    try requireState(state)
    let program = try preparedAdjoint()
    if let keptScratch {
      // Recomputes what the step itself did not keep.
      let kept = try problem.keptProgram()
      bind(kept, step: t)
      kept.bind(.state, to: state)
      kept.bind(.kept, to: keptScratch)
      try kept.run()
      program.bind(.kept, to: keptScratch)
    }
    bind(program, step: t)
    program.bind(.state, to: state)
    try program.run()
    cost.products += 1
  }

  func preparedAdjoint() throws -> BoundProgram {
    if let adjointProgram { return adjointProgram }
    let program = try problem.adjointProgram()
    program.bind(.adjoint, to: adjoint)
    program.bind(.sum, to: sum)
    let kept = try problem.keptTypes()
    keptScratch = kept.isEmpty ? nil : TensorBuffers(kept)
    adjointProgram = program
    return program
  }

  /// g += a_0 ds_0/dlambda, if the state at the start depends on lambda.
  ///
  /// - Throws: what tracing the initial state throws.
  public func finishReverse() throws {
    guard window.start == nil, problem.initialUses.contains(true) else { return }
    let program = try problem.initialAdjointProgram()
    program.bind(.hyper, to: lambda)
    program.bind(.adjoint, to: adjoint)
    program.bind(.sum, to: sum)
    try runIntoSum(program)
  }

  /// Runs a program whose only output is the new sum. It reads the old one, so it writes elsewhere
  /// and copies back.
  func runIntoSum(_ program: BoundProgram) throws {
    let result = problem.hyperMemory.take()
    defer { problem.hyperMemory.give(result) }
    program.bind(.newSum, to: result[0])
    try program.run()
    sum.copy(from: result[0])
  }

  // MARK: - Building blocks

  private func requireStep(_ t: Int) throws {
    guard t >= 1, t <= steps else {
      throw BilevelError.invalid("step \(t) of a run of \(steps) steps", remedy: "use 1...\(steps)")
    }
  }

  private func requireState(_ state: TensorBuffers) throws {
    guard state.has(problem.stateTypes) else {
      throw BilevelError.invalid(
        "a state of \(problem.stateTypes) is needed where \(state.types) is given",
        remedy: "take memory from `states`, and set `end` after training")
    }
    guard !isOver else {
      throw BilevelError.invalid(
        "a run continues after its result, when its memory is the next one's")
    }
  }

  // MARK: - Result

  /// What every estimator returns: `sum` as the gradient, the state at `end`, and the cost. The run is
  /// over then.
  /// - Throws: `BilevelError` for values that are not finite, with the step and tensor that were first.
  public func result(loss: Double) throws -> EstimatorResult {
    try requireState(end)
    return try result(loss: loss, programs: problem.usedPrograms)
  }

  func result(loss: Double, programs: [BoundProgram]) throws -> EstimatorResult {
    let gradient = sum.tensors
    try requireFinite(loss: loss, gradient: gradient)
    cost.workspaceBytes = programs.reduce(0) { $0 + $1.byteCount }
    let cost = costSoFar
    let state = finalState()
    for memory in memories { memory.recycle(into: &problem.spareStates) }
    memories = []
    isOver = true
    return EstimatorResult(
      gradient: gradient, direct: direct, loss: loss, state: state, cost: cost)
  }

  /// The cost up to now, with its times.
  var costSoFar: Cost {
    var cost = cost
    cost.compileSeconds = problem.compileSeconds - compileStart
    cost.seconds = ProcessEnvironment.seconds - start - cost.compileSeconds
    return cost
  }
}

/// What an estimator computed, on flat lists.
public struct EstimatorResult: Sendable {
  /// The hypergradient, a tensor for each of lambda's.
  public var gradient: [Tensor]
  /// The direct term alone.
  public var direct: [Tensor]
  /// E at the end of training.
  public var loss: Double
  /// Where training ended.
  public var state: [Tensor]
  /// What it took.
  public var cost: Cost
  /// What the method says of its own answer.
  public var diagnostics = Diagnostics()

  /// Custom methods may have put anything into it.
  func require(_ problem: CompiledProblem, by method: any HypergradientMethod) throws {
    guard Self.agree(gradient, problem.hyperTypes), Self.agree(direct, problem.hyperTypes),
      Self.agree(state, problem.stateTypes)
    else {
      throw BilevelError.invalid(
        "\(method) gives the gradient \(gradient.map(\.type)), the direct term "
          + "\(direct.map(\.type)) and the state \(state.map(\.type)) where "
          + "\(problem.hyperTypes) and \(problem.stateTypes) are needed",
        remedy: "let it end with `outer` and `result(loss:)`")
    }
  }

  private static func agree(_ tensors: [Tensor], _ types: [TensorType]) -> Bool {
    guard tensors.count == types.count else { return false }
    for index in types.indices where tensors[index].type != types[index] { return false }
    return true
  }
}
