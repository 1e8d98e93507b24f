package import OuterloopNumerics

// Primitives that move data without computing: all linear, each the transpose of another.

/// The operand's axis i becomes axis `axes[i]` of the result; other axes repeat it.
package struct Broadcast: Primitive {
  package let shape: [Int]
  package let axes: [Int]
  package var label: String { "broadcast \(axes)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    guard axes.count == x.rank, axes == axes.sorted(), Set(axes).count == axes.count,
      zip(axes, x.shape).allSatisfy({ $0 < shape.count && shape[$0] == $1 })
    else { throw TensorError("broadcast of \(x) to \(shape) along \(axes)") }
    return TensorType(shape, x.dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.broadcast(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [ct.sum(axes: (0..<shape.count).filter { !axes.contains($0) })]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(
      .broadcast(Broadcast(shape: [size] + shape, axes: [0] + axes.map { $0 + 1 })), x)
  }
}

/// The same elements in row-major order under another shape. Costs nothing at run time.
package struct Reshape: Primitive {
  package let shape: [Int]
  package var label: String { "reshape" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let result = TensorType(shape, operands[0].dtype)
    guard result.flaw == nil, result.count == operands[0].count else {
      throw TensorError("reshape of \(operands[0]) to \(shape): the element counts differ")
    }
    return result
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0]?.reshaped(shape)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [ct.reshaped(x[0].shape)]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    x[0].reshaped([size] + shape)
  }
}

/// Axis i of the result is axis `permutation[i]` of the operand.
package struct Transpose: Primitive {
  package let permutation: [Int]
  package var label: String { "transpose \(permutation)" }

  /// Whether only the last two axes are swapped: a matrix transpose, free inside a product.
  var swapsLastTwo: Bool {
    let rank = permutation.count
    guard rank >= 2 else { return false }
    return permutation == Array(0..<(rank - 2)) + [rank - 1, rank - 2]
  }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    guard permutation.sorted() == Array(0..<x.rank) else {
      throw TensorError("transpose of \(x): \(permutation) is not an order of its axes")
    }
    return TensorType(permutation.map { x.shape[$0] }, x.dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0]?.transposed(permutation)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    var inverse = permutation
    for (index, axis) in permutation.enumerated() { inverse[axis] = index }
    return [ct.transposed(inverse)]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    x[0].transposed([0] + permutation.map { $0 + 1 })
  }
}

/// Elements `start, start + stride, ... < limit` along each axis.
package struct Slice: Primitive {
  package let start, limit, stride: [Int]
  package var label: String { "slice \(start)..<\(limit) by \(stride)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    guard start.count == x.rank, limit.count == x.rank, stride.count == x.rank,
      (0..<x.rank).allSatisfy({
        start[$0] >= 0 && start[$0] <= limit[$0] && limit[$0] <= x.shape[$0] && stride[$0] > 0
      })
    else { throw TensorError("slice \(start)..<\(limit) by \(stride) of \(x) is outside it") }
    // Rounded up, without the sum that could overflow.
    return TensorType(
      (0..<x.rank).map { axis in
        let length = limit[axis] - start[axis]
        return length == 0 ? 0 : (length - 1) / stride[axis] + 1
      }, x.dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.slice(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    let high = (0..<ct.rank).map { axis in
      let length = ct.shape[axis]
      let reached = length == 0 ? start[axis] : start[axis] + (length - 1) * stride[axis] + 1
      return x[0].shape[axis] - reached
    }
    return [Tensor.apply(.pad(Pad(low: start, high: high, interior: stride.map { $0 - 1 })), [ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(
      .slice(Slice(start: [0] + start, limit: [size] + limit, stride: [1] + stride)), x)
  }
}

/// Zeros before (`low`), after (`high`) and between (`interior`) the elements along each axis.
package struct Pad: Primitive {
  package let low, high, interior: [Int]
  package var label: String { "pad \(low) \(high) \(interior)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    guard low.count == x.rank, high.count == x.rank, interior.count == x.rank,
      (low + high + interior).allSatisfy({ $0 >= 0 && $0 <= TensorType.mostElements })
    else { throw TensorError("pad \(low) \(high) \(interior) does not fit \(x)") }
    return TensorType(
      (0..<x.rank).map { axis in
        let length = x.shape[axis]
        let between = Swift.max(length - 1, 0).multipliedReportingOverflow(by: interior[axis])
        let inside = between.overflow ? TensorType.mostElements : between.partialValue
        return low[axis] + high[axis] + length + Swift.min(inside, TensorType.mostElements)
      }, x.dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.pad(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    let limit = (0..<ct.rank).map { axis in
      let length = x[0].shape[axis]
      return length == 0 ? low[axis] : low[axis] + (length - 1) * (interior[axis] + 1) + 1
    }
    return [
      Tensor.apply(.slice(Slice(start: low, limit: limit, stride: interior.map { $0 + 1 })), [ct])
    ]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.pad(Pad(low: [0] + low, high: [0] + high, interior: [0] + interior)), x)
  }
}

/// Operands one after another along an axis.
package struct Concatenate: Primitive {
  package let axis: Int
  package var label: String { "concatenate axis \(axis)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard var result = operands.first, axis >= 0, axis < result.rank else {
      throw TensorError("concatenate along axis \(axis) of \(operands)")
    }
    for other in operands.dropFirst() {
      var expected = result.shape
      guard other.rank == result.rank, other.dtype == result.dtype else {
        throw TensorError("concatenate of \(result) and \(other)")
      }
      expected[axis] = other.shape[axis]
      guard other.shape == expected else {
        throw TensorError("concatenate of \(result) and \(other) along axis \(axis)")
      }
      result.shape[axis] = Swift.min(
        result.shape[axis] + other.shape[axis], 2 * TensorType.mostElements)
    }
    return result
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    concatenate(zip(x, dx).map { $1 ?? Tensor.zeros(like: $0) }, axis: axis)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    var offset = 0
    return zip(x, linear).map { operand, isLinear in
      let length = operand.shape[axis]
      defer { offset += length }
      return isLinear ? ct.sliced(axis: axis, offset..<(offset + length)) : nil
    }
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    concatenate(aligned(x, batched: batched, size: size), axis: axis + 1)
  }
}

/// Elements in reverse order along some axes.
package struct Reverse: Primitive {
  package let axes: [Int]
  package var label: String { "reverse \(axes)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard axes.allSatisfy({ $0 >= 0 && $0 < operands[0].rank }), Set(axes).count == axes.count
    else { throw TensorError("reverse of \(operands[0]) along \(axes)") }
    return operands[0]
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.reverse(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [Tensor.apply(.reverse(self), [ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.reverse(Reverse(axes: axes.map { $0 + 1 })), x)
  }
}
