internal import OuterloopNumerics

/// A Gaussian process over the points of learning curves, conditioned on the reports: freeze-thaw Bayesian
/// optimization (Swersky, Snoek and Adams 2014) with a kernel that is the sum of a part shared by
/// configurations and a part of each curve,
///
///     k((x, t), (x', t')) = kx(x, x') [a + b kt(tau, tau')] + 1{same curve} [c + e kt(tau, tau')]
///     kt = exp(-|tau - tau'|/l),   tau = log t / log T,   y = f + N(0, noise)
///
/// with kx Matern-5/2 as in `CovarianceBlock`, for mixed and conditional spaces, and T the epochs of a full
/// training. The mean is constant.
///
/// Differences from Swersky et al.: curves are correlated at every epoch and not only in their asymptotes, the
/// course is Matern-1/2 in the logarithm of the epoch instead of a mixture of exponential decays, and the
/// factorisation is the ordinary one, with rows appended between fits.
///
/// - Complexity: O(n^3) time to construct, O(n^2) to add a row and for the prediction at a point, by products
///   of matrices; O(n^2) memory.
package struct CurveProcess: Sendable {
  package private(set) var rows: CurveRows
  package let parameters: CurveParameters
  package private(set) var mean = 0.0
  private(set) var scaled: ScaledPoints
  private var factor: IncrementalCholesky
  private var inverse: TriangularInverse
  /// alpha, of the rows that have outputs; fantasies have none.
  private(set) var weights: [Double] = []

  /// The jitters to try on the diagonal until a factor exists.
  private static let jitters = [0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3]

  /// The process of rows without outputs: see `observe(_:)`.
  ///
  /// - Returns: nil if there is no positive definite covariance, such as with non-finite parameters.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package init?(_ rows: CurveRows, _ parameters: CurveParameters) throws {
    let covariance = CurveCovariance(rows, parameters, forGradient: false)
    guard
      let factor = try IncrementalCholesky(
        covariance.matrix, count: rows.count, jitters: Self.jitters)
    else { return nil }
    (self.rows, self.parameters, self.factor) = (rows, parameters, factor)
    inverse = TriangularInverse(factor)
    scaled = ScaledPoints(rows.curves, parameters.configurationKernel)
  }

  /// Adds curves without rows.
  package mutating func append(curves: KernelPoints) {
    rows.append(curves: curves)
    scaled = ScaledPoints(rows.curves, parameters.configurationKernel)
  }

  /// Adds a row of a known curve.
  ///
  /// - Returns: false, without any change, if the row is numerically indistinguishable from others.
  /// - Complexity: O(n^2).
  package mutating func append(curve: Int, time: Double) -> Bool {
    var query = CurveQueries(rows.curves.layout)
    query.append(rows.curves.selecting(curve..<curve + 1), curve: curve, time: time)
    let cross = covariances(
      query, ScaledPoints(query.configurations, parameters.configurationKernel))
    guard factor.append(cross.total, diagonal: cross.variances[0] + parameters.kernel.noise) else {
      return false
    }
    inverse.append(lastOf: factor)
    rows.append(curve: curve, time: time)
    return true
  }

  /// Sets the outputs of all rows.
  ///
  /// - Complexity: O(n^2).
  package mutating func observe(_ outputs: [Double]) {
    precondition(outputs.count == rows.count)
    (mean, weights) = CurveEvidence.solve(factor, outputs)
  }

  /// Means and variances of observations.
  ///
  /// Rows that were added after `observe(_:)` count as observed at their means: they leave all means as they
  /// are and make variances smaller (the fantasies of Ginsbourger, Le Riche and Carraro 2010, "Kriging
  /// believer").
  package func predict(_ queries: CurveQueries) -> (means: [Double], variances: [Double]) {
    let count = queries.count
    let cross = covariances(
      queries, ScaledPoints(queries.configurations, parameters.configurationKernel))
    var means = [Double](repeating: mean, count: count)
    DenseProduct.apply(
      weights, cross.total, m: 1, n: count, k: weights.count, beta: 1, into: &means)
    return (means, variances(cross.total, prior: cross.variances))
  }

  /// Variances of observations.
  ///
  /// - Parameters:
  ///   - cross: covariances of the rows with the queries, (rows, queries).
  ///   - prior: the queries' own variances, without noise.
  func variances(_ cross: [Double], prior: [Double]) -> [Double] {
    let count = prior.count
    let solved = inverse.product(cross, columns: count)
    var variances = prior
    solved.withUnsafeBufferPointer { solved in
      for i in 0..<rows.count {
        for q in 0..<count { variances[q] -= solved[i * count + q] * solved[i * count + q] }
      }
    }
    let noise = parameters.kernel.noise
    return variances.map { max($0, 0) + noise }
  }

  /// The observation variance of rows: the noise and the jitter.
  var rowNoise: Double { parameters.kernel.noise + factor.jitter }

  /// The prior variances of points, without noise.
  func priorVariances(_ points: ScaledPoints) -> [Double] {
    let common = parameters.level + parameters.shape
    let own = parameters.ownLevel + parameters.ownShape
    return points.variances.map { $0 * common + own }
  }

  /// Covariances of the rows with queries, (rows, queries), and the queries' own variances, without noise.
  private func covariances(
    _ queries: CurveQueries, _ points: ScaledPoints
  ) -> (total: [Double], variances: [Double]) {
    let kernel = parameters.configurationKernel
    let block = CovarianceBlock(scaled, points, kernel, slopes: false)
    let correlation = TimeCorrelation(rows.times, queries.times, timescale: parameters.timescale)
    let count = queries.count
    let total = CurveCovariance.product(
      rows, block.total, correlation, parameters, columnOf: Array(0..<count),
      curve: queries.curves)
    return (total, priorVariances(points))
  }
}
