internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// One hypergradient under way: the moves that every estimator is made of, and what they cost.
///
/// The adjoint `a` and the hypergradient `g` live here and are updated in place.
final class Run {
  typealias Pointers = StateMemory.Pointers

  let problem: CompiledProblem
  private(set) var hyper: [Tensor]
  var cost = Cost()
  private let start = ProcessEnvironment.seconds
  private let compileStart: Double

  private let indexTimes, numberTimes: UnsafeMutableRawPointer
  /// Where each step's batch is, flat: (step, tensor).
  private let batchPointers: Pointers
  /// The programs of a step and its adjoint, once they are used.
  private var stepProgram: Stage?
  private var adjointProgram: Stage?
  /// Large products that a step and its adjoint share, and room for one step's.
  private let keptTypes: [TensorType]
  private var keptScratch: [Storage] = []
  /// Where the state at the end of training is.
  var end: Pointers = []
  /// The state at the end, copied when its memory is going to be used again.
  var finalCopy: [Tensor]?
  /// Memory that must live as long as the run.
  private(set) var memories: [StateMemory] = []

  private let adjointStorage: [Storage]
  private let sumStorage: [Storage]
  var adjoint: Pointers { adjointStorage.map(\.pointer) }
  /// The hypergradient so far.
  var sum: Pointers { sumStorage.map(\.pointer) }
  private(set) var direct: [Tensor] = []

