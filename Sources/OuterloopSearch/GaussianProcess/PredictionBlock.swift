internal import OuterloopNumerics

/// Predictions of a Gaussian process at several points at once, and the gradients of what is computed from
/// them.
///
/// - Complexity: O(n^2) time a point by a triangular solve, O(n) numbers.
struct PredictionBlock {
  private let process: GaussianProcess
  private let queries: ScaledPoints
  private let block: CovarianceBlock
  /// L^-1 k(X, x), (n, points).
  private let solved: [Double]
  /// (samples, points).
  let means: [Double]
  let variances: [Double]

  init(_ process: GaussianProcess, _ points: KernelPoints, gradients: Bool) {
    self.process = process
    let (n, m, s) = (process.points.count, points.count, process.samples)
    queries = ScaledPoints(points, process.parameters)
    block = CovarianceBlock(
      process.scaled, queries, process.parameters, slopes: gradients)
    var means = [Double](repeating: process.mean, count: s * m)
    DenseProduct.apply(
      process.weights, aTransposed: true, block.total, m: s, n: m, k: n, beta: 1, into: &means)
    self.means = means
    var solved = block.total
    process.factor.solveLower(&solved, columns: m)
    var variances = queries.variances
    for i in 0..<n {
      for q in 0..<m { variances[q] -= solved[i * m + q] * solved[i * m + q] }
    }
    self.variances = variances.map { max($0, 0) }
    self.solved = solved
  }

  /// The gradients of functions a_q of the means and the variance at point q, by group (points, columns):
  ///
  ///     da/dx = sum_i c_i dk(x_i, x)/dx,   c = (sum_s da/dmean_s alpha_s) - 2 da/dvariance K^-1 k
  ///     dk/dx_j = 2 dk/d(r^2) (x_j - x_ij) / l_j^2
  ///
  /// - Parameters:
  ///   - meanSlopes: da/dmean, (samples, points).
  ///   - varianceSlopes: da/dvariance, (points).
  func gradients(meanSlopes: [Double], varianceSlopes: [Double]) -> [[Double]] {
    let (n, m, s) = (process.points.count, queries.count, process.samples)
    var c = solved
    process.factor.solveUpper(&c, columns: m)
    for i in 0..<n { for q in 0..<m { c[i * m + q] *= -2 * varianceSlopes[q] } }
    DenseProduct.apply(process.weights, meanSlopes, m: n, n: m, k: s, beta: 1, into: &c)
    return process.points.layout.groups.enumerated().map { g, group in
      var product = block.slopes[g]
      for place in product.indices { product[place] *= c[place] }
      let width = group.columns
      let pull = DenseProduct.of(
        product, aTransposed: true, process.scaled.columns[g], m: m, n: width, k: n)
      var totals = [Double](repeating: 0, count: m)
      for i in 0..<n { for q in 0..<m { totals[q] += product[i * m + q] } }
      let inverse = group.lengthscales.map { 1 / process.parameters.lengthscales[g][$0] }
      var gradient = pull
      for q in 0..<m {
        for j in 0..<width {
          let place = q * width + j
          gradient[place] =
            2 * inverse[j] * (queries.columns[g][place] * totals[q] - pull[place])
        }
      }
      return gradient
    }
  }
}
