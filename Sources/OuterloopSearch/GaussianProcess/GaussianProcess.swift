internal import OuterloopNumerics

/// A Gaussian process with constant mean, conditioned on outputs at some points (Rasmussen & Williams
/// 2006, algorithm 2.1):
///
///     mean(x) = m + k(x, X) alpha,   variance(x) = k(x, x) - |L^-1 k(X, x)|^2,   L L' = k(X, X) + noise I
///
/// There may be several columns of outputs at the same points: `samples` of the results of running
/// trials. Observed derivatives are further rows of X, before those of the points (`JointCovariance`);
/// so n includes them.
///
/// - Complexity: O(n^3) time to construct, O(n^2) to add a point and for the prediction at one,
///   O(n^2) memory.
package struct GaussianProcess: Sendable {
  package private(set) var points: KernelPoints
  package let parameters: KernelParameters
  /// m.
  package private(set) var mean: Double
  package private(set) var samples = 1
  /// (points, samples): y.
  package private(set) var outputs: [Double]
  package let derivatives: DerivativeRows
  /// (derivatives and points, samples): alpha.
  package private(set) var weights: [Double]
  private(set) var scaled: ScaledPoints
  private(set) var factor: IncrementalCholesky
  private(set) var inverse: TriangularInverse

  /// The jitters to try on the diagonal until a factor exists.
  private static let jitters = [0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]

  /// - Returns: nil if there is no positive definite covariance, such as with non-finite parameters.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package init?(
    _ points: KernelPoints, outputs: [Double], derivatives: DerivativeRows = .none,
    _ parameters: KernelParameters
  ) throws {
    precondition(points.count == outputs.count)
    let joint = JointCovariance(points, derivatives, parameters, forGradient: false)
    guard
      let factor = try IncrementalCholesky(
        joint.matrix, count: joint.count, jitters: Self.jitters)
    else { return nil }
    (self.points, self.parameters, self.factor, self.outputs) = (
      points, parameters, factor, outputs
    )
    (self.derivatives, scaled, inverse) = (derivatives, joint.scaled, TriangularInverse(factor))
    (mean, weights) = ConstantMean.solve(factor, outputs, derivatives)
  }

  /// All rows: derivatives and points.
  var rowCount: Int { derivatives.count + points.count }

  /// The variance added to the kernel on the diagonal.
  private var noise: Double { parameters.noise + factor.jitter }

  /// The mean at the points themselves, (n, samples): y - noise alpha.
  package var smoothed: [Double] {
    zip(outputs, weights.dropFirst(derivatives.count * samples)).map { $0 - noise * $1 }
  }

  /// Means (samples, points) and variances of the function, not of observations.
  package func predict(_ queries: KernelPoints) -> (means: [Double], variances: [Double]) {
    let block = PredictionBlock(self, queries, gradients: false)
    return (block.means, block.variances)
  }

  /// The process extended by further points.
  ///
  /// - Parameter outputs: of all points.
  /// - Returns: nil if a new point is numerically indistinguishable from others.
  /// - Complexity: O(n^2) time a point.
  package func extended(by new: KernelPoints, outputs: [Double]) -> GaussianProcess? {
    precondition(samples == 1 && outputs.count == points.count + new.count)
    var result = self
    // One after another, so that the results are bitwise independent of how many are added at once.
    for place in 0..<new.count where result.append(new.selecting(place..<place + 1)).isEmpty {
      return nil
    }
    result.outputs = outputs
    (result.mean, result.weights) = ConstantMean.solve(result.factor, outputs, derivatives)
    return result
  }

  /// Adds those new points to the factor that are numerically distinguishable from others, and returns
  /// their indices.
  private mutating func append(_ new: KernelPoints) -> [Int] {
    let scaledNew = ScaledPoints(new, parameters)
    let cross = CrossCovariance(self, scaledNew, slopes: false).total
    let own = CovarianceBlock(scaledNew, scaledNew, parameters, slopes: false)
    let n = rowCount
    var kept: [Int] = []
    for i in 0..<new.count {
      let row =
        (0..<n).map { cross[$0 * new.count + i] } + kept.map { own.total[i * new.count + $0] }
      let diagonal = own.total[i * new.count + i] + parameters.noise
      guard factor.append(row, diagonal: diagonal) else { continue }
      inverse.append(lastOf: factor)
      kept.append(i)
    }
    points.append(contentsOf: new.selecting(kept))
    scaled = ScaledPoints(points, parameters)
    return kept
  }

  /// How well each output is predicted by the others, from the one factorisation (Rasmussen & Williams
  /// 2006, eq. 5.12), with the same parameters and mean: means and variances of observations.
  /// Derivatives are not left out, not even those at the same point.
  package func leaveOneOut() -> (means: [Double], variances: [Double]) {
    let (n, p, total) = (points.count, derivatives.count, rowCount)
    let inverse = factor.inverse()
    let precisions = (p..<total).map { inverse[$0 * total + $0] }
    return (
      (0..<n).map { outputs[$0 * samples] - weights[(p + $0) * samples] / precisions[$0] },
      precisions.map { 1 / $0 }
    )
  }

  /// The process with further points whose outputs are drawn from the joint posterior of their
  /// observations,
  ///
  ///     y = mean + L_22 z,   z standard normal,
  ///
  /// L_22 the new rows of the factor. alpha = L'^-1 (c, z), c = L^-1 (y - m) of the known rows.
  ///
  /// - Parameter normals: for each sample, a standard normal number per new point.
  /// - Complexity: O(p n^2 + s n^2) time for p points and s samples.
  package func imagining(_ new: KernelPoints, normals: [[Double]]) -> GaussianProcess {
    precondition(samples == 1 && !normals.isEmpty)
    var result = self
    let n = rowCount
    // A point that is numerically indistinguishable from others adds nothing.
    let kept = result.append(new)
    var known = ConstantMean.rest(outputs, derivatives, mean)
    factor.solveLower(&known, columns: 1)
    let (total, s) = (n + kept.count, normals.count)
    var sides = [Double](repeating: 0, count: total * s)
    for i in 0..<n { for k in 0..<s { sides[i * s + k] = known[i] } }
    for (place, i) in kept.enumerated() {
      for k in 0..<s { sides[(n + place) * s + k] = normals[k][i] }
    }
    // y = m + L (c, z) at the new rows.
    var all = outputs.flatMap { [Double](repeating: $0, count: s) }
    for i in n..<total {
      var row = [Double](repeating: mean, count: s)
      for j in 0...i {
        let element = result.factor[i, j]
        for k in 0..<s { row[k] += element * sides[j * s + k] }
      }
      all += row
    }
    result.factor.solveUpper(&sides, columns: s)
    (result.weights, result.outputs, result.samples) = (sides, all, s)
    return result
  }
}
