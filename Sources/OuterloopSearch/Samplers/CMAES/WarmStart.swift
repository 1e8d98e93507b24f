internal import OuterloopNumerics
private import OuterloopPlatform

/// The initial distribution of a search over the unit cube from known results: WS-CMA-ES (Nomura, Watanabe,
/// Akimoto, Ozaki and Onishi 2021), for the best tenth x_1, ..., x_k, at least one,
///
///     m = mean of x_i,   Sigma = alpha^2 I + mean of x_i x_i' - m m',   alpha = .1
///     sigma = det(Sigma)^(1 / 2n),   C = Sigma / sigma^2
struct WarmStart: Sendable {
  var mean: [Double]
  var sigma: Double
  var covariance: [Double]

  /// - Parameter points: positions in the unit cube, best first; nil where a parameter was inactive, which
  ///   becomes the mean of the others or the middle. Returns nil if there are none.
  init?(_ points: [[Double?]]) {
    let best = points.prefix(max(1, points.count / 10))
    guard let first = best.first, !first.isEmpty else { return nil }
    let n = first.count
    let mean = (0..<n).map { i in
      let known = best.compactMap { $0[i] }
      return known.isEmpty ? 0.5 : known.reduce(0, +) / Double(known.count)
    }
    var covariance = CovarianceAdaptation.identity(n).map { 0.01 * $0 }
    for point in best {
      let offset = (0..<n).map { (point[$0] ?? mean[$0]) - mean[$0] }
      for i in 0..<n {
        for j in 0..<n { covariance[i * n + j] += offset[i] * offset[j] / Double(best.count) }
      }
    }
    guard let eigen = SymmetricEigen(covariance, count: n) else { return nil }
    let logDeterminant = eigen.values.reduce(0) { $0 + log(max($1, 1e-300)) }
    let sigma = exp(logDeterminant / 2 / Double(n))
    self.mean = mean
    self.sigma = sigma
    self.covariance = covariance.map { $0 / (sigma * sigma) }
  }
}

/// The start of a run.
enum RunStart: Sendable {
  /// In the middle of the space.
  case middle
  /// At a point of the unit cube, with the first step scaled by a factor.
  case place([Double], stepFactor: Double)
  case warm(WarmStart)
}
