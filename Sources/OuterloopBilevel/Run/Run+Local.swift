internal import OuterloopNumerics

extension CompiledProblem {
  /// Refuses a method that sees lambda only where steps read it, if the initial state does.
  func requireInitialEffect(of method: some HypergradientMethod, steps: Int) throws {
    guard initialUses.contains(true) else { return }
    throw method.refused(
      "the initial state depends on \(initialNames), and the method sees only what lambda does in "
        + "steps", "use reverse or forward")
  }
}

extension Run {
  /// Plain steps before step `first`, then steps by a program that tells an effect of lambda too:
  /// `x_t = gamma x_{t-1} + factor effect_t`, and the hypergradient is `dE/dlambda + x_T`.
  ///
  /// - Parameters:
  ///   - program: one of those in `CompiledProblem+Local`, with its `extra` inputs.
  ///   - willStep: called with t and s_{t-1} before every step.
  func local(
    _ program: Stage, from first: Int, gamma: Double = 0, factor: Double = 1,
    extra: Pointers = [], willStep: (Int, Pointers) throws -> Void = { _, _ in }
  ) throws -> EstimatorResult {
    sum.setZero(problem.hyperTypes)
    bindHyper(program)
    try program.prepare()
    let numbers = problem.localNumbers
    numbers.pointers[0].storeBytes(of: gamma, as: Double.self)
    numbers.pointers[1].storeBytes(of: factor, as: Double.self)
    let (loss, direct) = (numbers.pointers[2], problem.hyperBuffers.take())
    defer { problem.hyperBuffers.give(direct) }
    let (s, h, v) = (
      problem.stateTypes.count, problem.hyperTypes.count, problem.validationTypes.count
    )
    let rest = s + problem.batchTypes.count + 2 + h
    program.bind(inputs: rest + v, to: sum)
    program.bind(inputs: rest + v + h, to: [numbers.pointers[0], numbers.pointers[1]])
    program.bind(inputs: rest + v + h + 2, to: extra)
    program.bind(outputs: s, to: sum)
    program.bind(output: s + h, to: loss)
    program.bind(outputs: s + h + 1, to: direct.pointers)

    // States alternate between two places, the last one in memory that is handed out: an online step
    // goes from one state's memory straight to the next one's.
    let final = problem.newState()
    let other = problem.stateBuffers.take()
    defer { problem.stateBuffers.give(other) }
    func place(_ t: Int) -> Pointers {
      (steps - t) % 2 == 0 ? final.map(\.memory) : other.pointers
    }
    cost.stateBytes += 2 * problem.stateBytes
    cost.liveStates += 2
    var before = try window.start.map { try $0.map { try $0.materialized().memory } } ?? place(0)
    if window.start == nil { try begin(at: before) }
    for t in 1...steps {
      let after = place(t)
      try willStep(t, before)
      if t < first {
        try step(t, from: before, to: after)
      } else {
        bind(program, step: t)
        let validation = try validationBatch(t)
        program.bind(inputs: rest, to: validation.map(\.memory))
        program.bind(inputs: 0, to: before)
        program.bind(outputs: 0, to: after)
        try withExtendedLifetime(validation) { try program.run() }
      }
      before = after
    }
    cost.steps = steps
    end = before
    finalCopy = final
    add(direct: direct.pointers)
    return try result(
      loss: loss.load(as: Double.self),
      stages: first > 1 ? [problem.stepStage(), program] : [program])
  }
}
