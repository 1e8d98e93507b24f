internal import OuterloopNumerics

/// The covariance of derivative rows and outputs, in this order, with their noise on the diagonal:
///
///     cov(f, f') = k                                    cov(df/dx_i, f') = 2 k' d_i / l_i
///     cov(df/dx_i, df'/dx'_j) = (-2 k' [i = j] - 4 k'' d_i d_j) / (l_i l_j)
///
/// with z = x/l, d = z - z' and primes for derivatives with respect to r^2 = |d|^2. Rows along columns of
/// different groups are uncorrelated, as the kernel is a sum over groups. k is smooth enough at d = 0: there
/// -2 k' is 5/3 of the variance.
///
/// Without derivative rows it is the covariance of the outputs, at no extra cost.
///
/// - Complexity: O((n + p)^2) in addition to that of the outputs, for n points and p derivative
///   rows.
struct JointCovariance {
  let points: KernelPoints
  let parameters: KernelParameters
  let scaled: ScaledPoints
  let derivatives: DerivativeRows
  private let block: CovarianceBlock
  private let slopes: DerivativeBlock?
  /// By derivative row, the same for those of one group at one point.
  private let curvatures: [MaternCurvature]
  private let curvatureOf: [Int]
  /// (count, count) by rows, of which only the lower triangle is defined.
  private(set) var matrix: [Double]

  /// Outputs and derivative rows.
  var count: Int { points.count + derivatives.count }

  /// - Parameter forGradient: whether `evidenceGradient` will be called.
  init(
    _ points: KernelPoints, _ derivatives: DerivativeRows, _ parameters: KernelParameters,
    forGradient: Bool
  ) {
    precondition(derivatives.belong(to: points))
    (self.points, self.parameters, self.derivatives) = (points, parameters, derivatives)
    let scaled = ScaledPoints(points, parameters)
    self.scaled = scaled
    let (n, p) = (points.count, derivatives.count)
    let block = CovarianceBlock(
      scaled, scaled, parameters, slopes: forGradient || p > 0, parts: forGradient)
    self.block = block
    guard p > 0 else {
      var matrix = block.total
      for i in 0..<n { matrix[i * n + i] += parameters.noise }
      (slopes, curvatures, curvatureOf, self.matrix) = (nil, [], [], matrix)
      return
    }
    let slopes = DerivativeBlock(derivatives, scaled, scaled, block, points, parameters)
    self.slopes = slopes
    var curvatures: [MaternCurvature] = []
    var known: [[Int]: Int] = [:]
    curvatureOf = derivatives.rows.map { row in
      let key = [row.group, row.point]
      if let place = known[key] { return place }
      known[key] = curvatures.count
      curvatures.append(
        MaternCurvature(row.group, at: row.point, of: scaled, with: scaled, parameters))
      return curvatures.count - 1
    }
    self.curvatures = curvatures
    let total = n + p
    var matrix = [Double](repeating: 0, count: total * total)
    for i in 0..<n {
      for r in 0..<p { matrix[(p + i) * total + r] = slopes.total[r * n + i] }
      for j in 0..<n { matrix[(p + i) * total + p + j] = block.total[i * n + j] }
      matrix[(p + i) * total + p + i] += parameters.noise
    }
    self.matrix = []
    pairs { r, s, pair in
      matrix[r * total + s] =
        (-2 * pair.slope * pair.same - 4 * pair.second * pair.left * pair.right) * pair.factor
    }
    for r in 0..<p { matrix[r * total + r] += parameters.gradientNoise ?? 0 }
    self.matrix = matrix
  }

  /// The terms of the covariance of two derivative rows.
  private struct Pair {
    /// d_i and d_j, with i the column of the first row and j that of the second.
    var left: Double
    var right: Double
    /// [i = j].
    var same: Double
    /// 1/(l_i l_j).
    var factor: Double
    /// k', k'' and k''' with respect to r^2.
    var slope: Double
    var second: Double
    var third: Double
  }

  /// All pairs of derivative rows along columns of one group.
  private func pairs(_ body: (Int, Int, Pair) -> Void) {
    let n = points.count
    guard let inverses = slopes?.inverses else { return }
    for (r, first) in derivatives.rows.enumerated() {
      let (p, i, width) = (first.point, first.column, scaled.widths[first.group])
      let places = scaled.columns[first.group]
      let slopes = block.slopes[first.group]
      let curvature = curvatures[curvatureOf[r]]
      for (s, second) in derivatives.rows.enumerated() where second.group == first.group {
        let (q, j) = (second.point, second.column)
        body(
          r, s,
          Pair(
            left: places[p * width + i] - places[q * width + i],
            right: places[p * width + j] - places[q * width + j], same: i == j ? 1 : 0,
            factor: inverses[r] * inverses[s], slope: slopes[p * n + q],
            second: curvature.second[q], third: curvature.third[q]))
      }
    }
  }

