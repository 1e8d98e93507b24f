internal import OuterloopAutodiff
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
    let steps = run.steps
    let memory = try run.states(5)
    let (start, path, average) = (memory[2], memory[3], memory[4])
    try run.begin(at: start)
    memory[0].copy(from: start)
    for t in 1...steps {
      try run.step(t, from: memory[(t - 1) % 2], to: memory[t % 2])
    }
    run.cost.steps = steps
    let end = memory[steps % 2]
    run.end = end
    try run.outer()
    // The regression is about what lambda does through steps: without the direct term.
    run.sum.setZero()
    let v = TensorBuffers(problem.hyperTypes)
    let effect = try problem.effectProgram()
    effect.bind(.adjoint, to: TensorBuffers(holding: run.adjoint.tensors, problem.stateTypes))
    effect.bind(.hyperSlope, to: v)
    batch.clear()
    var (xy, xx) = (0.0, 0.0)
    for s in 1...steps {
      let t = steps - s + 1
      path.copy(from: start)
      path.move(to: end, share: Double(t - 1) / Double(steps))
      try run.adjointStep(t, at: path)
      if state == .weights { run.adjoint.dropFirst(problem.weightTypes.count).setZero() }

      let keep = Self.share(gamma: gamma, step: s)
      if s == 1 {
        average.copy(from: path)
      } else {
        average.move(to: path, share: 1 - keep)
      }
      batch.take(run.batch(t), keep: keep, number: run.window.batch + t)
      run.bind(effect, step: t)
      effect.bind(.state, to: average)
      effect.bind(.batch, to: batch.buffers)
      try effect.run()
      run.cost.products += 1
      let length = v.dot(v).squareRoot()
      guard length > 0 else { continue }
      let x = length * Distill.horizon(gamma: gamma, steps: s)
      xy += x * v.dot(run.sum) / length
      xx += x * x
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

extension CompiledProblem {
  /// (s, batch, time, lambda, a) -> a B: the effect of lambda through a step from any state.
  fileprivate func effectProgram() throws -> BoundProgram {
    try program(
      "effect", reads: Self.stepInputs + [.adjoint], writes: [.hyperSlope], invariant: [.hyper]
    ) { x in
      let part = try vjp(at: x[.hyper], cotangent: x[.adjoint]) {
        try traceStep(x[.state], x[.batch], x.time, $0)
      }.cotangent
      return [.hyperSlope: part]
    }
  }
}
