internal import OuterloopNumerics

/// Reverse mode under a memory budget: the states that fit are stored, the others are recomputed
/// from the nearest earlier one, on the optimal schedule (`Revolve`, Griewank and Walther 2000).
///
/// The same programs run on the same bits in the same order as in `Reverse`, so the result is
/// bitwise equal to it.
///
/// Budget: `c` states, two working states, one adjoint, the hypergradient and the programs'
/// temporaries; `c = floor((budget - rest) / S)`. With c >= T - 1 it is plain reverse. A budget
/// without room for one state is refused, with the smallest sufficient one.
///
/// Time: t(T, c) = r T - C(c + r, r - 1) steps and T products. Memory: the budget.
struct CheckpointedReverse: IndependentMethod {
  /// In bytes.
  let budget: Int

  var description: String { "reverse within \(budget) bytes" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    let needs = try Needs(problem)
    guard budget >= needs.least else {
      throw refused(
        "one stored state takes \(needs.state) bytes, and the programs, the adjoint and two working "
          + "states \(needs.fixed) more",
        "give it at least \(needs.least) bytes, as `leastMemory(at:)` returns, or use reversible or "
          + "forward")
    }
  }

  /// What the budget is spent on, in bytes.
  struct Needs {
    let programs: [BoundProgram]
    /// Products that adjoint steps share with steps, those of one step at a time.
    let kept: Int
    /// One stored state.
    let state: Int
    /// Everything else.
    let fixed: Int

    var least: Int { fixed + state }

    init(_ problem: CompiledProblem) throws {
      programs = try problem.reversePrograms()
      kept = try problem.keptTypes().byteCount
      state = problem.stateBytes
      fixed =
        programs.reduce(0) { $0 + $1.byteCount } + kept + 3 * state + problem.hyperTypes.byteCount
    }
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let steps = run.steps
    let needs = try Needs(run.problem)
    run.cost.keptBytes = needs.kept
    let checkpoints = Swift.min((budget - needs.fixed) / needs.state, Swift.max(steps - 1, 1))

    let stored = try run.states(checkpoints)
    let working = try run.states(2)
    run.countAdjoint()
    run.cost.liveStates = 2
    var live = 0
    // The working state is where it was restored from or computed; it is never written in place.
    var current = working[0]
    var next = 1
    func advance(_ t: Int) throws {
      let target = working[next]
      try run.step(t, from: current, to: target)
      current = target
      next = 1 - next
    }
    try run.begin(at: current)
    var loss = 0.0
    for action in try Revolve.actions(steps: steps, checkpoints: checkpoints) {
      switch action {
      case .store(_, let slot):
        stored[slot].copy(from: current)
        live += 1
        run.cost.liveStates = Swift.max(run.cost.liveStates, live + 2)
      case .restore(_, let slot): current = stored[slot]
      case .free: live -= 1
      case .advance(let from, let to):
        for t in (from + 1)...to { try advance(t) }
        run.cost.advances += to - from
      case .finish(let t):
        // s_T goes into the other buffer: the first adjoint step needs the working state.
        let target = working[next]
        try run.step(t, from: current, to: target)
        run.end = target
        loss = try run.outer()
        run.finalCopy = run.finalState()
      case .reverse(let t): try run.adjointStep(t, at: current)
      }
    }
    run.cost.steps = steps
    run.cost.recomputedSteps = run.cost.advances - (steps - 1)
    try run.finishReverse()
    return try run.result(loss: loss, programs: needs.programs)
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(.exact, products: .everyStep, memory: .budget, exact: .always)
  }
}
