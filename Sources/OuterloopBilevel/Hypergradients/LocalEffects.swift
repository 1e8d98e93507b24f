internal import OuterloopAutodiff
internal import OuterloopNumerics

// What methods that look at one step at a time share. They need derivatives with respect to lambda
// only, so what the adjoint of the state would need is never computed. Their programs are a step,
// the outer loss where it ends, and an effect of lambda, judged there, in one:
//
//     (s, batch, time, lambda, validation batch, x, gamma, c, extra)
//       -> (s', gamma x + c effect, E, grad_lambda E)
//
// What the parts share is computed once: the gradient of the inner loss, the examples of a batch.

extension Slot {
  fileprivate static let decay = Slot("decay", .number)
  fileprivate static let factor = Slot("factor", .number)
}

extension CompiledProblem {
  func localProgram(
    _ name: String, with extra: [Slot] = [], types: [Slot: [TensorType]] = [:],
    effect: (_ x: TracedInputs, _ outer: [Tensor]) throws -> [Tensor]
  ) throws -> BoundProgram {
    try program(
      name, reads: Self.stepInputs + [.validation, .sum, .decay, .factor] + extra,
      writes: [.next, .sum, .loss, .hyperSlope], types: types, invariant: [.hyper]
    ) { x in
      let next = try tracedStep(x)
      let (loss, outer) = try valueAndGradient(at: Pair(next, x[.hyper])) {
        try traceOuter($0.first, $0.second, x[.validation])
      }
      let part = try effect(x, outer.first)
      let (gamma, c) = (x.number(.decay), x.number(.factor))
      let moved = zip(x[.sum], part).map {
        gamma.cast(to: $0.dtype) * $0 + c.cast(to: $0.dtype) * $1
      }
      return [
        .next: next, .sum: moved, .loss: [loss.cast(to: .float64)], .hyperSlope: outer.second,
      ]
    }
  }

  /// effect = grad_s E(s') B, of this very step.
  func lastEffectProgram() throws -> BoundProgram {
    try localProgram("local") { x, outer in
      try vjp(at: x[.hyper], cotangent: outer) {
        try traceStep(x[.state], x[.batch], x.time, $0)
      }.cotangent
    }
  }

  /// Refuses a method that sees lambda only where steps read it, if the initial state does.
  func requireInitialEffect(of method: some HypergradientMethod, steps: Int) throws {
    guard initialUses.contains(true) else { return }
    throw method.refused(
      "the initial state depends on \(initialNames), and the method sees only what lambda does in "
        + "steps", "use reverse or forward")
  }
}

extension Run {
  /// Plain steps before step `first`, then steps by a program that also computes an effect of
  /// lambda: `x_t = gamma x_{t-1} + factor effect_t`, and the hypergradient is `dE/dlambda + x_T`.
  ///
  /// - Parameters:
  ///   - program: a local program, with what it reads in addition bound to it.
  ///   - willStep: called with t and s_{t-1} before every step.
  func local(
    _ program: BoundProgram, from first: Int, gamma: Double = 0, factor: Double = 1,
    willStep: (Int, TensorBuffers) throws -> Void = { _, _ in }
  ) throws -> EstimatorResult {
    sum.setZero()
    let loss = problem.lossNumber
    let direct = problem.hyperMemory.take()
    defer { problem.hyperMemory.give(direct) }
    program.bind(.sum, to: sum)
    problem.decayNumber.number = gamma
    problem.factorNumber.number = factor
    program.bind(.decay, to: problem.decayNumber)
    program.bind(.factor, to: problem.factorNumber)
    program.bind(.loss, to: loss)
    program.bind(.hyperSlope, to: direct[0])

    // States alternate between two buffers, the last one in memory that is passed on: an online step
    // goes directly from one state's memory to the next one's.
    let final = problem.newState()
    let other = problem.stateMemory.take()
    defer { problem.stateMemory.give(other) }
    let (odd, even) = (other[0], final[0])
    func place(_ t: Int) -> TensorBuffers { (steps - t) % 2 == 0 ? even : odd }
    cost.stateBytes += 2 * problem.stateBytes
    cost.liveStates += 2
    var before = try window.start.map { try buffers($0) } ?? place(0)
    if window.start == nil { try begin(at: before) }
    for t in 1...steps {
      let after = place(t)
      try willStep(t, before)
      if t < first {
        try step(t, from: before, to: after)
      } else {
        program.bind(.validation, to: try validationBatch(t))
        try step(program, t, from: before, to: after)
      }
      before = after
    }
    cost.steps = steps
    end = before
    finalCopy = final.tensors
    add(direct: direct[0])
    return try result(
      loss: loss.number, programs: first > 1 ? [problem.stepProgram(), program] : [program])
  }
}
