internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// One hypergradient under way: the moves that every estimator is made of, and what they cost.
///
/// The adjoint `a` and the hypergradient `g` live here and are updated in place.
final class Run {
  typealias Pointers = StateMemory.Pointers

  let problem: CompiledProblem
  let window: Window
  let hyper: [Tensor]
  var cost = Cost()
  private let start = ProcessEnvironment.seconds
  private let compileStart: Double

  /// The time of the window's first step; those of the others follow.
  let indexTimes, numberTimes: UnsafeMutableRawPointer
  /// The window's batches, and where they are, flat: (step, tensor).
  let batches: [[Tensor]]
  private let batchPointers: Pointers
  /// The programs of a step and its adjoint, once they are used.
  var stepProgram: Stage?
  private var adjointProgram: Stage?
  /// Room for one step's large products that it shares with its adjoint.
  private var keptScratch: [Storage] = []
  /// Where the state at the end of training is.
  var end: Pointers = []
  /// The state at the end, copied when its memory is going to be used again.
  var finalCopy: [Tensor]?
  /// Memory that must live as long as the run.
  var memories: [StateMemory] = []

  private let sumBuffers: TensorBuffers
  private var adjointBuffers: TensorBuffers?
  var adjoint: Pointers {
    if adjointBuffers == nil { adjointBuffers = problem.stateBuffers.take() }
    return adjointBuffers?.pointers ?? []
  }
  /// The hypergradient so far.
  var sum: Pointers { sumBuffers.pointers }
  /// The direct term alone.
  var direct: [Tensor] = []

  /// T, or the length of the window of an online run.
  var steps: Int { window.steps }

  init(_ problem: CompiledProblem, hyper: [Tensor], window: Window? = nil) throws {
    self.problem = problem
    let window = window ?? Window(steps: problem.steps)
    self.window = window
    compileStart = problem.compileSeconds
    if let error = hyper.lazy.compactMap(\.error).first { throw error }
    self.hyper = try hyper.map { try $0.materialized() }
    for (tensor, name) in zip(self.hyper, problem.hyperNames) {
      guard try tensor.isAllFinite() else {
        throw BilevelError.invalid(
          "hyperparameter \(name) has a non-finite value")
      }
    }
    indexTimes = problem.times[0].memory + 4 * window.first
    numberTimes = problem.times[1].memory + 8 * window.first
    batches =
      problem.batchTypes.isEmpty
      ? [] : try (0..<window.steps).map { try problem.batch(window.batch + $0) }
    batchPointers = batches.flatMap { $0.map(\.memory) }
    sumBuffers = problem.hyperBuffers.take()
  }

  deinit {
    problem.hyperBuffers.give(sumBuffers)
    if let adjointBuffers { problem.stateBuffers.give(adjointBuffers) }
  }

  // MARK: - Memory

  /// Memory for states; `kept` names the tensors of which every state is needed later.
  func states(_ count: Int, kept: [Bool]? = nil) -> StateMemory {
    let memory = StateMemory(
      problem.stateTypes, slots: count, kept: kept, reusing: &problem.spareStates)
    memories.append(memory)
    cost.stateBytes += memory.byteCount(problem.stateTypes)
    cost.liveStates += count
    return memory
  }

  /// Memory for weights without the optimizer's buffers.
  func weights(_ count: Int) -> StateMemory {
    let memory = StateMemory(
      problem.weightTypes, slots: count, reusing: &problem.spareStates)
    memories.append(memory)
    cost.stateBytes += memory.byteCount(problem.weightTypes)
    return memory
  }

  func countAdjoint() { cost.stateBytes += problem.stateBytes }

  /// Which state tensors an adjoint step reads: the others need not be kept.
  func readByAdjoint() throws -> [Bool] {
    Array(try problem.adjointStage().usesInput[..<problem.stateTypes.count])
  }

  // MARK: - Forward

