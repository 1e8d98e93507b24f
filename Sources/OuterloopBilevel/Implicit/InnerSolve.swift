internal import OuterloopLearning
internal import OuterloopNumerics

extension InnerSolution {
  /// Refuses settings that cannot be met.
  func refuse(for method: some HypergradientMethod) throws {
    guard case .trainingUntil(let tolerance, let every) = self else { return }
    guard tolerance >= 0, tolerance < .infinity else {
      throw method.refused("a gradient tolerance of \(tolerance)", "use a finite number above 0")
    }
    guard every >= 1 else {
      throw method.refused("the gradient is looked at every \(every) steps", "use 1 or more")
    }
  }

  /// Goes to w* and leaves the run's `end` there.
  ///
  /// - Parameter start: the state to start from instead of the window's own.
  func solve(_ run: Run, _ loss: AveragedLoss, from start: [Tensor]?) throws -> InnerEnd {
    let types = run.problem.stateTypes
    let states = run.states(2)
    try run.begin(at: states.pointers(0))
    if let start, usesStart {
      try withExtendedLifetime(start.map { try $0.materialized() }) {
        states.pointers(0).copy(from: $0.map(\.memory), types)
      }
    }
    switch self {
    case .training:
      return try Self.train(run, states, until: nil, every: run.steps, loss)
    case .trainingUntil(let tolerance, let every):
      return try Self.train(run, states, until: tolerance, every: every, loss)
    case .lbfgs(var method):
      let weights = run.problem.weightTypes
      if weights.hasSinglePrecision { method.rounding = Swift.max(method.rounding, 0x1p-20) }
      var point = [Double](repeating: 0, count: loss.count)
      states.pointers(0).prefixed(weights.count).read(into: &point, weights)
      let found = try method.minimize(from: point) { try loss.value(at: $0, &$1) }
      guard found.outcome != .nonFinite, found.outcome != .unbounded else {
        throw BilevelError.innerProblem(
          outcome: found.outcome.description, remedy: found.outcome.advice ?? "")
      }
      states.pointers(0).prefixed(weights.count).write(found.point, weights)
      run.end = states.pointers(0)
      return InnerEnd(
        tolerance: method.tolerance, outcome: found.outcome, iterations: found.iterations,
        gradients: found.evaluations * loss.batchCount)
    }
  }

  private static func train(
    _ run: Run, _ states: StateMemory, until tolerance: Double?, every: Int, _ loss: AveragedLoss
  ) throws -> InnerEnd {
    var end = InnerEnd(tolerance: tolerance)
    var t = 0
    while t < run.steps {
      if let tolerance, t % every == 0 {
        loss.hold(states.pointers(t).prefixed(run.problem.weightTypes.count))
        end.gradients += loss.batchCount
        if try loss.gradientNorm() <= tolerance { break }
      }
      t += 1
      try run.step(t, in: states, from: t - 1, to: t)
    }
    run.cost.steps = t
    run.end = states.pointers(t)
    end.iterations = t
    end.gradients += t
    return end
  }
}

extension [UnsafeMutableRawPointer] {
  /// The first tensors: the weights of a state.
  func prefixed(_ count: Int) -> [UnsafeMutableRawPointer] { Array(prefix(count)) }
}
