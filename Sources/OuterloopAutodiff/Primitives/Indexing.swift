package import OuterloopNumerics

/// Rows of x (r, ...) at int32 indices (n): (n, ...). Linear in x. An index outside 0..<r is an
/// error when the program runs.
package struct Gather: Primitive {
  package var label: String { "gather" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let (x, index) = (operands[0], operands[1])
    guard x.rank >= 1, index.rank == 1, index.dtype == .int32 else {
      throw TensorError(
        "gather of \(x) at \(index)", remedy: "rows and int32 indices of rank 1 are needed")
    }
    return TensorType(index.shape + x.shape.dropFirst(), x.dtype)
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.gather(self), [$0, x[1]]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [Tensor.apply(.scatterAdd(ScatterAdd(rows: x[0].shape[0])), [ct, x[1]]), nil]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    if batched[1], !batched[0] {
      // One table: look up all indices at once.
      let count = x[1].shape[1]
      let all = Tensor.apply(.gather(self), [x[0], x[1].reshaped([size * count])])
      return all.reshaped([size, count] + x[0].shape.dropFirst())
    }
    return batchByUnrolling(.gather(self), x, batched: batched, size: size)
  }
}

/// Rows of zeros (rows, ...) to which row i of x (n, ...) is added at index[i], in order of i.
package struct ScatterAdd: Primitive {
  package let rows: Int
  package var label: String { "scatterAdd \(rows)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let (x, index) = (operands[0], operands[1])
    guard x.rank >= 1, index == TensorType([x.shape[0]], .int32), x.dtype.isFloating else {
      throw TensorError("scatterAdd of \(x) at \(index)")
    }
    return TensorType([rows] + x.shape.dropFirst(), x.dtype)
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.scatterAdd(self), [$0, x[1]]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [Tensor.apply(.gather(Gather()), [ct, x[1]]), nil]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    batchByUnrolling(.scatterAdd(self), x, batched: batched, size: size)
  }
}

/// Rows (n, depth) with 1 at the int32 index and 0 elsewhere. No derivative.
package struct OneHot: Primitive {
  package let depth: Int
  package let dtype: DType
  package var label: String { "oneHot \(depth)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard operands[0].dtype == .int32, dtype.isFloating, depth > 0 else {
      throw TensorError(
        "oneHot of \(operands[0]) with depth \(depth)", remedy: "int32 indices are needed")
    }
    return TensorType(operands[0].shape + [depth], dtype)
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.oneHot(self), x)
  }
}
