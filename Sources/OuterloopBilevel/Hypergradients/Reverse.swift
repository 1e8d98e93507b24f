internal import OuterloopNumerics

/// Reverse mode on the stored trajectory (Maclaurin et al. 2015; Franceschi et al. 2017, Alg. 1):
///
///     a = dE/ds(s_T);  g = dE/dlambda(s_T)                    (the direct term)
///     for t = T...1:   g += a B_t;  a = a A_t                 (at s_{t-1}, on batch t)
///     g += a ds_0/dlambda
///
/// with A_t = dPhi_t/ds and B_t = dPhi_t/dlambda on the whole state: weights and buffers.
///
/// Time: T steps and T products, 2 to 4 times the training alone. Memory: T + 1 states and one
/// adjoint, (T + 2) S; state tensors that no adjoint step reads are not kept, and large products
/// that a step and its adjoint share (X W of the first layer) are, within a limit.
struct Reverse: IndependentMethod {
  var description: String { "reverse" }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let steps = run.steps
    // State tensors that no adjoint step reads need not be kept.
    let states = try run.states(steps + 1, kept: problem.adjointProgram().uses(.state))
    try run.begin(at: states[0])
    let kept = try run.keptMemory()
    try run.stepThrough(states, keeping: kept)
    run.cost.steps = steps
    run.end = states[steps]
    let loss = try run.outer()
    run.countAdjoint()
    try run.adjointThrough(states, kept: kept)
    try run.finishReverse()
    return try run.result(
      loss: loss,
      programs: [
        problem.stepProgram(keeping: kept != nil), problem.adjointProgram(),
        problem.outerProgram(),
      ])
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    try problem.requireTrajectoryMemory(of: self, states: steps + 1)
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(.exact, products: .everyStep, memory: .trajectory, exact: .always)
  }
}

extension CompiledProblem {
  /// Refuses trajectories larger than the machine's memory.
  func requireTrajectoryMemory(
    of method: some HypergradientMethod, states count: Int
  ) throws {
    let bytes = count.multipliedReportingOverflow(by: stateBytes)
    guard bytes.overflow || bytes.partialValue > ProcessEnvironment.physicalBytes else { return }
    throw method.refused(
      "a trajectory of \(count) states of \(stateBytes) bytes is more than the memory of this machine, "
        + "\(ProcessEnvironment.physicalBytes) bytes", "use reverse(memory:), reversible or forward"
    )
  }
}

// Passes along a completely stored trajectory, and the products kept from its steps.
extension Run {
  /// All steps along a trajectory that keeps every state, where s_0 is given; with memory for them,
  /// the products that the adjoint steps read again are kept too.
  func stepThrough(_ states: TensorMemory, keeping kept: TensorMemory?) throws {
    if let kept {
      let program = try problem.stepProgram(keeping: true)
      for t in 1...steps {
        program.bind(.kept, to: kept[t - 1])
        try step(program, t, from: states[t - 1], to: states[t])
      }
      return
    }
    let program = try preparedStep()
    if repeats(along: states) {
      bind(program, step: 1)
      program.bind(.state, to: states[0])
      program.bind(.next, to: states[1])
      if try program.run(count: steps, moving: Self.stepping, by: 1) { return }
    }
    for t in 1...steps { try step(t, from: states[t - 1], to: states[t]) }
  }

  /// All adjoint steps along a trajectory that keeps every state, last to first.
  func adjointThrough(_ states: TensorMemory, kept: TensorMemory?) throws {
    let program = try preparedAdjoint()
    if let kept {
      for t in stride(from: steps, through: 1, by: -1) {
        bind(program, step: t)
        program.bind(.state, to: states[t - 1])
        program.bind(.kept, to: kept[t - 1])
        try program.run()
      }
      cost.products += steps
      return
    }
    if repeats(along: states) {
      bind(program, step: steps)
      program.bind(.state, to: states[steps - 1])
      // The adjoint and the hypergradient stay where they are.
      if try program.run(count: steps, moving: Self.goingBack, by: -1) {
        cost.products += steps
        return
      }
    }
    for t in stride(from: steps, through: 1, by: -1) { try adjointStep(t, at: states[t - 1]) }
  }

  /// Memory for the products of all steps, if it is within the limit.
  func keptMemory() throws -> TensorMemory? {
    let types = try problem.keptTypes()
    guard !types.isEmpty, types.byteCount * steps <= Self.keptLimit else { return nil }
    let memory = spareMemory(types, steps)
    cost.keptBytes = memory.byteCount
    return memory
  }

  /// Beyond this many bytes, products are recomputed instead of kept.
  private static let keptLimit = 256 << 20

  private static let stepping: [Slot] = [.state, .next, .time]
  private static let goingBack: [Slot] = [.state, .time]

  /// Whether the steps differ only in the addresses of their states and times.
  private func repeats(along states: TensorMemory) -> Bool {
    problem.batchTypes.isEmpty && states.keepsAll(steps + 1)
  }
}