  /// Writes the state before the first step.
  func begin(at target: Pointers) throws {
    if let start = window.start {
      try withExtendedLifetime(start.map { try $0.materialized() }) {
        target.copy(from: $0.map(\.memory), problem.stateTypes)
      }
      return
    }
    let stage = try problem.initialStage()
    stage.bind(inputs: 0, to: hyper.map(\.memory))
    stage.bind(outputs: 0, to: target)
    try stage.prepare()
    try stage.run()
  }

  func bindHyper(_ stage: Stage) {
    let first = problem.stateTypes.count + problem.batchTypes.count + 2
    stage.bind(inputs: first, to: hyper.map(\.memory))
  }

  /// Binds the data and the time of step t (1...T).
  func bind(_ stage: Stage, step t: Int) {
    let first = problem.stateTypes.count
    let count = problem.batchTypes.count
    bindBatch(stage, first: first, step: t)
    stage.bind(varying: first + count, to: indexTimes + 4 * (t - 1))
    stage.bind(varying: first + count + 1, to: numberTimes + 8 * (t - 1))
  }

  /// Binds the data of step t to the inputs from `first` on.
  func bindBatch(_ stage: Stage, first: Int, step t: Int) {
    let count = problem.batchTypes.count
    for index in 0..<count {
      stage.bind(varying: first + index, to: batchPointers[(t - 1) * count + index])
    }
  }

  /// The batch of step t.
  func batch(_ t: Int) -> [Tensor] { batches.isEmpty ? [] : batches[t - 1] }

  /// Index and number of step t.
  func time(_ t: Int) -> Pointers { [indexTimes + 4 * (t - 1), numberTimes + 8 * (t - 1)] }

  /// s_t from s_{t-1}.
  func step(_ t: Int, from: Pointers, to: Pointers) throws {
    let stage = try preparedStep()
    bind(stage, step: t)
    stage.bind(inputs: 0, to: from)
    stage.bind(outputs: 0, to: to)
    try stage.run()
  }

  /// Slots `from` and `to` of a trajectory: the same without making lists.
  func step(_ t: Int, in states: StateMemory, from: Int, to: Int) throws {
    let stage = try preparedStep()
    bind(stage, step: t)
    for tensor in 0..<problem.stateTypes.count {
      stage.bind(varying: tensor, to: states.pointer(tensor, from))
      stage.bind(output: tensor, to: states.pointer(tensor, to))
    }
    try stage.run()
  }

  func preparedStep() throws -> Stage {
    if let stepProgram { return stepProgram }
    let stage = try problem.stepStage()
    bindHyper(stage)
    try stage.prepare()
    stepProgram = stage
    return stage
  }

  /// All T steps between two alternating states; leaves `end` at s_T.
  func train() throws {
    let memory = states(2)
    try begin(at: memory.pointers(0))
    for t in 1...steps { try step(t, in: memory, from: t - 1, to: t) }
    cost.steps = steps
    end = memory.pointers(steps)
  }

  func finalState() -> [Tensor] { finalCopy ?? end.tensors(problem.stateTypes) }

  // MARK: - The outer loss

  /// E and its gradient at `end`: the state's part becomes the adjoint, lambda's part starts the
  /// hypergradient (the direct term).
  @discardableResult
  func outer() throws -> (loss: Double, state: Pointers, hyper: Pointers) {
    let value = try outer(at: end, step: steps, state: adjoint, hyper: sum)
    direct = sum.tensors(problem.hyperTypes)
    return (value, adjoint, sum)
  }

  /// E at s_t; writes dE/ds and dE/dlambda.
  func outer(
    at state: Pointers, step t: Int, state adjoint: Pointers, hyper part: Pointers
  ) throws -> Double {
    let stage = try problem.outerStage()
    let batch = try validationBatch(t)
    let loss = Storage(byteCount: 8)
    return try withExtendedLifetime((loss, batch)) {
      stage.bind(inputs: 0, to: state + hyper.map(\.memory) + batch.map(\.memory))
      stage.bind(outputs: 0, to: [loss.pointer] + adjoint + part)
      try stage.prepare()
      try stage.run()
      return loss.pointer.load(as: Double.self)
    }
  }

