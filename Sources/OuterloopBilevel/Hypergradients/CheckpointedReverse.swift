internal import OuterloopNumerics

/// Reverse mode under a memory budget: the states that fit are kept, the others are computed again
/// from the nearest one before, by the optimal plan (`Revolve`, Griewank and Walther 2000).
///
/// The same programs run on the same bits in the same order as in `Reverse`, so the result is
/// bitwise equal to it.
///
/// Budget: `c` states, two working states, one adjoint, the hypergradient and the programs'
/// temporaries; `c = floor((budget - rest) / S)`. With c >= T - 1 it is plain reverse. A budget
/// without room for one state is refused with the least that would do.
///
/// Time: t(T, c) = r T - C(c + r, r - 1) steps and T products. Memory: the budget.
struct CheckpointedReverse: HypergradientMethod {
  /// In bytes.
  let budget: Int

  var description: String { "reverse within \(budget) bytes" }

  func run(_ run: Run) throws -> EstimatorResult {
    let problem = run.problem
    let steps = run.steps
    var stages = [try problem.stepStage(), try problem.adjointStage(), try problem.outerStage()]
    // Products that adjoint steps share with steps are computed again, those of one step at a time.
    run.cost.keptBytes = try problem.keptTypes().reduce(0) { $0 + $1.byteCount }
    if run.cost.keptBytes > 0 { stages.append(try problem.keptStage()) }
    let state = Swift.max(problem.stateBytes, 1)
    let hyper = problem.hyperTypes.reduce(0) { $0 + $1.byteCount }
    let programs = stages.reduce(0) { $0 + $1.byteCount }
    let fixed = programs + run.cost.keptBytes + 3 * state + hyper
    guard budget >= fixed + state else {
      throw refused(
        "it needs room for one stored state", "give it at least \(fixed + state) bytes")
    }
    let checkpoints = Swift.min((budget - fixed) / state, Swift.max(steps - 1, 1))

    let stored = run.states(checkpoints)
    let working = run.states(2)
    run.countAdjoint()
    run.cost.liveStates = 2
    var live = 0
    // The working state is where it was restored from or computed; it is never written in place.
    var current = working.pointers(0)
    var next = 1
    func advance(_ t: Int) throws {
      let target = working.pointers(next)
      try run.step(t, from: current, to: target)
      current = target
      next = 1 - next
    }
    try run.begin(at: current)
    var loss = 0.0
    for action in try Revolve.actions(steps: steps, checkpoints: checkpoints) {
      switch action {
      case .store(_, let slot):
        stored.pointers(slot).copy(from: current, problem.stateTypes)
        live += 1
        run.cost.liveStates = Swift.max(run.cost.liveStates, live + 2)
      case .restore(_, let slot): current = stored.pointers(slot)
      case .free: live -= 1
      case .advance(let from, let to):
        for t in (from + 1)...to { try advance(t) }
        run.cost.advances += to - from
      case .finish(let t):
        // s_T goes beside the working state, which the first adjoint step needs.
        let target = working.pointers(next)
        try run.step(t, from: current, to: target)
        run.end = target
        loss = try run.outer().loss
        run.finalCopy = run.finalState()
        try run.beginReverse()
      case .reverse(let t): try run.adjointStep(t, at: current)
      }
    }
    run.cost.steps = steps
    run.cost.recomputedSteps = run.cost.advances - (steps - 1)
    try run.finishReverse()
    return try run.result(loss: loss, stages: stages)
  }
}
