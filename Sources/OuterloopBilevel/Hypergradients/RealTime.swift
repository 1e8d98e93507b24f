internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import Synchronization

// Real-time hyperparameter optimization (Franceschi et al. 2017, Alg. 2): forward mode whose
// hyperparameters are updated while the model trains,
//
//     every Delta steps:   lambda -= outer step along  dE/dlambda + dE/ds Z
//
// with the state s and the tangents Z kept. With Delta = T it is one step of forward mode; with an
// outer rate of 0, Z_T is that of forward mode.
//
// Time: T (1 + Q) steps' worth in all, whatever the number of updates. Memory: Q + 1 states.
extension BilevelProblem {
  func realTime(
    from start: OuterLoop<Hyper>.State, every: Int, updates: Int, _ loop: OuterLoop<Hyper>,
    _ onUpdate: (Progress) throws -> Bool
  ) throws -> OuterLoop<Hyper>.State {
    var state = start
    let problem = try compiled(for: start.hyper)
    let (run, forward) = try problem.lock.withLock { _ in
      let run = try Run(problem, hyper: start.hyper.leaves)
      return (run, try ForwardState(run))
    }
    var t = 0
    while t + every <= problem.steps, state.updates < updates {
      // The programs are free between updates: `onUpdate` may train and evaluate with them.
      let loss = try problem.lock.withLock { _ in
        try forward.bind()
        for _ in 0..<every {
          t += 1
          try forward.step(t)
        }
        run.cost.steps = t
        let loss = try forward.hypergradient()
        let gradient = run.sum.tensors(problem.hyperTypes)
        try run.requireFiniteNow(loss: loss, gradient: gradient, step: t)
        state = try loop.step(state, along: state.hyper.replacingLeaves(gradient))
        try run.change(hyper: state.hyper.leaves)
        return loss
      }
      let progress = Progress(
        update: state.updates, loss: loss, hyper: state.hyper, cost: run.costSoFar)
      guard try onUpdate(progress) else { break }
    }
    return state
  }
}

extension Run {
  /// Stops a run whose hyperparameters have moved, and which cannot be replayed, at once.
  func requireFiniteNow(loss: Double, gradient: [Tensor], step: Int) throws {
    let isFine = try loss.isFinite && gradient.allSatisfy { try $0.isAllFinite() }
    if isFine { return }
    let tensors = end.tensors(problem.stateTypes)
    let bad = try zip(tensors, problem.stateNames).first { try !$0.0.isAllFinite() }
    throw BilevelError.nonFinite(
      tensor: bad?.1 ?? (loss.isFinite ? "the hypergradient" : "the outer loss"), step: step,
      steps: problem.steps, hint: "lower the learning rate or the outer rate")
  }
}
