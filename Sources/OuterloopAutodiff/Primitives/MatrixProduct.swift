package import OuterloopNumerics

/// op(a) op(b) for matrices in the last two axes, one per leading (batch) index.
///
/// a: (..., m, k), or (..., k, m) if transposed; b: (..., k, n) or (..., n, k); the leading axes are
/// equal. Bilinear. Cost: 2 m k n flops per matrix.
package struct MatrixProduct: Primitive {
  package var transposeA = false
  package var transposeB = false
  /// Adds a third operand of the result's type: op(a) op(b) + c. Created by the planner only, after
  /// all differentiation.
  var accumulates = false
  package var label: String {
    "product\(transposeA ? " a^T" : "")\(transposeB ? " b^T" : "")\(accumulates ? " + c" : "")"
  }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let (a, b) = (operands[0], operands[1])
    guard a.dtype == b.dtype else {
      throw TensorError("product mixes \(a) and \(b)", remedy: "cast one")
    }
    guard a.dtype.isFloating, a.rank >= 2, a.rank == b.rank,
      a.shape.dropLast(2) == b.shape.dropLast(2)
    else {
      throw TensorError(
        "product of \(a) and \(b)", remedy: "matrices with equal leading axes needed")
    }
    let (aRows, aColumns) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let (bRows, bColumns) = (b.shape[b.rank - 2], b.shape[b.rank - 1])
    guard (transposeA ? aRows : aColumns) == (transposeB ? bColumns : bRows) else {
      throw TensorError("product of \(a) and \(b): the inner sizes differ (\(label))")
    }
    let result = TensorType(
      a.shape.dropLast(2) + [transposeA ? aColumns : aRows, transposeB ? bRows : bColumns],
      a.dtype)
    guard !accumulates || operands[2] == result else {
      throw TensorError("product of \(a) and \(b) added to \(operands[2])")
    }
    return result
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    let first = dx[0].map { Tensor.apply(.product(self), [$0, x[1]]) }
    let second = dx[1].map { Tensor.apply(.product(self), [x[0], $0]) }
    if let first, let second { return first + second }
    return first ?? second
  }

  /// For y = A B: dA = dy B^T, dB = A^T dy; stored transposed, dA^T = B dy^T and dB^T = dy^T A.
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    func product(_ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool) -> Tensor {
      let operation = MatrixProduct(transposeA: transposeA, transposeB: transposeB)
      return Tensor.apply(.product(operation), [a, b])
    }
    if linear[0] {
      return [
        transposeA
          ? product(x[1], transposeB, ct, true) : product(ct, false, x[1], !transposeB), nil,
      ]
    }
    return [
      nil,
      transposeB
        ? product(ct, true, x[0], transposeA) : product(x[0], !transposeA, ct, false),
    ]
  }

  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    // A stack of left matrices against one right matrix is one tall product.
    if batched[0], !batched[1], !transposeA, x[0].rank == 3 {
      let a = x[0]
      let tall = a.reshaped([a.shape[0] * a.shape[1], a.shape[2]])
      let product = Tensor.apply(.product(self), [tall, x[1]])
      return product.reshaped([size, a.shape[1], product.shape[1]])
    }
    return Tensor.apply(.product(self), aligned(x, batched: batched, size: size))
  }
}
