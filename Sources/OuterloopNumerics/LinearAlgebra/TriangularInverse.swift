/// The inverse L^-1 of a Cholesky factor that grows by rows, for many solves with the same factor: a product is
/// faster than a triangular solve, whose steps depend on one another, especially with few right-hand sides.
///
/// A new row l of L with the diagonal d adds the row `(-l' L^-1, 1) / d`.
///
/// - Accuracy: the error of a product is that of a solve times at most the condition of L, which is the square
///   root of the matrix's.
///
/// Time: n^3 / 3 to create it, n^2 to add a row, little more than n^2 / 2 multiply-adds for each right-hand
/// side. Memory: n^2.
package struct TriangularInverse: Sendable {
  package private(set) var count: Int
  /// L^-1 by rows, `stride` apart, with zeros above the diagonal.
  private var rows: [Double]
  private var stride: Int

  /// Rows in a product; columns that are zero in all of them are skipped.
  private static let block = 96

  package init(_ factor: IncrementalCholesky) {
    count = factor.count
    (rows, stride) = (factor.lowerInverse(), factor.count)
  }

  /// Adds the last row of the factor, whose other rows have been added before.
  package mutating func append(lastOf factor: IncrementalCholesky) {
    precondition(factor.count == count + 1)
    let pivot = factor[count, count]
    let row = (0..<count).map { factor[count, $0] }
    let new = transposedProduct(row, columns: 1).map { -$0 / pivot } + [1 / pivot]
    if count == stride { widen() }
    rows.replaceSubrange(count * stride..<count * stride + count + 1, with: new)
    count += 1
  }

  private mutating func widen() {
    let wider = 2 * stride + 8
    var wide = [Double](repeating: 0, count: wider * wider)
    for row in 0..<count {
      wide.replaceSubrange(
        row * wider..<row * wider + count, with: rows[row * stride..<row * stride + count])
    }
    (rows, stride) = (wide, wider)
  }

  /// L^-1 B, for B of (count, columns) by rows.
  package func product(_ b: [Double], columns: Int) -> [Double] {
    product(b, columns, isTransposed: false)
  }

  /// L'^-1 B.
  package func transposedProduct(_ b: [Double], columns: Int) -> [Double] {
    product(b, columns, isTransposed: true)
  }

  private func product(_ b: [Double], _ columns: Int, isTransposed: Bool) -> [Double] {
    precondition(b.count == count * columns)
    return [Double](unsafeUninitializedCapacity: b.count) { result, filled in
      filled = b.count
      guard let first = result.baseAddress else { return }
      let result = DenseProduct.Part(first: first, lead: columns)
      rows.withPart(lead: stride) { rows in
        b.withPart(lead: columns) { b in
          for first in Swift.stride(from: 0, to: count, by: Self.block) {
            let last = min(first + Self.block, count)
            // Rows first..<last of L^-1 end at column `last`; the same columns begin in row `first`.
            let inner = isTransposed ? first..<count : 0..<last
            DenseProduct.apply(
              rows.from(first, isTransposed ? first : 0), aTransposed: isTransposed,
              b.from(inner.lowerBound, 0), m: last - first, n: columns, k: inner.count,
              into: result.from(first, 0))
          }
        }
      }
    }
  }

  /// Inverts a lower triangle of n rows over itself,
  ///
  ///     [ A 0 ]^-1   [  A^-1           0    ]
  ///     [ B C ]    = [ -C^-1 B A^-1    C^-1 ]
  ///
  /// down to small blocks, so that most of the work is products.
  static func invert(_ triangle: DenseProduct.Part, _ n: Int, _ blas: BLAS) {
    guard n > smallest else {
      var (count, lead, info) = (Int32(n), Int32(triangle.lead), Int32(0))
      // Row-major lower is column-major upper.
      blas.dtrtri("U", "N", &count, triangle.first, &lead, &info)
      return
    }
    let half = (n / 2 + 15) / 16 * 16
    let (corner, below) = (triangle.from(half, half), triangle.from(half, 0))
    invert(triangle, half, blas)
    invert(corner, n - half, blas)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: (n - half) * half) { room in
      guard let first = room.baseAddress else { return }
      let product = DenseProduct.Part(first: first, lead: half)
      DenseProduct.apply(below, triangle, m: n - half, n: half, k: half, into: product)
      DenseProduct.apply(
        corner, product, m: n - half, n: half, k: n - half, alpha: -1, into: below)
    }
  }

  private static let smallest = 48
}

extension [Double] {
  /// Calls `body` with the matrix with row stride `lead`, for reading.
  func withPart<Result>(lead: Int, _ body: (DenseProduct.Part) -> Result) -> Result? {
    withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map {
        body(DenseProduct.Part(first: UnsafeMutablePointer(mutating: $0), lead: lead))
      }
    }
  }

  /// The same, for modification.
  mutating func withMutablePart<Result>(
    lead: Int, _ body: (DenseProduct.Part) -> Result
  ) -> Result? {
    withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { body(DenseProduct.Part(first: $0, lead: lead)) }
    }
  }
}
