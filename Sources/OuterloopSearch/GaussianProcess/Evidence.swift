internal import OuterloopNumerics
private import OuterloopPlatform

/// The evidence of outputs y at some points under a Gaussian process with constant mean, as a function of
/// its hyperparameters (Rasmussen & Williams 2006, eq. 5.8 and 5.9):
///
///     K = k(X, X) + noise I,   alpha = K^-1 (y - m h),   m = h'K^-1 y / h'K^-1 h
///     log p(y) = -(y - m h)'alpha/2 - log det(K)/2 - (n/2) log 2 pi
///     d log p / d theta = tr((alpha alpha' - K^-1) dK/dtheta) / 2
///
/// h is 1 for outputs. Observed derivatives are rows of y and K before those of the outputs
/// (`JointCovariance`), for which h is 0. The mean maximises the evidence, so that it does not contribute
/// to the gradient.
///
/// - Complexity: O(n^3 + n^2 d) time, O(n^2) memory for each group, n being all rows.
package struct Evidence {
  package let points: KernelPoints
  package let outputs: [Double]
  package let derivatives: DerivativeRows

  /// - Parameter derivatives: at the points, along columns of groups that they have.
  package init(
    _ points: KernelPoints, outputs: [Double], derivatives: DerivativeRows = .none
  ) {
    precondition(points.count == outputs.count && derivatives.belong(to: points))
    self.points = points
    self.outputs = outputs
    self.derivatives = derivatives
  }

  private static let halfLogTwoPi = 0.918938533204672741780329736406

  /// log p(y), and its gradient with respect to the logarithms of the parameters; nil if the
  /// covariance is not positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package func logarithm(
    _ parameters: KernelParameters
  ) throws -> (value: Double, gradient: [Double])? {
    let joint = JointCovariance(points, derivatives, parameters, forGradient: true)
    let n = joint.count
    guard let factor = try IncrementalCholesky(joint.matrix, count: n) else { return nil }
    let (mean, weights) = ConstantMean.solve(factor, outputs, derivatives)
    let rest = ConstantMean.rest(outputs, derivatives, mean)
    var value = -0.5 * factor.logDeterminant - Self.halfLogTwoPi * Double(n)
    for i in 0..<n { value -= 0.5 * rest[i] * weights[i] }

    // W = alpha alpha' - K^-1, symmetric.
    var w = factor.inverse()
    w.withUnsafeMutableBufferPointer { w in
      weights.withUnsafeBufferPointer { weights in
        for i in 0..<n {
          let weight = weights[i]
          for j in 0..<n { w[i * n + j] = weight * weights[j] - w[i * n + j] }
        }
      }
    }
    return (value, joint.evidenceGradient(w))
  }

  /// log p(outputs | derivatives), the conditional likelihood. As the derivatives come first, it is the part
  /// of the lower rows of the factor L; with c = L^-1 (y - m h)
  ///
  ///     -sum_i (c_i^2/2 + log L_ii) - (n/2) log 2 pi   over the rows of outputs.
  ///
  /// - Returns: nil if the covariance is not positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package func logarithmGivenDerivatives(_ parameters: KernelParameters) throws -> Double? {
    let joint = JointCovariance(points, derivatives, parameters, forGradient: false)
    guard let factor = try IncrementalCholesky(joint.matrix, count: joint.count) else {
      return nil
    }
    let (mean, _) = ConstantMean.solve(factor, outputs, derivatives)
    var rest = ConstantMean.rest(outputs, derivatives, mean)
    factor.solveLower(&rest, columns: 1)
    return (derivatives.count..<joint.count).reduce(0) {
      $0 - 0.5 * rest[$1] * rest[$1] - log(factor[$1, $1]) - Self.halfLogTwoPi
    }
  }
}

/// The constant mean of maximal evidence. Derivatives come before outputs, and do not depend on it.
enum ConstantMean {
  /// m = h'K^-1 y / h'K^-1 h and K^-1 (y - m h); h is 0 for derivatives and 1 for outputs.
  static func solve(
    _ factor: IncrementalCholesky, _ outputs: [Double], _ derivatives: DerivativeRows
  ) -> (mean: Double, weights: [Double]) {
    let (p, n) = (derivatives.count, derivatives.count + outputs.count)
    // The two right-hand sides as columns.
    var sides = [Double](repeating: 0, count: 2 * n)
    for (i, value) in rest(outputs, derivatives, 0).enumerated() {
      sides[2 * i] = value
      sides[2 * i + 1] = i < p ? 0 : 1
    }
    factor.solveLower(&sides, columns: 2)
    factor.solveUpper(&sides, columns: 2)
    var (above, below) = (0.0, 0.0)
    for i in p..<n {
      above += sides[2 * i]
      below += sides[2 * i + 1]
    }
    let mean = n > p ? above / below : 0
    return (mean, (0..<n).map { sides[2 * $0] - mean * sides[2 * $0 + 1] })
  }

  /// y - m h.
  static func rest(
    _ outputs: [Double], _ derivatives: DerivativeRows, _ mean: Double
  ) -> [Double] {
    derivatives.rows.map(\.value) + outputs.map { $0 - mean }
  }
}
