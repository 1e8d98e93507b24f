internal import OuterloopNumerics

/// Covariances of the rows of a Gaussian process, derivatives and then points, with values at other points,
/// (rows, queries) by rows; and their slopes with respect to the queries.
///
/// - Complexity: O(rows x queries x coordinates) time, O(rows x queries) memory for each group.
struct CrossCovariance {
  private let process: GaussianProcess
  private let queries: ScaledPoints
  private let block: CovarianceBlock
  private let slopes: DerivativeBlock?
  let total: [Double]

  /// - Parameter slopes: whether `gradients` will be called.
  init(_ process: GaussianProcess, _ queries: ScaledPoints, slopes wantSlopes: Bool) {
    (self.process, self.queries) = (process, queries)
    let derivatives = process.derivatives
    block = CovarianceBlock(
      process.scaled, queries, process.parameters, slopes: wantSlopes || !derivatives.isEmpty)
    guard !derivatives.isEmpty else {
      (slopes, total) = (nil, block.total)
      return
    }
    let slopes = DerivativeBlock(
      derivatives, process.scaled, queries, block, process.points, process.parameters)
    (self.slopes, total) = (slopes, slopes.total + block.total)
  }

  /// sum_r c_rq dK_rq/dx_q by group, (queries, columns):
  ///
  ///     dk/dx_j = 2 k' (x_j - x_ij) / l_j^2
  ///     d/dx_j (2 k' d_i / l_i) = (-4 k'' d_i d_j - 2 k' [i = j]) / (l_i l_j),   d = z_row - z
  ///
  /// The terms with x_j - x_ij of both kinds of rows are one product of matrices.
  ///
  /// - Parameter c: (rows, queries).
  func gradients(_ c: [Double]) -> [[Double]] {
    let (n, m, p) = (process.points.count, queries.count, process.derivatives.count)
    return process.points.layout.groups.enumerated().map { g, group in
      let width = group.columns
      let inverse = group.lengthscales.map { 1 / process.parameters.lengthscales[g][$0] }
      var product = block.slopes[g]
      for place in product.indices { product[place] *= c[p * m + place] }
      var own = [Double](repeating: 0, count: m * width)
      addDerivatives(g, c, &product, &own)
      let pull = DenseProduct.of(
        product, aTransposed: true, process.scaled.columns[g], m: m, n: width, k: n)
      var totals = [Double](repeating: 0, count: m)
      for i in 0..<n { for q in 0..<m { totals[q] += product[i * m + q] } }
      var gradient = pull
      for q in 0..<m {
        for j in 0..<width {
          let place = q * width + j
          gradient[place] =
            2 * inverse[j] * (queries.columns[g][place] * totals[q] - pull[place] - own[place])
        }
      }
      return gradient
    }
  }

  private func addDerivatives(
    _ g: Int, _ c: [Double], _ product: inout [Double], _ own: inout [Double]
  ) {
    guard let inverses = slopes?.inverses else { return }
    let (m, width) = (queries.count, queries.widths[g])
    var curvatures: [Int: MaternCurvature] = [:]
    for (r, row) in process.derivatives.rows.enumerated() where row.group == g {
      let curvature =
        curvatures[row.point]
        ?? MaternCurvature(g, at: row.point, of: process.scaled, with: queries, process.parameters)
      curvatures[row.point] = curvature
      let place = process.scaled.columns[g][row.point * width + row.column]
      for q in 0..<m {
        let factor = c[r * m + q] * inverses[r]
        let difference = place - queries.columns[g][q * width + row.column]
        product[row.point * m + q] += 2 * factor * curvature.second[q] * difference
        own[q * width + row.column] += factor * block.slopes[g][row.point * m + q]
      }
    }
  }
}
