internal import OuterloopNumerics

/// Limited-memory BFGS (Nocedal 1980; Nocedal & Wright 2006, Alg. 7.4, 7.5) with a strong Wolfe line
/// search, for smooth functions whose gradient is not noisy: it trains to a *solution*.
///
///     d = -H_k g,   H_k from the last m pairs s = x' - x, y = g' - g by the two-loop recursion with
///                   H_0 = (s'y / y'y) I
///     x' = x + a d, a by `WolfeSearch`
///
/// - Stops: when |g|_2 <= `tolerance` (absolute); otherwise with a named outcome.
/// - Cost: usually one gradient per iteration, and 4m + 6 passes over P numbers; (2m + 8) P
///   numbers.
/// - Guarantee: the value returned is at most the one at the start, up to `rounding`; among points of
///   equal value to rounding, the one with the least gradient.
/// - Differs from the textbook: the line search backtracks from trial points with NaN or infinity;
///   decreases are judged up to the rounding of the value, so that the gradient can get far below the
///   square root of the rounding unit; a failed line search is retried once along -g with the pairs
///   discarded.
public struct LBFGS: Sendable, Hashable {
  /// Largest 2-norm of the gradient at a solution.
  public var tolerance: Double
  /// m: pairs kept.
  public var memory: Int
  /// The largest number of iterations.
  public var iterations: Int
  /// The relative rounding of a computed value.
  public var rounding: Double

  /// - Parameters:
  ///   - tolerance: of the gradient's 2-norm, absolute.
  ///   - memory: pairs kept, at least 1.
  ///   - rounding: of the value, relative; 2^-48 by default, four bits above that of `Double`.
  public init(
    tolerance: Double = 1e-8, memory: Int = 10, iterations: Int = 10_000,
    rounding: Double = 0x1p-48
  ) {
    self.tolerance = tolerance
    self.memory = memory
    self.iterations = iterations
    self.rounding = rounding
  }

  /// The value at a point; writes the gradient, which comes with the point's length.
  public typealias Objective = (_ x: [Double], _ gradient: inout [Double]) throws -> Double

  /// Minimises a function of flat vectors.
  /// - Throws: `LBFGSError` for settings out of range, and what the objective throws.
  public func minimize(
    from start: [Double], _ objective: Objective
  ) throws -> Minimization<[Double]> {
    try validate()
    var current = Iterate(x: start, value: 0, gradient: start, gradientNorm: 0)
    var evaluations = 0
    func evaluate(_ iterate: inout Iterate) throws {
      evaluations += 1
      iterate.value = try objective(iterate.x, &iterate.gradient)
      guard iterate.gradient.count == start.count else {
        throw LBFGSError.gradientLength(iterate.gradient.count, expected: start.count)
      }
      iterate.gradientNorm = iterate.gradient.norm
    }
    try evaluate(&current)
    var best = BestIterate(current, rounding: rounding)
    var pairs = CurvaturePairs(limit: memory, count: start.count)
    var trial = current
    var direction = start
    var iteration = 0
    var outcome = MinimizationOutcome.iterationLimit
    if !current.isFinite { outcome = .nonFinite }
    while outcome == .iterationLimit {
      if current.gradientNorm <= tolerance {
        outcome = .converged
        break
      }
      if iteration == iterations { break }
      if best.isStale(after: Swift.max(2 * Swift.min(memory, 1 << 32), 10)) {
        outcome = .roundingLimit
        break
      }
      pairs.direction(at: current.gradient, into: &direction)
      var slope = direction.dot(current.gradient)
      if !(slope < 0) {
        pairs.forget()
        pairs.direction(at: current.gradient, into: &direction)
        slope = direction.dot(current.gradient)
      }
      // The first step has no scale other than the gradient's: a length of 1, or shorter.
      let first = pairs.isEmpty ? Swift.min(1, 1 / current.gradientNorm) : 1
      let search = WolfeSearch(
        value: current.value, slope: slope, noise: rounding * Swift.abs(current.value))
      let end = try search.run(from: first) { step in
        trial.x.set(step, direction)
        trial.x.add(1, current.x)
        try evaluate(&trial)
        return (trial.value, trial.isFinite ? trial.gradient.dot(direction) : .nan)
      }
      switch end {
      case .accepted:
        iteration += 1
        pairs.append(from: current, to: trial)
        swap(&current, &trial)
        best.consider(current)
      case .unbounded:
        best.consider(trial)
        outcome = .unbounded
      case .failed(let isFlat):
        // Along -g, once, before giving up.
        if pairs.isEmpty {
          outcome = isFlat ? .roundingLimit : .lineSearchFailed
        } else {
          pairs.forget()
        }
      }
    }
    let found = outcome == .converged ? current : best.iterate
    return Minimization(
      point: found.x, value: found.value, gradient: found.gradient,
      gradientNorm: found.gradientNorm, iterations: iteration, evaluations: evaluations,
      outcome: outcome)
  }

  private func validate() throws {
    guard memory >= 1 else {
      throw LBFGSError.setting("a memory of \(memory)", remedy: "at least 1 is needed")
    }
    guard iterations >= 0 else {
      throw LBFGSError.setting("\(iterations) iterations", remedy: "at least 0 are needed")
    }
    guard tolerance >= 0, tolerance < .infinity else {
      throw LBFGSError.setting(
        "a tolerance of \(tolerance)", remedy: "it must be finite and at least 0")
    }
    guard rounding >= 0, rounding < 1 else {
      throw LBFGSError.setting("a rounding of \(rounding)", remedy: "it must be in [0, 1)")
    }
  }
}

/// A point with its value and gradient.
struct Iterate {
  var x: [Double]
  var value: Double
  var gradient: [Double]
  var gradientNorm: Double

  var isFinite: Bool { value.isFinite && gradientNorm.isFinite }
}

/// The point to return: the one with the least value, or among those equal to rounding, the one with
/// the least gradient.
private struct BestIterate {
  private(set) var iterate: Iterate
  private let rounding: Double
  private var least: Double
  private var stale = 0

  init(_ start: Iterate, rounding: Double) {
    iterate = start
    least = start.value
    self.rounding = rounding
  }

  mutating func consider(_ next: Iterate) {
    let noise = rounding * Swift.abs(least)
    let isLower = next.value < least - noise
    let isFlatter = next.value <= least + noise && next.gradientNorm < iterate.gradientNorm
    stale = isLower || isFlatter ? 0 : stale + 1
    guard isLower || isFlatter else { return }
    least = Swift.min(least, next.value)
    iterate.x.set(1, next.x)
    iterate.gradient.set(1, next.gradient)
    (iterate.value, iterate.gradientNorm) = (next.value, next.gradientNorm)
  }

  /// Whether neither value nor gradient has improved for `count` iterations.
  func isStale(after count: Int) -> Bool { stale >= count }
}
