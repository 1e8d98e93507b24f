internal import OuterloopAutodiff
internal import OuterloopNumerics

/// Forward mode (Franceschi et al. 2017): carries the derivative of the state with respect to every
/// hyperparameter,
///
///     Z_0 = ds_0/dlambda;   Z_t = A_t Z_{t-1} + B_t;   g = dE/dlambda + dE/ds Z_T.
///
/// Z is updated from s_{t-1}, in the same program that takes the step, for all hyperparameters in
/// one batched product.
///
/// Time: T (1 + Q) steps' worth. Memory: Q + 1 states, whatever T: right for few hyperparameters
/// and long runs.
struct Forward: IndependentMethod {
  var description: String { "forward" }

  /// Tangents beyond this many bytes are refused.
  static let memoryLimit = 4 << 30

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try problem.requireTangentMemory(of: self)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let state = try ForwardState(run)
    for t in 1...run.steps { try state.step(t) }
    run.cost.steps = run.steps
    let loss = try state.hypergradient()
    return try run.result(
      loss: loss, programs: [problem.tangentProgram(), problem.outerProgram()])
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .exact, products: .everyStepAndHyperparameter, memory: .perHyperparameter, exact: .always)
  }
}

extension Slot {
  /// Z_t, for each state tensor with one leading entry per hyperparameter.
  fileprivate static let tangents = Slot("tangents", .listed)
}

extension CompiledProblem {
  private var tangentTypes: [TensorType] {
    stateTypes.map { TensorType([hyperCount] + $0.shape, $0.dtype) }
  }

  /// lambda -> Z_0 = ds_0/dlambda
  fileprivate func initialTangentProgram() throws -> BoundProgram {
    try program(
      "initialTangent", reads: [.hyper], writes: [.tangents], types: [.tangents: tangentTypes]
    ) { x in
      let h = x[.hyper]
      // `basis` consists of constants: an unused tensor of this trace next to it determines the
      // graph of h.
      let whole = h.first { $0.count > 0 } ?? h[0]
      let anchor = whole.reshaped([-1]).sliced(axis: 0, 0..<1).broadcast(to: [hyperCount])
      let start = try vmap(Pair(basis(), anchor)) {
        try jvp(at: h, along: $0.first, of: traceInitial).derivative
      }
      return [.tangents: start]
    }
  }

  /// (s, batch, time, lambda, Z) -> (s', Z'): a step and its tangents for all hyperparameters, in
  /// one batched product. Z' = A_t Z + B_t.
  func tangentProgram() throws -> BoundProgram {
    try program(
      "tangent", reads: Self.stepInputs + [.tangents], writes: [.next, .tangents],
      types: [.tangents: tangentTypes], invariant: [.hyper]
    ) { x in
      let next = try tracedStep(x)
      let moved = try vmap(Pair(x[.tangents], basis())) { direction in
        try jvp(at: Pair(x[.state], x[.hyper]), along: direction) {
          try traceStep($0.first, x[.batch], x.time, $0.second)
        }.derivative
      }
      return [.next: next, .tangents: moved]
    }
  }

  /// (a, Z, g) -> g + a Z
  fileprivate func contractionProgram() throws -> BoundProgram {
    try program(
      "contraction", reads: [.adjoint, .tangents, .sum], writes: [.newSum],
      types: [.tangents: tangentTypes]
    ) { x in
      let q = hyperCount
      var all = Tensor.zeros([q], dtype: hyperTypes[0].dtype)
      for (adjoint, tangent) in zip(x[.adjoint], x[.tangents]) {
        let flat = tangent.reshaped([q, adjoint.count])
        all = all + matmul(flat, adjoint.reshaped([adjoint.count])).cast(to: all.dtype)
      }
      var offset = 0
      let sum = x[.sum].map { tensor in
        defer { offset += tensor.count }
        let part = all.sliced(axis: 0, offset..<(offset + tensor.count))
        return tensor + part.reshaped(tensor.shape).cast(to: tensor.dtype)
      }
      return [.newSum: sum]
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

  /// Refuses tangents beyond `Forward.memoryLimit`.
  func requireTangentMemory(of method: some HypergradientMethod) throws {
    let bytes = (hyperCount + 1).multipliedReportingOverflow(by: stateBytes)
    let limit = Forward.memoryLimit
    guard !bytes.overflow, bytes.partialValue <= limit else {
      throw method.refused(
        "\(hyperCount) hyperparameters need a tangent of \(stateBytes) bytes each, more than the "
          + "limit of \(limit) bytes in all", "use reverse")
    }
  }
}

/// State and tangents between steps of forward mode; real-time methods keep the tangents from
/// window to window.
struct ForwardState {
  private let run: Run
  private let program: BoundProgram
  private let states: TensorMemory
  /// Updated in place.
  let tangents: TensorBuffers

  /// The state before the window, with the tangents kept so far; without them Z_0 is that of s_0,
  /// or 0 at a state that is given.
  init(_ run: Run, tangents kept: TensorBuffers? = nil) throws {
    self.run = run
    let problem = run.problem
    program = try problem.tangentProgram()
    states = try run.states(2)
    tangents = kept ?? TensorBuffers(program.types(of: .tangents))
    // By the law of forward mode: Q tangents and one state; the second state is working memory.
    run.cost.stateBytes = (problem.hyperCount + 1) * problem.stateBytes
    run.cost.liveStates = problem.hyperCount + 1
    try run.begin(at: states[0])
    run.end = states[0]
    program.bind(.tangents, to: tangents)
    guard kept == nil else { return }
    guard run.window.start == nil else {
      tangents.setZero()
      return
    }
    let initial = try problem.initialTangentProgram()
    initial.bind(.hyper, to: run.lambda)
    initial.bind(.tangents, to: tangents)
    try initial.run()
  }

  /// s_t and Z_t.
  func step(_ t: Int) throws {
    try run.step(program, t, from: states[t - 1], to: states[t])
    run.cost.products += run.problem.hyperCount
    run.end = states[t]
  }

  /// Leaves dE/dlambda + dE/ds Z in the run's sum; returns E.
  func hypergradient() throws -> Double {
    let loss = try run.outer()
    let contraction = try run.problem.contractionProgram()
    contraction.bind(.adjoint, to: run.adjoint)
    contraction.bind(.tangents, to: tangents)
    contraction.bind(.sum, to: run.sum)
    try run.runIntoSum(contraction)
    return loss
  }
}
