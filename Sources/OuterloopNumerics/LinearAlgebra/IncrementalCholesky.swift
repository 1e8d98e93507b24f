internal import OuterloopPlatform

/// The Cholesky factor `A = L L'` of a symmetric positive definite matrix that grows by rows.
///
/// A new row a with diagonal d adds the row l with L l = a and the diagonal sqrt(d - l'l).
///
/// Time: n^3 / 3 to create it, n^2 to add a row; a solve n^2 for each right-hand side. Memory: n^2.
package struct IncrementalCholesky: Sendable {
  private let blas: BLAS
  package private(set) var count: Int
  /// L by rows, `stride` apart; elements above the diagonal are undefined.
  private var factor: [Double]
  private var stride: Int
  /// What was added to the diagonal so that a factor exists.
  package let jitter: Double

  /// - Parameters:
  ///   - matrix: (count, count) by rows, of which the lower triangle is read.
  ///   - jitters: candidates for what is added to the diagonal, tried in this order.
  /// - Returns: nil if the matrix is not positive definite to rounding with any of them, or is not
  ///   finite.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package init?(
    _ matrix: [Double], count: Int, jitters: [Double] = [0], roomFor room: Int = 0
  ) throws {
    precondition(matrix.count >= count * count && room >= 0)
    blas = try BLAS.load()
    self.count = count
    stride = count + room
    for jitter in jitters {
      var factor = matrix
      if jitter > 0 {
        for place in 0..<count { factor[place * count + place] += jitter }
      }
      var n = Int32(count)
      var lead = max(n, 1)
      var info: Int32 = 0
      let blas = self.blas
      // Row-major lower is column-major upper.
      factor.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress, n > 0 { blas.dpotrf("U", &n, base, &lead, &info) }
      }
      let isFinite = (0..<count).allSatisfy { factor[$0 * count + $0].isFinite }
      guard info == 0, isFinite else { continue }
      self.factor = factor
      self.jitter = jitter
      if room > 0 { widen(from: count) }
      return
    }
    return nil
  }

  private mutating func widen(from old: Int) {
    var wide = [Double](repeating: 0, count: stride * stride)
    for row in 0..<count {
      for column in 0...row { wide[row * stride + column] = factor[row * old + column] }
    }
    factor = wide
  }

  /// Adds a row and column to the matrix.
  /// - Returns: false, having done nothing, if it is not positive definite then.
  package mutating func append(_ row: [Double], diagonal: Double) -> Bool {
    precondition(row.count == count)
    var new = row
    solveLower(&new, columns: 1)
    let pivot = diagonal + jitter - new.reduce(0) { $0 + $1 * $1 }
    guard pivot > 0, pivot.isFinite else { return false }
    if count == stride {
      let old = stride
      stride = 2 * stride + 8
      widen(from: old)
    }
    factor.replaceSubrange(count * stride..<count * stride + count, with: new)
    factor[count * stride + count] = pivot.squareRoot()
    count += 1
    return true
  }

  /// L_ij for j <= i.
  package subscript(row: Int, column: Int) -> Double { factor[row * stride + column] }

  /// log det A.
  package var logDeterminant: Double {
    2 * (0..<count).reduce(0) { $0 + log(factor[$1 * stride + $1]) }
  }

  /// B becomes L^-1 B; (count, columns) by rows.
  package func solveLower(_ b: inout [Double], columns: Int) { solve(&b, columns, transposed: 111) }

  /// B becomes L'^-1 B.
  package func solveUpper(_ b: inout [Double], columns: Int) { solve(&b, columns, transposed: 112) }

  private func solve(_ b: inout [Double], _ columns: Int, transposed: Int32) {
    precondition(b.count == count * columns)
    guard count * columns > 0 else { return }
    // Row-major, left side, lower, diagonal as stored.
    blas.dtrsm(
      101, 141, 122, transposed, 131, Int32(count), Int32(columns), 1, factor, Int32(stride), &b,
      Int32(columns))
  }

  /// A^-1 b.
  package func solve(_ b: [Double]) -> [Double] {
    var x = b
    solveLower(&x, columns: 1)
    solveUpper(&x, columns: 1)
    return x
  }

  /// L^-1, (count, count), with zeros above the diagonal. n^3 / 3 time.
  func lowerInverse() -> [Double] {
    var result = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      result.replaceSubrange(
        row * count..<row * count + row + 1, with: factor[row * stride..<row * stride + row + 1])
    }
    result.withMutablePart(lead: count) { TriangularInverse.invert($0, count, blas) }
    return result
  }

  /// A^-1, (count, count). 2 n^3 / 3 time.
  package func inverse() -> [Double] {
    var result = lowerInverse()
    guard count > 0 else { return result }
    var (order, lead, info) = (Int32(count), Int32(count), Int32(0))
    // Row-major lower is column-major upper: A^-1 = L'^-1 L^-1.
    blas.dlauum("U", &order, &result, &lead, &info)
    let n = count
    result.withUnsafeMutableBufferPointer { a in
      for first in Swift.stride(from: 0, to: n, by: 32) {
        for row in first..<n {
          for column in first..<min(first + 32, row) { a[column * n + row] = a[row * n + column] }
        }
      }
    }
    return result
  }
}
