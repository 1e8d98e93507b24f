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
  /// Plain steps before step `first`, then steps whose effects are summed with factor gamma.
  func local(from first: Int, gamma: Double) throws -> EstimatorResult {
    let states = states(2)
    try begin(at: states.pointers(0))
    if first > 1 {
      for t in 1..<first { try step(t, in: states, from: (t - 1) % 2, to: t % 2) }
    }
    sum.setZero(problem.hyperTypes)
    let stage = try problem.localStage()
    bindHyper(stage)
    try stage.prepare()
    let factor = Tensor([gamma])
    let loss = Storage(byteCount: 8)
    let direct = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    let (s, h, v) = (
      problem.stateTypes.count, problem.hyperTypes.count, problem.validationTypes.count
    )
    let extra = s + problem.batchTypes.count + 2 + h
    try withExtendedLifetime((factor, loss, direct)) {
      stage.bind(inputs: extra + v, to: sum + [factor.memory])
      stage.bind(outputs: s, to: sum + [loss.pointer] + direct.map(\.pointer))
      for t in first...steps {
        bind(stage, step: t)
        let validation = try validationBatch(t)
        stage.bind(inputs: extra, to: validation.map(\.memory))
        stage.bind(inputs: 0, to: states.pointers((t - 1) % 2))
        stage.bind(outputs: 0, to: states.pointers(t % 2))
        try withExtendedLifetime(validation) { try stage.run() }
        cost.products += 1
      }
      cost.steps = steps
      end = states.pointers(steps % 2)
      add(direct: direct.map(\.pointer))
    }
    return try result(
      loss: loss.pointer.load(as: Double.self),
      stages: first > 1 ? [problem.stepStage(), stage] : [stage])
  }
}
