package import OuterloopNumerics

/// Lower Cholesky factor L of symmetric positive definite A (..., n, n): A = L L^T. Only the lower
/// triangle of A is read; a matrix that is not positive definite gives NaN. Cost: n^3 / 3 flops.
///
/// Tangent (Murray 2016, "Differentiation of the Cholesky decomposition", eq. 8):
///     dL = L Phi(L^-1 dA L^-T),   Phi = lower triangle with the diagonal halved.
/// It consists of linear operations, so its transpose needs no rule.
package struct Cholesky: Primitive {
  package var label: String { "cholesky" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    try squareMatrices(operands[0], "cholesky")
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    guard let dA = dx[0] else { return nil }
    // Only the lower triangle of dA counts: use its symmetric completion.
    let lower = dA.lowerTriangle(diagonal: 1)
    let symmetric = lower + dA.lowerTriangle(diagonal: 0).transposedMatrix()
    let left = triangularSolve(y, symmetric)
    let both = triangularSolve(y, left.transposedMatrix()).transposedMatrix()
    return matmul(y, both.lowerTriangle(diagonal: 0.5))
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.cholesky(self), x)
  }
}

/// X with L X = B, or L^T X = B: L (..., n, n) lower triangular, B (..., n, m). Only the lower
/// triangle of L is read. Linear in B. Cost: n^2 m flops.
///
/// Tangent: dX = L^-1 (dB - dL X), and for the transposed system dX = L^-T (dB - dL^T X).
package struct TriangularSolve: Primitive {
  package let transposed: Bool
  package var label: String { "triangularSolve\(transposed ? " L^T" : "")" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let matrix = try squareMatrices(operands[0], label)
    let b = operands[1]
    guard b.rank == matrix.rank, b.dtype == matrix.dtype,
      b.shape.dropLast() == matrix.shape.dropLast()
    else { throw TensorError("\(label) of \(matrix) and \(b)") }
    return b
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    var right = dx[1]
    if let dL = dx[0] {
      let lower = dL.lowerTriangle(diagonal: 1)
      let moved = matmul(lower, y, transposeA: transposed)
      right = right.map { $0 - moved } ?? -moved
    }
    return right.map { Tensor.apply(.triangularSolve(self), [x[0], $0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    let adjoint = TriangularSolve(transposed: !transposed)
    return [nil, Tensor.apply(.triangularSolve(adjoint), [x[0], ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.triangularSolve(self), aligned(x, batched: batched, size: size))
  }
}

private func squareMatrices(_ type: TensorType, _ name: String) throws(TensorError) -> TensorType {
  guard type.dtype.isFloating, type.rank >= 2,
    type.shape[type.rank - 1] == type.shape[type.rank - 2]
  else { throw TensorError("\(name) of \(type)", remedy: "square matrices are needed") }
  return type
}

extension Tensor {
  /// The lower triangle of matrices in the last two axes, its diagonal multiplied by a number.
  func lowerTriangle(diagonal: Double) -> Tensor {
    guard rank >= 2 else { return Tensor(invalid: "lower triangle of \(type)", operands: self) }
    let row = Tensor.iota(shape, axis: rank - 2, dtype: dtype)
    let column = Tensor.iota(shape, axis: rank - 1, dtype: dtype)
    return self * (row.isGreater(than: column) + row.equals(column) * diagonal)
  }
}
