internal import OuterloopPlatform

/// Covariances of derivative rows with values at points, (rows, columns) by rows. With z = x/l, d = z - z'
/// and primes for derivatives with respect to r^2 = |d|^2 (Rasmussen & Williams 2006, section 9.4):
///
///     cov(df/dx_i, f') = 2 k'_g d_i / l_i,   g the group of column i
///
/// - Complexity: O(rows x columns) time and memory.
struct DerivativeBlock {
  let derivatives: DerivativeRows
  let columns: Int
  let total: [Double]
  /// By row 1/l_i.
  let inverses: [Double]

  /// - Parameter block: covariances of the points that have the derivatives, `a`, with `b`, and their slopes.
  init(
    _ derivatives: DerivativeRows, _ a: ScaledPoints, _ b: ScaledPoints, _ block: CovarianceBlock,
    _ points: KernelPoints, _ parameters: KernelParameters
  ) {
    self.derivatives = derivatives
    let m = b.count
    columns = m
    inverses = derivatives.rows.map { row in
      let group = points.layout.groups[row.group]
      return 1 / parameters.lengthscales[row.group][group.lengthscales[row.column]]
    }
    var total = [Double](repeating: 0, count: derivatives.count * m)
    for (r, row) in derivatives.rows.enumerated() {
      let width = a.widths[row.group]
      let place = a.columns[row.group][row.point * width + row.column]
      let (slopes, others) = (block.slopes[row.group], b.columns[row.group])
      let factor = 2 * inverses[r]
      let first = row.point * m
      for q in 0..<m {
        total[r * m + q] =
          factor * slopes[first + q] * (place - others[q * width + row.column])
      }
    }
    self.total = total
  }
}

/// Higher derivatives of s_g k_g with respect to r^2 between one point and all points of a set:
///
///     k'' = (25/12) s e^-a,   k''' = -(5/(2a)) k'',   a = sqrt(5 r^2)
///
/// At a = 0, where k''' is infinite, 0 is used: it occurs only multiplied by r^2.
///
/// - Complexity: O(points x width).
struct MaternCurvature {
  let second: [Double]
  let third: [Double]

  init(
    _ group: Int, at point: Int, of a: ScaledPoints, with b: ScaledPoints,
    _ parameters: KernelParameters
  ) {
    let width = a.widths[group]
    let scale = parameters.scales.count > 1 ? parameters.scales[group] : 1
    let (left, right, active) = (a.columns[group], b.columns[group], b.activity[group])
    var second = [Double](repeating: 0, count: b.count)
    var third = second
    for q in 0..<b.count where active.isEmpty || active[q] != 0 {
      var square = 0.0
      for c in 0..<width {
        let difference = left[point * width + c] - right[q * width + c]
        square += difference * difference
      }
      let a = (5 * square).squareRoot()
      second[q] = 25.0 / 12 * scale * exp(-a)
      third[q] = a > 0 ? -2.5 / a * second[q] : 0
    }
    (self.second, self.third) = (second, third)
  }
}
