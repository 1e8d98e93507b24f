internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

// Laws of the estimators that use one step at a time: one-step, greedy, differences, distilled.
extension HypergradientLaws {
  /// Greedy is the sum of its terms, each derived separately; gamma = 0 equals one-step bitwise.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkGreedy(_ test: HypergradientCase) throws {
    guard !test.movesInitialState else {
      return try requireRefused(test, .greedy(gamma: 0.5))
    }
    let terms = try test.localTerms()
    let (_, state) = try test.solve(at: test.hyper)
    for gamma in [0, 0.5, 0.9, 1] {
      let answer = try test.hypergradient(by: .greedy(gamma: gamma))
      var expected = terms.direct
      for (t, term) in terms.steps.enumerated() {
        let weight = (0..<(test.steps - 1 - t)).reduce(1.0) { product, _ in product * gamma }
        expected = zip(expected, term).map { $0 + weight * $1 }
      }
      try requireClose(
        answer.gradient, expected, test.agreement, "\(test) greedy(\(gamma)) and its terms")
      try requireClose(answer.direct, terms.direct, test.agreement, "\(test) greedy: direct term")
      try requireClose(answer.state, state, test.agreement, "\(test) greedy: the final state")
      try require(
        answer.cost.products == test.steps && answer.cost.steps == test.steps
          && answer.cost.liveStates == 2, "\(test) greedy: \(answer.cost)")
    }
    let zero = try test.hypergradient(by: .greedy(gamma: 0)).gradient
    let one = try test.hypergradient(by: .oneStep)
    try requireClose(zero, one.gradient, test.agreement, "\(test) greedy(0) and one step")
    try require(one.cost.products == 1, "\(test) one step: \(one.cost)")
  }

  /// The difference is the one-step hypergradient up to an error of the order of the radius squared.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkFiniteDifference(_ test: HypergradientCase) throws {
    guard !test.movesInitialState else {
      return try requireRefused(test, .finiteDifference())
    }
    let one = try test.hypergradient(by: .oneStep).gradient
    let scale = try DerivativeLaws.norm(one)
    func error(_ radius: Double) throws -> Double {
      let answer = try test.hypergradient(by: .finiteDifference(radius: radius)).gradient
      return try DerivativeLaws.norm(zip(answer, one).map { $0 - $1 }) / scale
    }
    let (coarse, fine) = (try error(0.08), try error(0.02))
    try require(coarse < 0.05, "\(test): differences are off by \(coarse)")
    // 16 times smaller, unless only rounding errors are left.
    try require(
      fine < coarse / 8 || fine < 1e-10,
      "\(test): differences are off by \(coarse) at 0.08 and by \(fine) at 0.02")
  }

  /// Distilled hypergradients without scale correction: gamma = 0 is one-step; on full batches g_T
  /// is the product at the weighted mean of all states.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkDistilled(_ test: HypergradientCase) throws {
    guard !test.movesInitialState else {
      return try requireRefused(test, .distill(gamma: 0.5, period: nil))
    }
    let plain = try test.hypergradient(by: .distill(gamma: 0, period: nil))
    try requireClose(
      plain.gradient, try test.hypergradient(by: .oneStep).gradient, test.agreement,
      "\(test) distill(0) and one step")
    try require(
      plain.cost.products == 1 && plain.diagnostics.theta == 1, "\(test) distill: \(plain.cost)")
    for gamma in [0.5, 0.9, 1] {
      guard let expected = try test.distilled(gamma: gamma) else { continue }
      let answer = try test.hypergradient(by: .distill(gamma: gamma, period: nil))
      try requireClose(
        answer.gradient, expected, test.agreement, "\(test) distill(\(gamma)) and weighted means")
    }
    // The correction scales the indirect part and changes nothing else.
    let scaled = try test.hypergradient(by: .distill(gamma: 0.9, period: 1))
    let unscaled = try test.hypergradient(by: .distill(gamma: 0.9, period: nil))
    guard let theta = scaled.diagnostics.theta else {
      throw Violation("\(test) distill: no theta is reported")
    }
    let expected = zip(unscaled.gradient, unscaled.direct).map { $1 + theta * ($0 - $1) }
    try requireClose(scaled.gradient, expected, test.agreement, "\(test) distill with theta")
    try require(
      scaled.cost.products == 2 * test.steps + 1 && scaled.cost.recomputedSteps == test.steps,
      "\(test) distill with theta: \(scaled.cost)")
  }

  /// An online run with constant lambda trains like plain training, whatever the estimator.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkOnlineTraining(_ test: HypergradientCase) throws {
    let (_, state) = try test.solve(at: test.hyper)
    for estimator in onlineEstimators where !(estimator == .firstOrder && !test.hasDirectTerm) {
      let every = test.steps
      if test.movesInitialState, estimator != .reverse, estimator != .forward { continue }
      let trained = try test.trainedOnline(by: estimator, every: every)
      try requireClose(trained, state, test.agreement, "\(test) \(estimator), one window")
      guard !test.movesInitialState else { continue }
      try requireClose(
        try test.trainedOnline(by: estimator, every: 1), state, test.agreement,
        "\(test) \(estimator), windows of one step")
    }
  }

  private static let onlineEstimators: [Estimator] = [
    .reverse, .forward, .oneStep, .finiteDifference(), .greedy(gamma: 0.5),
    .distill(gamma: 0.5, period: 2), .firstOrder,
  ]
}

// Reference results of methods that use one step at a time, each derivative traced and run separately.
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
