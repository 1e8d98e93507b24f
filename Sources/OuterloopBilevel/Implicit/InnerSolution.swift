public import OuterloopLearning
internal import OuterloopNumerics

/// How an implicit method finds w*, where `grad_w L(w*, lambda) = 0`.
public enum InnerSolution: Sendable, Hashable, CustomStringConvertible {
  /// Where the problem's own T steps end, however far that is.
  case training
  /// The problem's own steps, until the gradient's 2-norm is at most `tolerance`, checked every
  /// `every` steps; at most T steps. In `minimize` each training starts where the last one ended.
  case trainingUntil(tolerance: Double, every: Int = 10)
  /// L-BFGS on the inner loss; the optimizer and T are not used. In `minimize` from the last solution.
  case lbfgs(LBFGS = LBFGS())

  public var description: String {
    switch self {
    case .training: "training"
    case .trainingUntil(let tolerance, _): "training until \(tolerance)"
    case .lbfgs(let method): "L-BFGS until \(method.tolerance)"
    }
  }

  /// Whether a later solve starts from an earlier solution.
  var usesStart: Bool { self != .training }

  /// The same with another tolerance of the gradient.
  func tolerance(_ value: Double) -> InnerSolution {
    switch self {
    case .training: return .training
    case .trainingUntil(_, let every): return .trainingUntil(tolerance: value, every: every)
    case .lbfgs(var method):
      method.tolerance = value
      return .lbfgs(method)
    }
  }
}

extension InnerSolution {
  /// Refuses invalid settings.
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
    let states = try run.states(2)
    try run.begin(at: states[0])
    if let start, usesStart { states[0].copy(from: try run.buffers(start)) }
    switch self {
    case .training:
      return try Self.train(run, states, until: nil, every: run.steps, loss)
    case .trainingUntil(let tolerance, let every):
      return try Self.train(run, states, until: tolerance, every: every, loss)
    case .lbfgs(var method):
      let weights = run.weights(of: states[0])
      if weights.types.hasSinglePrecision { method.rounding = Swift.max(method.rounding, 0x1p-20) }
      var point = [Double](repeating: 0, count: loss.count)
      weights.read(into: &point)
      let found = try method.minimize(from: point) { try loss.value(at: $0, &$1) }
      guard found.outcome != .nonFinite, found.outcome != .unbounded else {
        throw BilevelError.innerProblem(
          outcome: found.outcome.description, remedy: found.outcome.advice ?? "")
      }
      weights.write(found.point)
      run.end = states[0]
      return InnerEnd(
        tolerance: method.tolerance, outcome: found.outcome, iterations: found.iterations,
        gradients: found.evaluations * loss.batchCount)
    }
  }

  private static func train(
    _ run: Run, _ states: TensorMemory, until tolerance: Double?, every: Int, _ loss: AveragedLoss
  ) throws -> InnerEnd {
    var end = InnerEnd(tolerance: tolerance)
    var t = 0
    while t < run.steps {
      if let tolerance, t % every == 0 {
        loss.hold(run.weights(of: states[t]))
        end.gradients += loss.batchCount
        if try loss.gradientNorm() <= tolerance { break }
      }
      t += 1
      try run.step(t, from: states[t - 1], to: states[t])
    }
    run.cost.steps = t
    run.end = states[t]
    end.iterations = t
    end.gradients += t
    return end
  }
}
