internal import OuterloopPlatform

/// All eigenvalues and eigenvectors of a small dense symmetric matrix, A = V diag(w) V'.
///
/// Householder reflections make A tridiagonal, T = Q' A Q; implicit QR steps with Wilkinson's shift make
/// T diagonal, their rotations gathered in Q (Golub and Van Loan, Matrix Computations, 4th ed., algorithms
/// 8.3.1 and 8.3.3). Errors are a few roundings of the largest eigenvalue. Plain loops without LAPACK: the
/// same bits on every machine with the same arithmetic, and no call into a library for matrices of ten rows.
///
/// - Complexity: about 9 n^3 operations; n^2 numbers of memory.
package struct SymmetricEigen: Sendable {
  package let count: Int
  /// In ascending order.
  package let values: [Double]
  /// Eigenvector i is row i: `vectors[i * count..<(i + 1) * count]`, of length one.
  package let vectors: [Double]

  /// Nil for a matrix that is not finite, and if the steps do not converge.
  ///
  /// - Parameter elements: `count` x `count`, of which the lower triangle is read.
  package init?(_ elements: [Double], count: Int) {
    precondition(elements.count == count * count, "a square matrix")
    guard elements.allSatisfy(\.isFinite) else { return nil }
    self.count = count
    var (diagonal, off, rows) = Self.tridiagonal(elements, count)
    guard Self.diagonalize(&diagonal, &off, &rows, count) else { return nil }
    let order = (0..<count).sorted { (diagonal[$0], $0) < (diagonal[$1], $1) }
    values = order.map { diagonal[$0] }
    vectors = order.flatMap { rows[$0 * count..<($0 + 1) * count] }
  }

  /// T's diagonal and off-diagonal, and Q transposed.
  ///
  /// In step k the part x of column k below the diagonal is reflected to (alpha, 0, ...):
  ///
  ///     v = x - alpha e_1,  H = 1 - beta v v',  beta = 2 / v'v,  A <- H A H = A - v q' - q v',
  ///     p = beta A v,  q = p - (beta / 2) (p'v) v
  private static func tridiagonal(
    _ elements: [Double], _ n: Int
  ) -> (diagonal: [Double], off: [Double], rows: [Double]) {
    var a = elements
    var diagonal = [Double](repeating: 0, count: n)
    var off = [Double](repeating: 0, count: max(n - 1, 0))
    var reflections: [(first: Int, v: [Double], beta: Double)] = []
    for k in 0..<max(n - 1, 0) {
      let first = k + 1
      var v = (first..<n).map { a[$0 * n + k] }
      diagonal[k] = a[k * n + k]
      let rest = v.dropFirst().reduce(0) { $0 + $1 * $1 }
      let norm = (v[0] * v[0] + rest).squareRoot()
      guard rest > 0, norm > 0 else {
        off[k] = v[0]
        continue
      }
      let alpha = v[0] > 0 ? -norm : norm
      v[0] -= alpha
      let beta = 2 / (v[0] * v[0] + rest)
      off[k] = alpha
      let m = n - first
      var q = [Double](repeating: 0, count: m)
      for i in 0..<m {
        let row = (first + i) * n + first
        for j in 0...i { q[i] += a[row + j] * v[j] }
        for j in 0..<i { q[j] += a[row + j] * v[i] }
      }
      var inner = 0.0
      for i in 0..<m {
        q[i] *= beta
        inner += q[i] * v[i]
      }
      for i in 0..<m { q[i] -= 0.5 * beta * inner * v[i] }
      for i in 0..<m {
        let row = (first + i) * n + first
        for j in 0...i { a[row + j] -= v[i] * q[j] + q[i] * v[j] }
      }
      reflections.append((first, v, beta))
    }
    if n > 0 { diagonal[n - 1] = a[n * n - 1] }
    return (diagonal, off, accumulated(reflections, n))
  }

  /// Q' = ... H_2 H_1, from the last reflection to the first, so that each is applied only to the
  /// part that differs from the identity.
  private static func accumulated(
    _ reflections: [(first: Int, v: [Double], beta: Double)], _ n: Int
  ) -> [Double] {
    var rows = [Double](repeating: 0, count: n * n)
    for i in 0..<n { rows[i * n + i] = 1 }
    for (first, v, beta) in reflections.reversed() {
      for i in first..<n {
        let row = i * n + first
        var product = 0.0
        for j in v.indices { product += rows[row + j] * v[j] }
        product *= beta
        for j in v.indices { rows[row + j] -= product * v[j] }
      }
    }
    return rows
  }

  /// QR steps on the last block that is not diagonal, until all are.
  private static func diagonalize(
    _ d: inout [Double], _ e: inout [Double], _ rows: inout [Double], _ n: Int
  ) -> Bool {
    var last = n - 1
    var steps = 0
    while last > 0 {
      func isNegligible(_ k: Int) -> Bool { abs(e[k]) <= 0x1p-53 * (abs(d[k]) + abs(d[k + 1])) }
      if isNegligible(last - 1) {
        last -= 1
        continue
      }
      var first = last - 1
      while first > 0, !isNegligible(first - 1) { first -= 1 }
      steps += 1
      if steps > 60 * n { return false }
      step(&d, &e, &rows, n, first, last)
    }
    return true
  }

  /// One implicit QR step on rows `first...last`: the first rotation of T - mu, and those that chase
  /// the bulge outside the tridiagonal down to the end.
  private static func step(
    _ d: inout [Double], _ e: inout [Double], _ rows: inout [Double], _ n: Int, _ first: Int,
    _ last: Int
  ) {
    let tail = e[last - 1]
    let half = (d[last - 1] - d[last]) / 2
    let root = hypot(half, tail)
    let shift = d[last] - tail * (tail / (half + (half < 0 ? -root : root)))
    var (x, z) = (d[first] - shift, e[first])
    for k in first..<last {
      let r = hypot(x, z)
      let (c, s) = r > 0 ? (x / r, z / r) : (1, 0)
      if k > first { e[k - 1] = r }
      let (upper, lower, off) = (d[k], d[k + 1], e[k])
      d[k] = c * c * upper + 2 * c * s * off + s * s * lower
      d[k + 1] = s * s * upper - 2 * c * s * off + c * c * lower
      e[k] = c * s * (lower - upper) + (c * c - s * s) * off
      if k + 1 < last {
        z = s * e[k + 1]
        e[k + 1] *= c
        x = e[k]
      }
      rows.withUnsafeMutableBufferPointer { rows in
        for j in 0..<n {
          let (a, b) = (rows[k * n + j], rows[(k + 1) * n + j])
          rows[k * n + j] = c * a + s * b
          rows[(k + 1) * n + j] = c * b - s * a
        }
      }
    }
  }
}
