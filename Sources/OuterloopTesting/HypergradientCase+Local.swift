internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

// What methods that look at one step at a time should find, each derivative traced and run on its own.
extension HypergradientCase {
  static func localTerms<State, Hyper, Batch>(
    of problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper
  ) throws -> LocalTerms {
    let dynamics = problem.dynamics
    try require(steps: dynamics.steps)
    var state = try dynamics.initial(hyper)
    var terms = LocalTerms(direct: [], steps: [])
    for t in 0..<dynamics.steps {
      let batch = try dynamics.batches.batch(t)
      let (next, _) = try jvp(at: state, along: state.zeros) {
        try dynamics.step($0, hyper, batch, Time(step: t))
      }
      let outer = try gradient(at: Pair(next, hyper)) { try problem.outer($0.first, $0.second) }
      let before = state
      let back = try vjp(at: hyper, cotangent: outer.first) {
        try dynamics.step(before, $0, batch, Time(step: t))
      }.cotangent
      terms.steps.append(back.leaves)
      terms.direct = outer.second.leaves
      state = next
    }
    return terms
  }

  /// grad E(w_T) dPhi(s*, lambda)/dlambda (1 - gamma^T)/(1 - gamma) and the direct term, with s* the mean
  /// of s_{i-1} weighted by gamma^(T-i).
  static func distilled<State, Hyper, Batch>(
    of problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper, gamma: Double
  ) throws -> [Tensor] {
    let dynamics = problem.dynamics
    let steps = dynamics.steps
    try require(steps: steps)
    var state = try dynamics.initial(hyper)
    var total = 0.0
    var sums = state.leaves.map { [Double](repeating: 0, count: $0.count) }
    let batch = try dynamics.batches.batch(0)
    for i in 1...steps {
      var weight = 1.0
      for _ in i..<steps { weight *= gamma }
      total += weight
      for (index, leaf) in state.leaves.enumerated() {
        for (place, value) in try leaf.doubles().enumerated() {
          sums[index][place] += weight * value
        }
      }
      state = try jvp(at: state, along: state.zeros) {
        try dynamics.step($0, hyper, batch, Time(step: i - 1))
      }.value
    }
    let mean = state.replacingLeaves(
      zip(state.leaves, sums).map { leaf, sum in
        Tensor(sum.map { $0 / total }, shape: leaf.shape).cast(to: leaf.dtype)
      })
    let end = state
    let outer = try gradient(at: Pair(end, hyper)) { try problem.outer($0.first, $0.second) }
    let effect = try vjp(at: hyper, cotangent: outer.first) {
      try dynamics.step(mean, $0, batch, Time(step: steps - 1))
    }.cotangent
    return zip(outer.second.leaves, effect.leaves).map { $0 + total * $1 }
  }
}
