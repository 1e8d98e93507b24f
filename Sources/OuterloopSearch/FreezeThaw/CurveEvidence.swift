internal import OuterloopNumerics
private import OuterloopPlatform

/// The log posterior density of the hyperparameters of learning curves, up to a constant:
///
///     alpha = K^-1 (y - m),   m = 1'K^-1 y / (1'K^-1 1 + 1)
///     log p = -(y - m)'alpha/2 - log det(K)/2 - m^2/2 + log prior(theta)
///     d log p / d theta = tr((alpha alpha' - K^-1) dK/dtheta)/2 + d log prior / d theta
///
/// (Rasmussen & Williams 2006, eq. 5.8 and 5.9.) The mean m ~ N(0, 1) maximises the density, so that it
/// does not contribute to the gradient.
///
/// - Complexity: O(n^3 + m^2 d) time for n rows of m curves, O(n^2) memory.
package struct CurveEvidence {
  package let rows: CurveRows
  package let outputs: [Double]

  package init(_ rows: CurveRows, outputs: [Double]) {
    precondition(rows.count == outputs.count)
    (self.rows, self.outputs) = (rows, outputs)
  }

  private static let halfLogTwoPi = 0.918938533204672741780329736406

  /// log p(y, m) without the prior of the parameters, and its gradient with respect to their
  /// logarithms; nil if the covariance is not positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package func logarithm(
    _ parameters: CurveParameters
  ) throws -> (value: Double, gradient: [Double])? {
    let covariance = CurveCovariance(rows, parameters, forGradient: true)
    let n = rows.count
    guard let factor = try IncrementalCholesky(covariance.matrix, count: n) else { return nil }
    let (mean, weights) = Self.solve(factor, outputs)
    var value = -0.5 * factor.logDeterminant - Self.halfLogTwoPi * Double(n) - 0.5 * mean * mean
    for i in 0..<n { value -= 0.5 * (outputs[i] - mean) * weights[i] }
    // W = alpha alpha' - K^-1.
    var w = factor.inverse()
    w.withUnsafeMutableBufferPointer { w in
      weights.withUnsafeBufferPointer { weights in
        for i in 0..<n {
          let weight = weights[i]
          for j in 0..<n { w[i * n + j] = weight * weights[j] - w[i * n + j] }
        }
      }
    }
    return (value, covariance.evidenceGradient(w))
  }

  /// m and alpha.
  static func solve(
    _ factor: IncrementalCholesky, _ outputs: [Double]
  ) -> (mean: Double, weights: [Double]) {
    let n = outputs.count
    // The two right-hand sides as columns.
    var sides = [Double](repeating: 1, count: 2 * n)
    for i in 0..<n { sides[2 * i] = outputs[i] }
    factor.solveLower(&sides, columns: 2)
    factor.solveUpper(&sides, columns: 2)
    var (above, below) = (0.0, 1.0)
    for i in 0..<n {
      above += sides[2 * i]
      below += sides[2 * i + 1]
    }
    let mean = above / below
    return (mean, (0..<n).map { sides[2 * $0] - mean * sides[2 * $0 + 1] })
  }

  /// Hyperparameters of the largest posterior density, by bounded L-BFGS in the logarithms.
  ///
  /// - Returns: the start if the covariance is not positive definite there.
  /// - Throws: `BLASError` if there is no linear algebra library.
  /// - Complexity: about ten evidence evaluations from a good start.
  package func fitted(
    _ prior: CurveKernelPrior, from start: CurveParameters, iterations: Int = 30
  ) throws -> CurveParameters {
    var settings = BoundedLBFGS()
    settings.iterations = iterations
    settings.firstMove = 0.5
    // A few hundredths of a nat do not change proposals.
    settings.tolerance = 3e-2
    settings.decrease = 1e-2
    let problem = BoundedLBFGS.Problem(
      start: start.logarithms, lower: prior.lower, upper: prior.upper)
    let results = try settings.minimize([problem]) { points, _ in
      try points.map { theta in
        let parameters = CurveParameters(logarithms: theta, prior.layout)
        guard let (value, gradient) = try logarithm(parameters) else { return (.infinity, theta) }
        let (density, slope) = prior.logDensity(theta)
        return (-value - density, zip(gradient, slope).map { -$0 - $1 })
      }
    }
    guard results[0].value.isFinite else { return start }
    return CurveParameters(logarithms: results[0].point, prior.layout)
  }
}