  init(_ problem: CompiledProblem, hyper: [Tensor]) throws {
    self.problem = problem
    compileStart = problem.compileSeconds
    if let error = hyper.lazy.compactMap(\.error).first { throw error }
    self.hyper = try hyper.map { try $0.materialized() }
    for (tensor, name) in zip(self.hyper, problem.hyperNames) {
      guard try tensor.isAllFinite() else {
        throw BilevelError.invalid(
          "hyperparameter \(name) has a non-finite value")
      }
    }
    keptTypes = try problem.keptTypes()
    indexTimes = problem.times[0].memory
    numberTimes = problem.times[1].memory
    batchPointers = problem.batches.flatMap { $0.map(\.memory) }
    adjointStorage = problem.stateTypes.map { Storage(byteCount: $0.byteCount) }
    sumStorage = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
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

  func countAdjoint() { cost.stateBytes += problem.stateBytes }

  /// Which state tensors an adjoint step reads: the others need not be kept.
  func readByAdjoint() throws -> [Bool] {
    Array(try problem.adjointStage().usesInput[..<problem.stateTypes.count])
  }

  // MARK: - Forward

  /// Writes s_0.
  func begin(at target: Pointers) throws {
    let stage = try problem.initialStage()
    stage.bind(inputs: 0, to: hyper.map(\.memory))
    stage.bind(outputs: 0, to: target)
    try stage.prepare()
    try stage.run()
  }

  /// Changes the hyperparameters between steps (real-time methods).
  func change(hyper: [Tensor]) throws {
    self.hyper = try hyper.map { try $0.materialized() }
    let stage = try problem.tangentStage()
    bindHyper(stage)
    try stage.prepare()
  }

  private func bindHyper(_ stage: Stage) {
    let first = problem.stateTypes.count + problem.batchTypes.count + 2
    stage.bind(inputs: first, to: hyper.map(\.memory))
  }

  /// Binds the data and the time of step t (1...T).
  func bind(_ stage: Stage, step t: Int) {
    let first = problem.stateTypes.count
    let count = problem.batchTypes.count
    for index in 0..<count {
      stage.bind(varying: first + index, to: batchPointers[(t - 1) * count + index])
    }
    stage.bind(varying: first + count, to: indexTimes + 4 * (t - 1))
    stage.bind(varying: first + count + 1, to: numberTimes + 8 * (t - 1))
  }

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

  /// All steps along a trajectory that keeps every state, s_0 being there already; with memory for
  /// them, the products that the adjoint steps read again are kept too.
  func stepThrough(_ states: StateMemory, keeping kept: StateMemory?) throws {
    if let kept {
      let stage = try problem.stepStage(keeping: true)
      bindHyper(stage)
      try stage.prepare()
      stepProgram = stage
      for t in 1...problem.steps {
        for product in 0..<keptTypes.count {
          stage.bind(
            output: problem.stateTypes.count + product, to: kept.pointer(product, t - 1))
        }
        try step(t, in: states, from: t - 1, to: t)
      }
      stepProgram = nil
      return
    }
    let stage = try preparedStep()
    if repeats(stage, along: states) {
      bind(stage, step: 1)
      for tensor in 0..<problem.stateTypes.count {
        stage.bind(varying: tensor, to: states.pointer(tensor, 0))
        stage.bind(output: tensor, to: states.pointer(tensor, 1))
      }
      let strides = states.strides
      if stage.main.run(
        count: problem.steps, inputStrides: strides + [4, 8], outputStrides: strides)
      {
        return
      }
    }
    for t in 1...problem.steps { try step(t, in: states, from: t - 1, to: t) }
  }

  /// All adjoint steps along a trajectory that keeps every state, last to first.
  func adjointThrough(_ states: StateMemory, kept: StateMemory?) throws {
    let stage = try preparedAdjoint()
    let steps = problem.steps
    if let kept {
      for t in stride(from: steps, through: 1, by: -1) {
        bind(stage, step: t)
        for tensor in 0..<problem.stateTypes.count {
          stage.bind(varying: tensor, to: states.pointer(tensor, t - 1))
        }
        for product in 0..<keptTypes.count {
          stage.bind(varying: keptInput + product, to: kept.pointer(product, t - 1))
        }
        try stage.run()
      }
      cost.products += steps
      return
    }
    if repeats(stage, along: states) {
      bind(stage, step: steps)
      for tensor in 0..<problem.stateTypes.count {
        stage.bind(varying: tensor, to: states.pointer(tensor, steps - 1))
      }
      // The adjoint and the hypergradient stay where they are.
      let inputs = states.strides.map { -$0 } + [-4, -8]
      if stage.main.run(count: steps, inputStrides: inputs, outputStrides: []) {
        cost.products += steps
        return
      }
    }
    for t in stride(from: steps, through: 1, by: -1) {
      try adjointStep(t, in: states, at: t - 1)
    }
  }

  /// Memory for the products of all steps, if it is within bounds.
  func keptMemory() throws -> StateMemory? {
    guard !keptTypes.isEmpty else { return nil }
    let bytes = keptTypes.reduce(0) { $0 + $1.byteCount } * problem.steps
    guard bytes <= Self.keptLimit else { return nil }
    let memory = StateMemory(keptTypes, slots: problem.steps, reusing: &problem.spareStates)
    memories.append(memory)
    cost.keptBytes = memory.byteCount(keptTypes)
    return memory
  }

  /// Kept products beyond this many bytes are computed again instead.
  private static let keptLimit = 256 << 20

  /// Number of the first kept product among the inputs of the adjoint program.
  private var keptInput: Int {
    2 * (problem.stateTypes.count + problem.hyperTypes.count) + problem.batchTypes.count + 2
  }

  /// Whether the steps differ by nothing but where their states and times are.
  private func repeats(_ stage: Stage, along states: StateMemory) -> Bool {
    problem.batchTypes.isEmpty && states.keepsAll(problem.steps + 1)
  }

  private func preparedStep() throws -> Stage {
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
    for t in 1...problem.steps { try step(t, in: memory, from: t - 1, to: t) }
    cost.steps = problem.steps
    end = memory.pointers(problem.steps)
  }

  func finalState() -> [Tensor] { finalCopy ?? end.tensors(problem.stateTypes) }

  // MARK: - The outer loss

  /// E and its gradient at `end`: the state's part becomes the adjoint, lambda's part starts the
  /// hypergradient (the direct term).
  @discardableResult
  func outer() throws -> (loss: Double, state: Pointers, hyper: Pointers) {
    let stage = try problem.outerStage()
    stage.bind(inputs: 0, to: end)
    stage.bind(inputs: problem.stateTypes.count, to: hyper.map(\.memory))
    let loss = Storage(byteCount: 8)
    let value = try withExtendedLifetime(loss) {
      stage.bind(outputs: 0, to: [loss.pointer] + adjoint + sum)
      try stage.prepare()
      try stage.run()
      return loss.pointer.load(as: Double.self)
    }
    direct = sum.tensors(problem.hyperTypes)
    return (value, adjoint, sum)
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

  private func preparedAdjoint() throws -> Stage {
    if let adjointProgram { return adjointProgram }
    let stage = try problem.adjointStage()
    adjointProgram = stage
    return stage
  }

  /// g += a_0 ds_0/dlambda, if the initial state depends on lambda.
  func finishReverse() throws {
    guard problem.initialUses.contains(true) else { return }
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

  /// Stops with the first step and tensor that went wrong if a result is not finite.
  func requireFinite(loss: Double, gradient: [Tensor]) throws {
    let isFine = try loss.isFinite && gradient.allSatisfy { try $0.isAllFinite() }
    if isFine { return }
    // Train again, looking at every state.
    let memory = states(2)
    try begin(at: memory.pointers(0))
    for t in 0...problem.steps {
      if t > 0 { try step(t, from: memory.pointers(t - 1), to: memory.pointers(t)) }
      let tensors = memory.pointers(t).tensors(problem.stateTypes)
      for (tensor, name) in zip(tensors, problem.stateNames) where try !tensor.isAllFinite() {
        throw BilevelError.nonFinite(
          tensor: name, step: t, steps: problem.steps,
          hint: t == 0
            ? "the initial state is not finite"
            : "training diverged: lower the learning rate, or check the data for extreme values")
      }
    }
    if !loss.isFinite {
      throw BilevelError.nonFinite(
        tensor: "the outer loss", step: nil, steps: problem.steps,
        hint: "the final state is finite: the outer loss itself overflows or is undefined there")
    }
    let index = try gradient.firstIndex { try !$0.isAllFinite() } ?? 0
    throw BilevelError.nonFinite(
      tensor: "the hypergradient of \(problem.hyperNames[index])", step: nil,
      steps: problem.steps,
      hint: "training is finite but its derivative is not: the dynamics are unstable "
        + "(lower the learning rate) or use a function without a derivative, as sqrt at 0")
  }
}

/// What an estimator computed, on flat lists.
struct EstimatorResult {
  var gradient: [Tensor]
  var direct: [Tensor]
  var loss: Double
  var state: [Tensor]
  var cost: Cost
}

extension Tensor {
  /// Where the elements of a materialised tensor are; valid while it lives.
  var memory: UnsafeMutableRawPointer {
    guard case .values(let storage) = content else {
      preconditionFailure("a tensor without memory was bound to a program")
    }
    return storage.pointer
  }

  /// Whether no element is NaN or infinite.
  /// - Complexity: O(count).
  func isAllFinite() throws -> Bool {
    try withBytes { bytes in
      switch dtype {
      case .float32: Self.isFinite(bytes.assumingMemoryBound(to: Float.self), count)
      case .float64: Self.isFinite(bytes.assumingMemoryBound(to: Double.self), count)
      case .int32: true
      }
    }
  }

  private static func isFinite<Scalar: BinaryFloatingPoint>(
    _ values: UnsafePointer<Scalar>, _ count: Int
  ) -> Bool {
    // x - x is 0 for finite x and NaN otherwise; a sum of them shows one bad element.
    var sum: Scalar = 0
    for index in 0..<count { sum += values[index] - values[index] }
    return sum == 0
  }
}
