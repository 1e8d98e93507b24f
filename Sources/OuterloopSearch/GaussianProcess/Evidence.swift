internal import OuterloopNumerics

/// The evidence of outputs y at some points under a Gaussian process with constant mean, as a function of
/// its hyperparameters (Rasmussen & Williams 2006, eq. 5.8 and 5.9):
///
///     K = k(X, X) + noise I,   alpha = K^-1 (y - m 1),   m = 1'K^-1 y / 1'K^-1 1
///     log p(y) = -(y - m 1)'alpha/2 - log det(K)/2 - (n/2) log 2 pi
///     d log p / d theta = tr((alpha alpha' - K^-1) dK/dtheta) / 2
///
/// The mean is the one of the largest evidence, so that it adds nothing to the gradient.
///
/// - Complexity: O(n^3 + n^2 d) time, O(n^2) memory for each group.
package struct Evidence {
  package let points: KernelPoints
  package let outputs: [Double]

  package init(_ points: KernelPoints, outputs: [Double]) {
    precondition(points.count == outputs.count)
    self.points = points
    self.outputs = outputs
  }

  /// log p(y), and its gradient by the logarithms of the parameters; nil if the covariance is not
  /// positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package func logarithm(
    _ parameters: KernelParameters
  ) throws -> (value: Double, gradient: [Double])? {
    let n = points.count
    let scaled = ScaledPoints(points, parameters)
    let block = CovarianceBlock(scaled, scaled, parameters, slopes: true, parts: true)
    var matrix = block.total
    for i in 0..<n { matrix[i * n + i] += parameters.noise }
    guard let factor = try IncrementalCholesky(matrix, count: n) else { return nil }
    let (mean, weights) = ConstantMean.solve(factor, outputs)
    var value = -0.5 * factor.logDeterminant - 0.918938533204672741780329736406 * Double(n)
    for i in 0..<n { value -= 0.5 * (outputs[i] - mean) * weights[i] }

    // W = alpha alpha' - K^-1, symmetric.
    var w = factor.inverse()
    for i in 0..<n {
      let weight = weights[i]
      for j in 0..<n { w[i * n + j] = weight * weights[j] - w[i * n + j] }
    }
    var gradient: [Double] = []
    for (g, group) in points.layout.groups.enumerated() {
      gradient += lengthscaleGradient(group, scaled.columns[g], w, block.slopes[g])
    }
    if block.parts.count > 1 { gradient += block.parts.map { 0.5 * sum(w, $0) } }
    let trace = (0..<n).reduce(0) { $0 + w[$1 * n + $1] }
    gradient.append(0.5 * parameters.noise * trace)
    return (value, gradient)
  }

  /// With G = W * dk/d(r^2), element by element, and x divided by the length-scales,
  ///
  ///     d/d log l_j = -sum_ii' G_ii' (x_ij - x_i'j)^2 = -2 (sum_i (G 1)_i x_ij^2 - sum_i x_ij (G X)_ij)
  private func lengthscaleGradient(
    _ group: KernelLayout.Group, _ x: [Double], _ w: [Double], _ slope: [Double]
  ) -> [Double] {
    let (n, width) = (points.count, group.columns)
    var product = slope
    for place in product.indices { product[place] *= w[place] }
    let spread = DenseProduct.of(product, x, m: n, n: width, k: n)
    var gradient = [Double](repeating: 0, count: group.lengthscaleCount)
    for i in 0..<n {
      var total = 0.0
      for j in i * n..<(i + 1) * n { total += product[j] }
      for c in 0..<width {
        let value = x[i * width + c]
        gradient[group.lengthscales[c]] -= 2 * value * (total * value - spread[i * width + c])
      }
    }
    return gradient
  }

  private func sum(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for place in a.indices { sum += a[place] * b[place] }
    return sum
  }
}

/// The constant mean of the largest evidence.
enum ConstantMean {
  /// m = 1'K^-1 y / 1'K^-1 1 and K^-1 (y - m 1).
  static func solve(
    _ factor: IncrementalCholesky, _ y: [Double]
  ) -> (mean: Double, weights: [Double]) {
    let n = y.count
    // The two right-hand sides side by side.
    var sides = [Double](repeating: 1, count: 2 * n)
    for i in 0..<n { sides[2 * i] = y[i] }
    factor.solveLower(&sides, columns: 2)
    factor.solveUpper(&sides, columns: 2)
    var (above, below) = (0.0, 0.0)
    for i in 0..<n {
      above += sides[2 * i]
      below += sides[2 * i + 1]
    }
    let mean = n > 0 ? above / below : 0
    return (mean, (0..<n).map { sides[2 * $0] - mean * sides[2 * $0 + 1] })
  }
}
