internal import OuterloopNumerics

/// Predictions of a Gaussian process at several points at once, and the gradients of functions of them.
///
/// - Complexity: O(n^2) time per point by a matrix product, O(n) memory per point.
struct PredictionBlock {
  private let process: GaussianProcess
  private let queries: ScaledPoints
  private let cross: CrossCovariance
  /// L^-1 k(X, x), (n, points).
  private let solved: [Double]
  /// (samples, points).
  let means: [Double]
  let variances: [Double]

  init(_ process: GaussianProcess, _ points: KernelPoints, gradients: Bool) {
    self.process = process
    let (n, m, s) = (process.rowCount, points.count, process.samples)
    queries = ScaledPoints(points, process.parameters)
    cross = CrossCovariance(process, queries, slopes: gradients)
    var means = [Double](repeating: process.mean, count: s * m)
    DenseProduct.apply(
      process.weights, aTransposed: true, cross.total, m: s, n: m, k: n, beta: 1, into: &means)
    self.means = means
    let solved = process.inverse.product(cross.total, columns: m)
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
  ///
  /// - Parameters:
  ///   - meanSlopes: da/dmean, (samples, points).
  ///   - varianceSlopes: da/dvariance, (points).
  func gradients(meanSlopes: [Double], varianceSlopes: [Double]) -> [[Double]] {
    let (n, m, s) = (process.rowCount, queries.count, process.samples)
    var c = process.inverse.transposedProduct(solved, columns: m)
    for i in 0..<n { for q in 0..<m { c[i * m + q] *= -2 * varianceSlopes[q] } }
    DenseProduct.apply(process.weights, meanSlopes, m: n, n: m, k: s, beta: 1, into: &c)
    return cross.gradients(c)
  }
}
