/// The Neumann series of the inverse, cut after K + 1 terms (Lorraine et al. 2020):
///
///     x = a sum_{j=0..K} (I - a A)^j b                 (j = 0 is the term a b)
///
/// With `v_0 = b; v_{j+1} = v_j - a A v_j; x = a (v_0 + ... + v_K)` the residual is the first vector
/// left out, `b - A x = v_{K+1}`. From a start the same recursion with `v_0 = b - A x_0` is Richardson's
/// iteration.
///
/// - Requirement: |I - a A| < 1; for symmetric positive definite A, 0 < a < 2 / largest eigenvalue.
///   Other A diverge or not by their eigenvalues; the method itself does not require symmetry.
/// - Stops: after K + 1 terms, or once the residual meets `stop` (by default never). A series whose
///   last term is larger than the one before has `diverged` (for symmetric A terms that grow once grow
///   for ever); it is summed nevertheless, until a term is 1 / rounding times b.
/// - Cost: K products for the terms and one for the residual, K + 2 with a start; two passes over P
///   numbers a term; 3 P numbers.
/// - Condition: no estimate.
/// - Differs from the source: the step a is explicit. It is often hidden as a = 1, under which the
///   series diverges for largest eigenvalues above 2.
public struct NeumannSeries: LinearSolver {
  /// K: the highest power. The sum has K + 1 terms.
  public var power: Int
  /// a
  public var step: Double
  /// Ends the series early; its number of iterations is not used.
  public var stop: StoppingRule

  /// - Parameters:
  ///   - power: K, at least 0; K + 1 terms.
  ///   - step: a, positive.
  public init(power: Int, step: Double, stop: StoppingRule = StoppingRule(relative: 0)) {
    self.power = power
    self.step = step
    self.stop = stop
  }

  public var requirement: LinearRequirement { .general }
  public var description: String { "Neumann series (power \(power), step \(step))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    guard power >= 0 else {
      throw LinearSolverError.setting(
        "a Neumann series up to power \(power)", remedy: "at least 0 is needed")
    }
    guard step > 0, step < .infinity else {
      throw LinearSolverError.setting(
        "a Neumann step of \(step)", remedy: "it must be finite and above 0")
    }
    var terms = stop
    terms.iterations = power == .max ? .max : power + 1
    return try KrylovRun.solve(multiply, b, from: start, terms, cycle: cycle)
  }

  private func cycle(_ run: inout KrylovRun) throws -> KrylovRun.CycleEnd {
    var v = run.residual
    var product = [Double](repeating: 0, count: v.count)
    var size = run.residualNorm
    let limit = size / Double.ulpOfOne
    while true {
      run.x.add(step, v)
      run.iterations += 1
      if run.isOutOfIterations || size > limit { return .summed(last: size) }
      try run.product(v, &product)
      v.add(-step, product)
      size = v.norm
      guard size.isFinite else { return .stopped(.nonFinite) }
      if size <= run.target { return .summed(last: size) }
      // The remaining terms cannot change the sum, however many were requested.
      if size < Double.leastNormalMagnitude { return .stopped(.stagnated) }
    }
  }
}
