internal import OuterloopNumerics

/// Finds the query with the highest score among many, computing the variances of only a few.
///
/// A score is s(mean, variance), monotone in the variance. Means are cheap: with alpha of the rows, and k of a query
/// at time t,
///
///     m + sum over curves c of kx(x_c, x) w_c(t),   w_c(t) = sum over rows i of c of alpha_i [a + b kt(t_i, t)]
///
/// plus the term of the query's own curve, also a sum over its rows. A variance is at least the noise, and at most
/// the prior variance reduced by any single row i,
///
///     v - k(i, q)^2 / K_ii,
///
/// so that no score exceeds the larger one of s at these two. Variances are computed in the order of these bounds, a
/// few dozen at a time, until no bound exceeds the highest score.
///
/// - Complexity: O((m + T) q + n T) for q queries at T times, and n rows of m curves; O(n^2) for each of the
///   queries whose variance is computed.
package struct HighestScores {
  private let process: CurveProcess
  private let queries: CurveQueries
  /// kx, (curves, queries).
  private let block: [Double]
  private let correlation: TimeCorrelation
  /// The prior variance of each query, without noise.
  private let priorVariances: [Double]

  /// How many variances are computed at once.
  package static let width = 64

  package init(_ process: CurveProcess, _ queries: CurveQueries) {
    (self.process, self.queries) = (process, queries)
    let kernel = process.parameters.configurationKernel
    let points = ScaledPoints(queries.configurations, kernel)
    block = CovarianceBlock(process.scaled, points, kernel, slopes: false).total
    correlation = TimeCorrelation(
      process.rows.times, queries.times, timescale: process.parameters.timescale)
    priorVariances = process.priorVariances(points)
  }

  /// The score of each query; -infinity where it is known to be below the highest one, so that the second highest
  /// may be missing.
  ///
  /// - Parameter score: of a query with this mean and variance, noise included; monotone in the variance.
  package func scores(_ score: (_ query: Int, _ mean: Double, _ variance: Double) -> Double)
    -> [Double]
  {
    let (means, most) = estimates()
    let noise = process.parameters.kernel.noise
    let bounds = means.indices.map {
      max(score($0, means[$0], most[$0] + noise), score($0, means[$0], noise))
    }
    let order = bounds.indices.sorted { (bounds[$1], $0) < (bounds[$0], $1) }
    var scores = [Double](repeating: -.infinity, count: means.count)
    var highest = -Double.infinity
    for first in stride(from: 0, to: order.count, by: Self.width) {
      guard !(bounds[order[first]] < highest) else { break }
      let chosen = Array(order[first..<min(first + Self.width, order.count)])
      for (query, variance) in zip(chosen, variances(of: chosen)) {
        scores[query] = score(query, means[query], variance)
        highest = max(highest, scores[query])
      }
    }
    return scores
  }

  /// Means, and bounds on the variances, without noise.
  package func estimates() -> (means: [Double], most: [Double]) {
    let (rows, count) = (process.rows, queries.count)
    let (m, width) = (rows.curves.count, correlation.width)
    let p = process.parameters
    // By curve and time: w_c(t) and r_c(t), and the same for the curve's own part.
    let zeros = [Double](repeating: 0, count: m * width)
    var (shared, own, reach, ownReach) = (zeros, zeros, zeros, zeros)
    let variances = process.scaled.variances
    for i in 0..<rows.count {
      let weight = i < process.weights.count ? process.weights[i] : 0
      let (curve, times) = (rows.curveOf[i], correlation.rowOf[i] * width)
      let variance = variances[curve]
      let diagonal =
        variance * (p.level + p.shape) + p.ownLevel + p.ownShape + process.rowNoise
      for t in 0..<width {
        let kt = correlation.table[times + t]
        let (common, alone) = (p.level + p.shape * kt, p.ownLevel + p.ownShape * kt)
        let place = curve * width + t
        shared[place] += weight * common
        own[place] += weight * alone
        reach[place] = max(reach[place], common * common / diagonal)
        let both = variance * common + alone
        ownReach[place] = max(ownReach[place], both * both / diagonal)
      }
    }
    var means = [Double](repeating: process.mean, count: count)
    var reduced = [Double](repeating: 0, count: count)
    block.withUnsafeBufferPointer { block in
      correlation.columnOf.withUnsafeBufferPointer { timeOf in
        for c in 0..<m {
          for q in 0..<count {
            let (k, place) = (block[c * count + q], c * width + timeOf[q])
            means[q] += k * shared[place]
            reduced[q] = max(reduced[q], k * k * reach[place])
          }
        }
      }
    }
    for (query, curve) in queries.curves.enumerated() where curve >= 0 {
      let place = curve * width + correlation.columnOf[query]
      means[query] += own[place]
      reduced[query] = max(reduced[query], ownReach[place])
    }
    return (means, zip(priorVariances, reduced).map { max($0 - $1, 0) })
  }

  /// Variances of observations.
  func variances(of chosen: [Int]) -> [Double] {
    let cross = CurveCovariance.product(
      process.rows, block, correlation, process.parameters, columnOf: chosen,
      curve: queries.curves, of: chosen)
    return process.variances(cross, prior: chosen.map { priorVariances[$0] })
  }
}