  /// tr(W dK/dtheta)/2 with respect to the logarithms of the parameters, in order, for a symmetric
  /// W of (count, count).
  ///
  /// Length-scales: everything that depends on r^2 is (d_c)^2 times a coefficient of the two points. These
  /// coefficients form a matrix G; with x divided by the length-scales,
  ///
  ///     -sum_ii' G_ii' (x_ic - x_i'c)^2 = -2 (sum_i (G 1)_i x_ic^2 - sum_i x_ic (G X)_ic)
  ///
  /// is the derivative with respect to log l_c. The d_i and 1/l_i of derivative rows add further
  /// terms.
  func evidenceGradient(_ w: [Double]) -> [Double] {
    let (n, p, total) = (points.count, derivatives.count, count)
    var outputs = w
    if p > 0 {
      outputs = (0..<n).flatMap { w[((p + $0) * total + p)..<((p + $0 + 1) * total)] }
    }
    var products = block.slopes.map { Self.products($0, outputs) }
    var own = points.layout.groups.map { [Double](repeating: 0, count: $0.lengthscaleCount) }
    if p > 0 { addDerivatives(w, &products, &own) }
    var gradient: [Double] = []
    for (g, group) in points.layout.groups.enumerated() {
      let spread = lengthscaleGradient(group, scaled.columns[g], products[g])
      gradient += zip(own[g], spread).map { $0 + $1 }
    }
    if block.parts.count > 1 {
      for g in block.parts.indices {
        gradient.append(0.5 * (dot(outputs, block.parts[g]) + derivativePart(g, w)))
      }
    }
    let noise = (p..<total).reduce(0) { $0 + w[$1 * total + $1] }
    gradient.append(0.5 * parameters.noise * noise)
    if let gradientNoise = parameters.gradientNoise {
      let trace = (0..<p).reduce(0) { $0 + w[$1 * total + $1] }
      gradient.append(0.5 * gradientNoise * trace)
    }
    return gradient
  }

  private func lengthscaleGradient(
    _ group: KernelLayout.Group, _ x: [Double], _ product: [Double]
  ) -> [Double] {
    let (n, width) = (points.count, group.columns)
    // With a column of ones, so that the product has the sums of the rows too.
    var columns: [Double] = []
    columns.reserveCapacity(n * (width + 1))
    for i in 0..<n { columns += x[i * width..<(i + 1) * width] + [1] }
    let spread = DenseProduct.of(product, columns, m: n, n: width + 1, k: n)
    var gradient = [Double](repeating: 0, count: group.lengthscaleCount)
    for i in 0..<n {
      let row = i * (width + 1)
      for c in 0..<width {
        let value = x[i * width + c]
        let pull = spread[row + width] * value - spread[row + c]
        gradient[group.lengthscales[c]] -= 2 * value * pull
      }
    }
    return gradient
  }

  /// Element by element.
  private static func products(_ a: [Double], _ b: [Double]) -> [Double] {
    [Double](unsafeUninitializedCapacity: a.count) { result, filled in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for place in a.indices { result[place] = a[place] * b[place] }
        }
      }
      filled = a.count
    }
  }

  /// With respect to log l_c, with w the element of W and each pair of rows counted twice:
  ///
  ///     2 k' d_i/l_i:                    w (-4 k'' d_i (d_c)^2 - 4 k' d_i [c = i]) / l_i
  ///     (-2 k' [i=j] - 4 k'' d_i d_j) / (l_i l_j):
  ///       w (2 (k'' [i=j] + 2 k''' d_i d_j) (d_c)^2 + (2 k' [i=j] + 8 k'' d_i d_j) [c = i]) / (l_i l_j)
  private func addDerivatives(_ w: [Double], _ products: inout [[Double]], _ own: inout [[Double]])
  {
    let (n, p, total) = (points.count, derivatives.count, count)
    guard let inverses = slopes?.inverses else { return }
    for (r, row) in derivatives.rows.enumerated() {
      let (g, width) = (row.group, scaled.widths[row.group])
      let places = scaled.columns[g]
      let slopes = block.slopes[g]
      let curvature = curvatures[curvatureOf[r]]
      let place = places[row.point * width + row.column]
      var sum = 0.0
      for q in 0..<n {
        let factor = w[r * total + p + q] * inverses[r] * (place - places[q * width + row.column])
        let share = 2 * factor * curvature.second[q]
        products[g][row.point * n + q] += share
        products[g][q * n + row.point] += share
        sum -= 4 * factor * slopes[row.point * n + q]
      }
      own[g][points.layout.groups[g].lengthscales[row.column]] += sum
    }
    pairs { r, s, pair in
      let (first, second) = (derivatives.rows[r], derivatives.rows[s])
      let factor = w[r * total + s] * pair.factor
      let both = pair.left * pair.right
      products[first.group][first.point * n + second.point] -=
        2 * factor * (pair.second * pair.same + 2 * pair.third * both)
      own[first.group][points.layout.groups[first.group].lengthscales[first.column]] +=
        factor * (2 * pair.slope * pair.same + 8 * pair.second * both)
    }
  }

  /// The sum of W times the contribution of derivative rows to the covariance of group g.
  private func derivativePart(_ g: Int, _ w: [Double]) -> Double {
    let (n, p, total) = (points.count, derivatives.count, count)
    var sum = 0.0
    for (r, row) in derivatives.rows.enumerated() where row.group == g {
      for q in 0..<n { sum += 2 * w[r * total + p + q] * (slopes?.total[r * n + q] ?? 0) }
      for (s, other) in derivatives.rows.enumerated() where other.group == g {
        var element = matrix[max(r, s) * total + min(r, s)]
        if r == s { element -= parameters.gradientNoise ?? 0 }
        sum += w[r * total + s] * element
      }
    }
    return sum
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for place in a.indices { sum += a[place] * b[place] }
    return sum
  }
}
