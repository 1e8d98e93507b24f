internal import COuterloopKernels

/// Matern-5/2 covariances of unit variance (Rasmussen & Williams 2006, eq. 4.17), with SIMD:
///
///     k = (1 + a + a^2/3) exp(-a),   a = sqrt(5 r^2)
package enum MaternKernel {
  /// Replaces dot products by covariances.
  ///
  /// - Parameters:
  ///   - k: (rows, columns): x_i'y_j in, k at r^2 = |x_i - y_j|^2 out.
  ///   - rows: |x_i|^2.
  ///   - columns: |y_j|^2.
  ///   - slope: dk/d(r^2) = -5/6 (1 + a) exp(-a), finite at 0; left alone if it is empty.
  /// - Complexity: O(rows x columns) time, no memory.
  package static func apply(
    _ k: inout [Double], rows: [Double], columns: [Double], slope: inout [Double]
  ) {
    let count = rows.count * columns.count
    precondition(k.count == count && (slope.isEmpty || slope.count == count))
    slope.withUnsafeMutableBufferPointer { slope in
      ol_matern52(
        Int64(rows.count), Int64(columns.count), rows, columns, &k,
        slope.isEmpty ? nil : slope.baseAddress)
    }
  }
}
