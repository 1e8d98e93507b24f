internal import OuterloopNumerics

/// The posterior of a deep kernel given observations:
///
///     mean(z) = m + k(z)'K^-1 (y - m),   variance(z) = s - k(z)'K^-1 k(z)
///
/// - Complexity: O(n^3) to make it, O(n^2) for each query and each further observation.
struct DeepKernelProcess: Sendable {
  private let kernel: FeatureKernel
  /// (n, 128) by rows.
  private var features: [Double]
  private var outputs: [Double]
  private var factor: IncrementalCholesky
  private var weights: [Double]

  /// Jitter added to the diagonal where needed, in units of the scale.
  private static let jitters = [0, 1e-10, 1e-8, 1e-6, 1e-4]

  /// - Parameter features: (n, 128) by rows.
  /// - Returns: nil if no factor of the covariance exists.
  /// - Throws: `BLASError` if there is no linear algebra library.
  init?(_ kernel: FeatureKernel, features: [Double], outputs: [Double], roomFor room: Int) throws {
    var (matrix, _) = kernel.covariances(features[...], features[...])
    let n = outputs.count
    for i in 0..<n { matrix[i * n + i] += kernel.noise }
    guard
      let factor = try IncrementalCholesky(
        matrix, count: n, jitters: Self.jitters.map { $0 * kernel.scale }, roomFor: room)
    else { return nil }
    (self.kernel, self.features, self.outputs, self.factor) = (kernel, features, outputs, factor)
    weights = factor.solve(outputs.map { $0 - kernel.mean })
  }

  /// Means and variances, without noise, at features (q, 128) by rows.
  func predict(_ queries: [Double]) -> (means: [Double], variances: [Double]) {
    let (n, q) = (outputs.count, queries.count / KernelNetwork.features)
    guard q > 0 else { return ([], []) }
    var (cross, _) = kernel.covariances(features[...], queries[...])
    var means = [Double](repeating: kernel.mean, count: q)
    for i in 0..<n {
      let weight = weights[i]
      for place in 0..<q { means[place] += weight * cross[i * q + place] }
    }
    factor.solveLower(&cross, columns: q)
    var variances = [Double](repeating: kernel.scale, count: q)
    for i in 0..<n {
      for place in 0..<q { variances[place] -= cross[i * q + place] * cross[i * q + place] }
    }
    return (means, variances.map { max($0, 0) })
  }

  /// Treats a running training as if it had reached its predicted mean, which changes no mean
  /// (kriging believer).
  /// - Parameter point: features (128).
  mutating func addFantasy(_ point: ArraySlice<Double>) {
    let (row, _) = kernel.covariances(point, features[...])
    let mean = predict(Array(point)).means[0]
    guard factor.append(row, diagonal: kernel.scale + kernel.noise) else { return }
    features += point
    outputs.append(mean)
    weights.append(0)
  }
}