  /// The validation data that belong to step t.
  func validationBatch(_ t: Int) throws -> [Tensor] {
    problem.validationTypes.isEmpty
      ? [] : try problem.validationBatch(window.validation + t - 1)
  }

  /// Takes dE/dlambda from where it is, and adds it to the hypergradient.
  func add(direct part: Pointers) {
    direct = part.tensors(problem.hyperTypes)
    sum.add(1, part, problem.hyperTypes)
  }

  // MARK: - Reverse

  /// Prepares adjoint steps.
  func beginReverse() throws {
    let stage = try problem.adjointStage()
    bindHyper(stage)
    try stage.prepare()
    let first = problem.stateTypes.count + problem.batchTypes.count + 2 + problem.hyperTypes.count
    stage.bind(inputs: first, to: adjoint + sum)
    stage.bind(outputs: 0, to: adjoint + sum)
  }

  /// g += a B_t, then a = a A_t, both at s_{t-1}.
  func adjointStep(_ t: Int, at state: Pointers) throws {
    let stage = try preparedAdjoint()
    try computeKept(t, at: state)
    bind(stage, step: t)
    stage.bind(inputs: 0, to: state)
    try stage.run()
    cost.products += 1
  }

  /// The same at a slot of a trajectory.
  func adjointStep(_ t: Int, in states: StateMemory, at slot: Int) throws {
    try adjointStep(t, at: states.pointers(slot))
  }

  /// Computes the products that the adjoint step reads, where the step itself did not keep them.
  private func computeKept(_ t: Int, at state: Pointers) throws {
    let keptTypes = try problem.keptTypes()
    guard !keptTypes.isEmpty else { return }
    let stage = try problem.keptStage()
    if keptScratch.isEmpty {
      keptScratch = keptTypes.map { Storage(byteCount: $0.byteCount) }
      bindHyper(stage)
      try stage.prepare()
    }
    bind(stage, step: t)
    stage.bind(inputs: 0, to: state)
    stage.bind(outputs: 0, to: keptScratch.map(\.pointer))
    try stage.run()
    for (product, storage) in keptScratch.enumerated() {
      adjointProgram?.bind(varying: keptInput + product, to: storage.pointer)
    }
  }

  func preparedAdjoint() throws -> Stage {
    if let adjointProgram { return adjointProgram }
    let stage = try problem.adjointStage()
    adjointProgram = stage
    return stage
  }

  /// g += a_0 ds_0/dlambda, if the state at the start depends on lambda.
  func finishReverse() throws {
    guard window.start == nil, problem.initialUses.contains(true) else { return }
    let stage = try problem.initialAdjointStage()
    stage.bind(inputs: 0, to: hyper.map(\.memory) + adjoint + sum)
    try runIntoSum(stage)
  }

  /// Runs a stage whose only outputs are the new sum. It reads the old one: writes beside it and
  /// copies back.
  func runIntoSum(_ stage: Stage) throws {
    let result = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    // Pointers do not keep their storage alive.
    try withExtendedLifetime(result) {
      let pointers = result.map(\.pointer)
      stage.bind(outputs: 0, to: pointers)
      try stage.prepare()
      try stage.run()
      sum.copy(from: pointers, problem.hyperTypes)
    }
  }

  // MARK: - Result

  /// What every estimator returns.
  func result(loss: Double, stages: [Stage]) throws -> EstimatorResult {
    let gradient = sum.tensors(problem.hyperTypes)
    try requireFinite(loss: loss, gradient: gradient)
    cost.workspaceBytes = stages.reduce(0) { $0 + $1.byteCount }
    let cost = costSoFar
    let state = finalState()
    for memory in memories { memory.recycle(into: &problem.spareStates) }
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
struct EstimatorResult {
  var gradient: [Tensor]
  var direct: [Tensor]
  var loss: Double
  var state: [Tensor]
  var cost: Cost
  var diagnostics = Diagnostics()
}
