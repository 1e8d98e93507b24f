internal import OuterloopAutodiff
internal import OuterloopNumerics

// Moves along a whole stored trajectory, and the products kept from its steps.
extension Run {
  /// All steps along a trajectory that keeps every state, s_0 being there already; with memory for
  /// them, the products that the adjoint steps read again are kept too.
  func stepThrough(_ states: StateMemory, keeping kept: StateMemory?) throws {
    if let kept {
      let keptTypes = try problem.keptTypes()
      let stage = try problem.stepStage(keeping: true)
      bindHyper(stage)
      try stage.prepare()
      stepProgram = stage
      for t in 1...steps {
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
        count: steps, inputStrides: strides + [4, 8], outputStrides: strides)
      {
        return
      }
    }
    for t in 1...steps { try step(t, in: states, from: t - 1, to: t) }
  }

  /// All adjoint steps along a trajectory that keeps every state, last to first.
  func adjointThrough(_ states: StateMemory, kept: StateMemory?) throws {
    let stage = try preparedAdjoint()
    let steps = steps
    if let kept {
      let keptTypes = try problem.keptTypes()
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
    let keptTypes = try problem.keptTypes()
    guard !keptTypes.isEmpty else { return nil }
    let bytes = keptTypes.reduce(0) { $0 + $1.byteCount } * steps
    guard bytes <= Self.keptLimit else { return nil }
    let memory = StateMemory(keptTypes, slots: steps, reusing: &problem.spareStates)
    memories.append(memory)
    cost.keptBytes = memory.byteCount(keptTypes)
    return memory
  }

  /// Kept products beyond this many bytes are computed again instead.
  private static let keptLimit = 256 << 20

  /// Number of the first kept product among the inputs of the adjoint program.
  var keptInput: Int {
    2 * (problem.stateTypes.count + problem.hyperTypes.count) + problem.batchTypes.count + 2
  }

  /// Whether the steps differ by nothing but where their states and times are.
  private func repeats(_ stage: Stage, along states: StateMemory) -> Bool {
    problem.batchTypes.isEmpty && states.keepsAll(steps + 1)
  }
}
