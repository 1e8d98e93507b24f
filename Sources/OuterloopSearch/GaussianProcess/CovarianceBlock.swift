internal import OuterloopNumerics

/// Covariances between two sets of points, (rows, columns) by rows:
///
///     k(x, x') = sum over groups g that both have of s_g k_g(x_g, x'_g)
///
/// with k_g Matern-5/2 of r^2 = sum_j ((x_j - x'_j)/l_j)^2. A sum over shared groups is positive
/// definite, and branches of a conditional space learn from one another through what they share.
///
/// - Complexity: O(rows x columns x coordinates) time by matrix products; memory for one number per
///   group and pair.
struct CovarianceBlock {
  let rows: Int
  let columns: Int
  /// k.
  let total: [Double]
  /// By group s_g k_g; empty where there is a single group.
  let parts: [[Double]]
  /// By group s_g dk_g/d(r^2); empty if not requested.
  let slopes: [[Double]]

  init(
    _ a: ScaledPoints, _ b: ScaledPoints, _ parameters: KernelParameters, slopes wantSlopes: Bool,
    parts wantParts: Bool = false
  ) {
    let (m, n) = (a.count, b.count)
    (rows, columns) = (m, n)
    var sum: [Double] = []
    var parts: [[Double]] = []
    var slopes: [[Double]] = []
    let isSum = a.columns.count > 1
    for g in a.columns.indices {
      var k = DenseProduct.of(
        a.columns[g], b.columns[g], bTransposed: true, m: m, n: n, k: a.widths[g])
      var slope = wantSlopes ? [Double](repeating: 0, count: m * n) : []
      MaternKernel.apply(&k, rows: a.norms[g], columns: b.norms[g], slope: &slope)
      if isSum {
        let scale = parameters.scales[g]
        let (left, right) = (a.activity[g], b.activity[g])
        for i in 0..<m {
          let factor = left.isEmpty ? scale : scale * left[i]
          if right.isEmpty {
            for j in i * n..<(i + 1) * n { k[j] *= factor }
            if wantSlopes { for j in i * n..<(i + 1) * n { slope[j] *= factor } }
          } else {
            for j in 0..<n { k[i * n + j] *= factor * right[j] }
            if wantSlopes { for j in 0..<n { slope[i * n + j] *= factor * right[j] } }
          }
        }
      }
      if g == 0 {
        sum = k
      } else {
        for place in sum.indices { sum[place] += k[place] }
      }
      if wantParts, isSum { parts.append(k) }
      if wantSlopes { slopes.append(slope) }
    }
    (total, self.parts, self.slopes) = (sum, parts, slopes)
  }
}

/// Points divided by the length-scales.
struct ScaledPoints: Sendable {
  let count: Int
  /// By group: (count, width) by rows.
  let columns: [[Double]]
  let widths: [Int]
  /// By group: |x_i|^2.
  let norms: [[Double]]
  /// As in `KernelPoints`.
  let activity: [[Double]]
  /// k(x, x).
  let variances: [Double]

  init(_ points: KernelPoints, _ parameters: KernelParameters) {
    let n = points.count
    count = n
    activity = points.activity
    let groups = points.layout.groups
    widths = groups.map(\.columns)
    var variances = [Double](repeating: 0, count: n)
    var all: [[Double]] = []
    var norms: [[Double]] = []
    for (g, group) in groups.enumerated() {
      let inverse = group.lengthscales.map { 1 / parameters.lengthscales[g][$0] }
      let width = group.columns
      var scaled = points.columns[g]
      var sizes = [Double](repeating: 0, count: n)
      for i in 0..<n {
        var size = 0.0
        for c in 0..<width {
          let x = scaled[i * width + c] * inverse[c]
          scaled[i * width + c] = x
          size += x * x
        }
        sizes[i] = size
        variances[i] += parameters.scales[g] * (activity[g].isEmpty ? 1 : activity[g][i])
      }
      all.append(scaled)
      norms.append(sizes)
    }
    (columns, self.norms, self.variances) = (all, norms, variances)
  }
}
