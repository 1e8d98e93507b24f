public import OuterloopNumerics

/// The matrix product of the last two axes; leading axes broadcast. A vector on either side is a
/// row or column matrix whose extra axis is dropped from the result.
///
/// a: (..., m, k), b: (..., k, n) -> (..., m, n). Cost: 2 m k n flops per matrix.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
) -> Tensor {
  guard a.rank > 0, b.rank > 0 else {
    return Tensor(
      invalid: "matmul of \(a.type) and \(b.type): matrices or vectors are needed", operands: a, b)
  }
  if a.rank == 1 || b.rank == 1 {
    // A vector is a row on the left and a column on the right.
    let product = matmul(
      a.rank == 1 ? a.expanded(at: 0) : a, b.rank == 1 ? b.expanded(at: 1) : b,
      transposeA: transposeA && a.rank > 1, transposeB: transposeB && b.rank > 1)
    guard product.error == nil else { return product }
    var shape = product.shape
    if b.rank == 1 { shape.removeLast() }
    if a.rank == 1 { shape.remove(at: b.rank == 1 ? shape.count - 1 : shape.count - 2) }
    return product.reshaped(shape)
  }
  let operation = Operation.product(
    MatrixProduct(transposeA: transposeA, transposeB: transposeB))
  if a.rank == b.rank, a.shape.dropLast(2) == b.shape.dropLast(2) {
    return Tensor.apply(operation, [a, b])
  }
  if b.rank == 2, !transposeA {
    // A stack of left matrices against one right matrix is one tall product.
    let rows = TensorType(a.shape.dropLast()).count
    let tall = a.reshaped([rows, a.shape[a.rank - 1]])
    let product = Tensor.apply(operation, [tall, b])
    return product.error == nil
      ? product.reshaped(a.shape.dropLast() + [product.shape[1]]) : product
  }
  guard
    let leading = Tensor.broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
  else {
    return Tensor(
      invalid: "matmul of \(a.type) and \(b.type): leading axes do not fit", operands: a, b)
  }
  return Tensor.apply(
    operation,
    [
      a.broadcast(to: leading + a.shape.suffix(2)), b.broadcast(to: leading + b.shape.suffix(2)),
    ])
}

/// Lower Cholesky factor of symmetric positive definite matrices (..., n, n); only the lower
/// triangle is read, and a matrix that is not positive definite gives NaN. Cost: n^3 / 3 flops.
public func cholesky(_ a: Tensor) -> Tensor { Tensor.apply(.cholesky(Cholesky()), [a]) }

/// X with L X = B (or L^T X = B), L lower triangular. l: (..., n, n), b: (..., n, m).
public func triangularSolve(_ l: Tensor, _ b: Tensor, transposed: Bool = false) -> Tensor {
  Tensor.apply(.triangularSolve(TriangularSolve(transposed: transposed)), [l, b])
}

/// log det of symmetric positive definite matrices, by their Cholesky factor. Cost: n^3 / 3 flops.
public func logDeterminant(_ a: Tensor) -> Tensor {
  let factor = cholesky(a)
  guard factor.error == nil else { return factor }
  return 2 * log(diagonal(factor)).sum(axes: [factor.rank - 2])
}

/// The diagonals of matrices: (..., n, n) -> (..., n).
public func diagonal(_ a: Tensor) -> Tensor {
  guard a.rank >= 2, a.shape[a.rank - 1] == a.shape[a.rank - 2] else {
    return Tensor(invalid: "diagonal of \(a.type): square matrices are needed", operands: a)
  }
  let row = Tensor.iota(a.shape, axis: a.rank - 2, dtype: a.dtype)
  let column = Tensor.iota(a.shape, axis: a.rank - 1, dtype: a.dtype)
  return select(row.equals(column), a, Tensor.zeros(like: a)).sum(axes: [a.rank - 1])
}
