internal import OuterloopNumerics

/// A Gaussian process with constant mean, conditioned on outputs at some points (Rasmussen & Williams
/// 2006, algorithm 2.1):
///
///     mean(x) = m + k(x, X) alpha,   variance(x) = k(x, x) - |L^-1 k(X, x)|^2,   L L' = k(X, X) + noise I
///
/// There may be several columns of outputs at the same points: `samples` of what may come out of trials
/// that still run.
///
/// - Complexity: O(n^3) time to make it, O(n^2) to add a point and for the prediction at one, O(n^2)
///   memory.
package struct GaussianProcess: Sendable {
  package private(set) var points: KernelPoints
  package let parameters: KernelParameters
  /// m.
  package let mean: Double
  package private(set) var samples = 1
  /// (n, samples): y, and alpha.
  package private(set) var outputs: [Double]
  package private(set) var weights: [Double]
  private(set) var scaled: ScaledPoints
  private(set) var factor: IncrementalCholesky

  /// What is tried to add to the diagonal until there is a factor.
  private static let jitters = [0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]

  /// - Returns: nil if there is no positive definite covariance, as with parameters that are not finite.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package init?(
    _ points: KernelPoints, outputs: [Double], _ parameters: KernelParameters
  ) throws {
    precondition(points.count == outputs.count)
    let n = points.count
    scaled = ScaledPoints(points, parameters)
    var matrix = CovarianceBlock(scaled, scaled, parameters, slopes: false).total
    for i in 0..<n { matrix[i * n + i] += parameters.noise }
    guard let factor = try IncrementalCholesky(matrix, count: n, jitters: Self.jitters) else {
      return nil
    }
    (self.points, self.parameters, self.factor, self.outputs) = (
      points, parameters, factor, outputs
    )
    (mean, weights) = ConstantMean.solve(factor, outputs)
  }

  /// The variance on the diagonal beside the kernel's.
  private var noise: Double { parameters.noise + factor.jitter }

  /// The mean at the points themselves, (n, samples): y - noise alpha.
  package var smoothed: [Double] { zip(outputs, weights).map { $0 - noise * $1 } }

  /// Means (samples, points) and variances of the function, not of what is observed.
  package func predict(_ queries: KernelPoints) -> (means: [Double], variances: [Double]) {
    let block = PredictionBlock(self, queries, gradients: false)
    return (block.means, block.variances)
  }

  /// How well each output is predicted by the others, from the one factorisation (Rasmussen & Williams
  /// 2006, eq. 5.12), with the same parameters and mean: means and variances of what is observed.
  package func leaveOneOut() -> (means: [Double], variances: [Double]) {
    let n = points.count
    let inverse = factor.inverse()
    let precisions = (0..<n).map { inverse[$0 * n + $0] }
    return (
      (0..<n).map { outputs[$0 * samples] - weights[$0 * samples] / precisions[$0] },
      precisions.map { 1 / $0 }
    )
  }

  /// The process with further points whose outputs are not known but drawn: from the joint distribution
  /// of what will be observed there, given what is known,
  ///
  ///     y = mean + L_22 z,   z standard normal,
  ///
  /// L_22 the new rows of the factor. alpha = L'^-1 (c, z), c = L^-1 (y - m) of the known rows.
  ///
  /// - Parameter normals: by sample a number for each new point.
  /// - Complexity: O(p n^2 + s n^2) time for p points and s samples.
  package func imagining(_ new: KernelPoints, normals: [[Double]]) -> GaussianProcess {
    precondition(samples == 1 && !normals.isEmpty)
    var result = self
    let cross = CovarianceBlock(
      ScaledPoints(new, parameters), scaled, parameters, slopes: false)
    let own = CovarianceBlock(
      ScaledPoints(new, parameters), ScaledPoints(new, parameters), parameters, slopes: false)
    let n = points.count
    var kept: [Int] = []
    for i in 0..<new.count {
      let row =
        Array(cross.total[i * n..<(i + 1) * n]) + kept.map { own.total[i * new.count + $0] }
      let diagonal = own.total[i * new.count + i] + parameters.noise
      // A point that rounding cannot tell from others adds nothing.
      if result.factor.append(row, diagonal: diagonal) { kept.append(i) }
    }
    result.points.append(contentsOf: new.selecting(kept))
    result.scaled = ScaledPoints(result.points, parameters)
    var known = (0..<n).map { outputs[$0] - mean }
    factor.solveLower(&known, columns: 1)
    let (total, s) = (n + kept.count, normals.count)
    var sides = [Double](repeating: 0, count: total * s)
    for i in 0..<n { for k in 0..<s { sides[i * s + k] = known[i] } }
    for (place, i) in kept.enumerated() {
      for k in 0..<s { sides[(n + place) * s + k] = normals[k][i] }
    }
    // y = m + L (c, z) at the new rows.
    var all = [Double](repeating: 0, count: total * s)
    for i in 0..<n { for k in 0..<s { all[i * s + k] = outputs[i] } }
    for i in n..<total {
      for k in 0..<s { all[i * s + k] = mean }
      for j in 0...i {
        let element = result.factor[i, j]
        for k in 0..<s { all[i * s + k] += element * sides[j * s + k] }
      }
    }
    result.factor.solveUpper(&sides, columns: s)
    (result.weights, result.outputs, result.samples) = (sides, all, s)
    return result
  }
}
