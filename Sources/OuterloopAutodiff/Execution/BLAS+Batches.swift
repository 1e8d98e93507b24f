internal import OuterloopNumerics

// LAPACK's column-major routines on stacks of row-major matrices.
extension BLAS {
  /// Lower Cholesky factors of `batch` matrices; one that is not positive definite becomes NaN.
  func factor(
    _ dtype: DType, _ order: Int, _ batch: Int, _ from: UnsafeMutableRawPointer,
    _ to: UnsafeMutableRawPointer
  ) {
    func run<Scalar: BinaryFloatingPoint>(_: Scalar.Type, _ potrf: Potrf) {
      for index in 0..<batch {
        let offset = index * order * order
        let source = from.assumingMemoryBound(to: Scalar.self) + offset
        let target = to.assumingMemoryBound(to: Scalar.self) + offset
        for row in 0..<order {
          for column in 0..<order {
            target[row * order + column] = column <= row ? source[row * order + column] : 0
          }
        }
        var info: Int32 = 0
        // Row-major lower is column-major upper.
        withUnsafePointer(to: Int32(order)) { n in
          withUnsafePointer(to: Int32(Swift.max(order, 1))) { stride in
            potrf("U", n, target, stride, &info)
          }
        }
        if info != 0 { target.update(repeating: .nan, count: order * order) }
      }
    }
    if dtype == .float32 { run(Float.self, spotrf) } else { run(Double.self, dpotrf) }
  }

  /// X with L X = B or L^T X = B, for stacks of lower triangular L and of B.
  func solve(
    _ dtype: DType, _ transposed: Bool, _ sizes: Instruction.Extents,
    _ matrix: UnsafeMutableRawPointer, _ from: UnsafeMutableRawPointer,
    _ to: UnsafeMutableRawPointer
  ) {
    let (batch, order, columns) = (Int(sizes.first), Int(sizes.second), Int(sizes.third))
    guard batch * order * columns > 0 else { return }
    // Row-major, left side, lower, (no) transpose, diagonal as stored.
    let (side, lower, transpose, diagonal): (Int32, Int32, Int32, Int32) = (
      141, 122, transposed ? 112 : 111, 131
    )
    let (m, n) = (Int32(order), Int32(columns))
    func each<Scalar>(
      _: Scalar.Type, _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
    ) {
      let target = to.assumingMemoryBound(to: Scalar.self)
      let source = from.assumingMemoryBound(to: Scalar.self)
      if target != source { target.update(from: source, count: batch * order * columns) }
      let factors = matrix.assumingMemoryBound(to: Scalar.self)
      for index in 0..<batch {
        body(factors + index * order * order, target + index * order * columns)
      }
    }
    if dtype == .float32 {
      each(Float.self) { strsm(101, side, lower, transpose, diagonal, m, n, 1, $0, m, $1, n) }
    } else {
      each(Double.self) { dtrsm(101, side, lower, transpose, diagonal, m, n, 1, $0, m, $1, n) }
    }
  }
}
