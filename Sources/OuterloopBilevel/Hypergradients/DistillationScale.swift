internal import OuterloopNumerics

/// theta of HyperDistill (Lee et al. 2022, Alg. 4, Eq. 17 and 18): the length of distilled
/// hypergradients by regression on those of DrMAD, over all horizons s of one training at fixed
/// lambda.
///
/// With s^_{t-1} = (1 - f) s_0 + f s_T, f = (t - 1)/T (DrMAD's path), a_T = grad E(w_T), and
/// t = T - s + 1 for s = 1...T:
///
///     g_s  = g_{s-1} + a_t B^_t,   a_{t-1} = a_t A^_t                              (at s^_{t-1})
///     s*_s = q_s s*_{s-1} + (1 - q_s) s^_{t-1},   q_s = (1 - gamma^(s-1)) / (1 - gamma^s)
///     v_s  = a_T dPhi(s*_s, lambda; D*_s)/dlambda
///     x_s  = ||v_s|| (1 - gamma^s)/(1 - gamma),   y_s = (v_s / ||v_s||) . g_s
///     theta = x . y / x . x
///
/// q_s is not the forward weight p_t: the s-th state added has weight gamma^(s-1). With
/// `DistilledState.weights` the adjoint of the optimizer's buffers is set to zero after each step.
///
/// Time: T steps and 2 T products. Memory: 5 states.
struct DistillationScale {
  let gamma: Double
  let state: DistilledState

  /// - Parameter batch: memory for D*.
  func estimate(_ run: Run, _ batch: DistilledBatch) throws -> Double {
    let problem = run.problem
    let types = problem.stateTypes
    let steps = run.steps
    let memory = run.states(5)
    let (start, path, average) = (memory.pointers(2), memory.pointers(3), memory.pointers(4))
    try run.begin(at: start)
    memory.pointers(0).copy(from: start, types)
    for t in 1...steps { try run.step(t, in: memory, from: (t - 1) % 2, to: t % 2) }
    run.cost.steps = steps
    let end = memory.pointers(steps % 2)
    run.end = end
    try run.outer()
    // The regression is about what lambda does through steps: without the direct term.
    run.sum.setZero(problem.hyperTypes)
    let last = run.adjoint.tensors(types)
    let effect = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    let v = effect.map(\.pointer)
    batch.clear()
    var (xy, xx) = (0.0, 0.0)
    try run.beginReverse()
    try withExtendedLifetime((effect, last)) {
      for s in 1...steps {
        let t = steps - s + 1
        path.copy(from: start, types)
        path.move(to: end, share: Double(t - 1) / Double(steps), types)
        try run.adjointStep(t, at: path)
        if state == .weights {
          let weights = problem.weightTypes.count
          Array(run.adjoint.dropFirst(weights)).setZero(Array(types.dropFirst(weights)))
        }

        let keep = Self.share(gamma: gamma, step: s)
        if s == 1 {
          average.copy(from: path, types)
        } else {
          average.move(to: path, share: 1 - keep, types)
        }
        batch.take(run.batch(t), keep: keep, number: run.window.batch + t)
        try run.effect(
          of: last.map(\.memory), at: average, batch: batch.pointers, step: t, into: v)
        let length = v.dot(v, problem.hyperTypes).squareRoot()
        guard length > 0 else { continue }
        let x = length * Distill.horizon(gamma: gamma, steps: s)
        xy += x * v.dot(run.sum, problem.hyperTypes) / length
        xx += x * x
      }
    }
    guard xx > 0, xx.isFinite, xy.isFinite else {
      if xx == 0 { return 1 }
      throw BilevelError.nonFinite(
        tensor: "theta of distillation", step: nil, steps: steps,
        hint: "training is unstable: lower the learning rate")
    }
    return xy / xx
  }

  /// q_s
  static func share(gamma: Double, step s: Int) -> Double {
    if gamma == 1 { return Double(s - 1) / Double(s) }
    return (1 - Distill.power(gamma, s - 1)) / (1 - Distill.power(gamma, s))
  }
}
