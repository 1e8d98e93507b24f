/// The state of a solve of `A x = b`: the iterate, its true residual, and the cost so far.
///
/// The residual that a Krylov recurrence carries along drifts away from `b - A x`. So a method runs
/// in cycles: when its recurrence meets the tolerance, the true residual is computed from x. If that
/// meets it too, the solve has converged; if not, a new cycle starts from x (residual replacement),
/// as long as cycles make progress. Hence `converged` always refers to the true residual.
struct KrylovRun {
  private let multiply: LinearMap
  let b: [Double]
  /// The norm of the residual at which to stop.
  let target: Double
  let iterationLimit: Int
  var x: [Double]
  /// `b - A x` at the start of a cycle, and its norm.
  private(set) var residual: [Double]
  private(set) var residualNorm: Double
  var iterations = 0
  private var products = 0
  /// The extremes of A's spectrum or singular values seen by the method, in absolute value.
  private var spectrum: (least: Double, largest: Double)?

  /// How a cycle ended.
  enum CycleEnd {
    /// The recurrence met the tolerance, or cannot continue because of rounding.
    case reached
    /// The method restarts by its own rule, or the iterations are used up.
    case restart
    /// A series was summed as far as requested; `last` is the norm of its last term. x is the sum,
    /// accurate or not.
    case summed(last: Double)
    /// Nothing more can be done.
    case stopped(LinearSolution.Outcome)
  }

  /// `y = A x`, with the product counted.
  mutating func product(_ x: [Double], _ y: inout [Double]) throws {
    products += 1
    try OuterloopNumerics.product(multiply, x, into: &y)
  }

  /// Widens the spectrum seen so far.
  mutating func saw(least: Double, largest: Double) {
    guard least > 0, largest < .infinity else { return }
    spectrum = (
      Swift.min(least, spectrum?.least ?? least), Swift.max(largest, spectrum?.largest ?? largest)
    )
  }

  var isOutOfIterations: Bool { iterations >= iterationLimit }

  private mutating func computeResidual() throws {
    products += 1
    try OuterloopNumerics.product(multiply, x, into: &residual)
    residual.scale(-1, adding: b)
    residualNorm = residual.norm
  }

  private func solution(_ outcome: LinearSolution.Outcome) -> LinearSolution {
    let size = b.norm
    return LinearSolution(
      x: x, iterations: iterations, products: products,
      residual: size == 0 && residualNorm == 0 ? 0 : residualNorm / size,
      conditionEstimate: spectrum.map { $0.largest / $0.least }, outcome: outcome)
  }

  private init(
    _ multiply: @escaping LinearMap, _ b: [Double], from start: [Double]?, _ rule: StoppingRule
  ) throws {
    try rule.validate()
    if let start, start.count != b.count {
      throw LinearSolverError.length("the starting point", start.count, expected: b.count)
    }
    self.multiply = multiply
    self.b = b
    let size = b.norm
    target = rule.target(size)
    iterationLimit = rule.limit(b.count)
    residual = b
    residualNorm = size
    x = [Double](repeating: 0, count: b.count)
    // 0 solves A x = 0, whatever A and the start.
    if size > 0, size < .infinity, let start {
      x = start
      try computeResidual()
    }
  }

  /// Runs cycles until one of them ends the solve. A cycle starts at `x`, where `residual` is true,
  /// leaves its best iterate in `x` and counts `iterations`.
  static func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?, _ rule: StoppingRule,
    cycle: (inout KrylovRun) throws -> CycleEnd
  ) throws -> LinearSolution {
    try withoutActuallyEscaping(multiply) { multiply in
      var run = try KrylovRun(multiply, b, from: start, rule)
      guard run.residualNorm.isFinite else { return run.solution(.nonFinite) }
      while true {
        if run.residualNorm <= run.target { return run.solution(.converged) }
        if run.isOutOfIterations { return run.solution(.iterationLimit) }
        let before = run
        let end = try cycle(&run)
        try run.computeResidual()
        if case .summed(let last) = end {
          if !run.residualNorm.isFinite { return run.solution(.nonFinite) }
          // Growth at the level of rounding is drift of the terms, not of the sum.
          let floor = Swift.max(last, run.target, 1e-8 * before.residualNorm)
          if run.residualNorm > floor { return run.solution(.diverged) }
          continue
        }
        // The recurrence may have been wrong about its best iterate.
        if !(run.residualNorm <= before.residualNorm) {
          (run.x, run.residual) = (before.x, before.residual)
          run.residualNorm = before.residualNorm
        }
        let ratio = run.residualNorm / before.residualNorm
        switch end {
        case .stopped(let outcome):
          return run.solution(run.residualNorm <= run.target ? .converged : outcome)
        case .reached where ratio > 0.5 && run.residualNorm > run.target:
          return run.solution(.stagnated)
        case .restart where ratio > 1 - 1e-8 && !run.isOutOfIterations:
          return run.solution(.stagnated)
        case .reached, .restart, .summed: break
        }
      }
    }
  }
}
