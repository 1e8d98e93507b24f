internal import OuterloopNumerics

/// The covariance matrix of the rows, with noise on the diagonal, and the terms for its
/// derivatives:
///
///     K_ij = kx(x_i, x_j) [a + b kt_ij] + 1{same curve} [c + e kt_ij] + 1{i = j} noise
///
/// kx is computed between curves, of which there are fewer than rows.
///
/// - Complexity: O(m^2 d + n^2) for n rows of m curves.
struct CurveCovariance {
  private let rows: CurveRows
  private let parameters: CurveParameters
  private let configurations: JointCovariance
  private let correlation: TimeCorrelation
  /// (rows, rows).
  private(set) var matrix: [Double]

  init(_ rows: CurveRows, _ parameters: CurveParameters, forGradient: Bool) {
    (self.rows, self.parameters) = (rows, parameters)
    let configurations = JointCovariance(
      rows.curves, .none, parameters.configurationKernel, forGradient: forGradient)
    let correlation = TimeCorrelation(rows.times, rows.times, timescale: parameters.timescale)
    (self.configurations, self.correlation) = (configurations, correlation)
    matrix = Self.product(
      rows, configurations.matrix, correlation, parameters, columnOf: rows.curveOf,
      curve: rows.curveOf)
    let n = rows.count
    for i in 0..<n { matrix[i * n + i] += parameters.kernel.noise }
  }

  /// Covariances of rows with queries, without noise, (rows, queries) by rows.
  ///
  /// - Parameters:
  ///   - block: kx, (curves, configurations).
  ///   - correlation: of the rows' times and the queries'.
  ///   - columnOf: the configuration of each query.
  ///   - curve: the curve of each query; -1: none of the rows' curves.
  ///   - chosen: the requested queries, as indices into `columnOf`; nil: all.
  static func product(
    _ rows: CurveRows, _ block: [Double], _ correlation: TimeCorrelation,
    _ parameters: CurveParameters, columnOf: [Int], curve: [Int], of chosen: [Int]? = nil
  ) -> [Double] {
    let (a, b) = (parameters.level, parameters.shape)
    let (c, e) = (parameters.ownLevel, parameters.ownShape)
    let (n, queries) = (rows.count, columnOf.count)
    let timeOf = chosen.map { $0.map { correlation.columnOf[$0] } } ?? correlation.columnOf
    let curve = chosen.map { $0.map { curve[$0] } } ?? curve
    let width = block.count / max(rows.curves.count, 1)
    return [Double](unsafeUninitializedCapacity: n * queries) { result, filled in
      filled = n * queries
      block.withUnsafeBufferPointer { block in
        correlation.table.withUnsafeBufferPointer { table in
          for i in 0..<n {
            let (own, times) = (rows.curveOf[i], correlation.rowOf[i] * correlation.width)
            for q in 0..<queries {
              let kt = table[times + timeOf[q]]
              var k = block[own * width + columnOf[q]] * (a + b * kt)
              if curve[q] == own { k += c + e * kt }
              result[i * queries + q] = k
            }
          }
        }
      }
    }
  }

  /// tr(W dK/dtheta)/2 with respect to the logarithms of the parameters in order, for a symmetric
  /// W.
  ///
  /// For kx: the derivative of the kernel between configurations needs W_ij [a + b kt_ij] summed
  /// over the rows of two curves.
  func evidenceGradient(_ w: [Double]) -> [Double] {
    let (n, m) = (rows.count, rows.curves.count)
    let (a, b, e) = (parameters.level, parameters.shape, parameters.ownShape)
    let slopes = correlation.slopes(timescale: parameters.timescale)
    let kx = configurations.matrix
    var pairs = [Double](repeating: 0, count: m * m)
    var (level, shape, ownLevel, ownShape, timescale, noise) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for i in 0..<n {
      let (own, times) = (rows.curveOf[i], correlation.rowOf[i] * correlation.width)
      for j in 0..<n {
        let weight = w[i * n + j]
        let (other, time) = (rows.curveOf[j], times + correlation.columnOf[j])
        let (kt, slope) = (correlation.table[time], slopes[time])
        pairs[own * m + other] += weight * (a + b * kt)
        let common = weight * kx[own * m + other]
        level += common
        shape += common * kt
        timescale += common * b * slope
        if own == other {
          ownLevel += weight
          ownShape += weight * kt
          timescale += weight * e * slope
        }
      }
      noise += w[i * n + i]
    }
    var gradient = configurations.evidenceGradient(pairs)
    gradient[gradient.count - 1] = 0.5 * parameters.kernel.noise * noise
    return gradient
      + [
        0.5 * a * level, 0.5 * b * shape, 0.5 * parameters.ownLevel * ownLevel, 0.5 * e * ownShape,
        0.5 * timescale,
      ]
  }
}
