package import OuterloopNumerics

/// The type rule of reductions: the listed axes are removed.
private func reduced(_ x: TensorType, _ axes: [Int], _ name: String) throws(TensorError)
  -> TensorType
{
  guard axes == axes.sorted(), Set(axes).count == axes.count,
    axes.allSatisfy({ $0 >= 0 && $0 < x.rank })
  else { throw TensorError("\(name) of \(x) along \(axes)") }
  return TensorType((0..<x.rank).filter { !axes.contains($0) }.map { x.shape[$0] }, x.dtype)
}

/// Sum along axes (ascending). Linear; its transpose repeats the cotangent.
package struct Sum: Primitive {
  package let axes: [Int]
  package var label: String { "sum \(axes)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard operands[0].dtype.isFloating else {
      throw TensorError("sum of \(operands[0])", remedy: "cast it to float32 or float64 first")
    }
    return try reduced(operands[0], axes, "sum")
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0]?.sum(axes: axes)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [ct.restored(axes, to: x[0].shape)]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    x[0].sum(axes: axes.map { $0 + 1 })
  }
}

/// Largest element along axes (ascending). Ties share the derivative; NaN wins.
package struct Max: Primitive {
  package let axes: [Int]
  package var label: String { "max \(axes)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    let result = try reduced(x, axes, "max")
    guard x.dtype.isFloating, x.count > 0 || result.count == 0 else {
      throw TensorError("max of \(x) along \(axes): nothing to choose from, or not floating")
    }
    return result
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    guard let dx = dx[0] else { return nil }
    let isLargest = x[0].equals(y.restored(axes, to: x[0].shape))
    return (dx * isLargest).sum(axes: axes) / isLargest.sum(axes: axes)
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.max(Max(axes: axes.map { $0 + 1 })), x)
  }
}

/// Index (int32) of the first largest element along an axis. No derivative.
package struct ArgMax: Primitive {
  package let axis: Int
  package var label: String { "argmax \(axis)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let result = try reduced(operands[0], [axis], "argmax")
    guard operands[0].shape[axis] > 0 else { throw TensorError("argmax of \(operands[0])") }
    return TensorType(result.shape, .int32)
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.argmax(ArgMax(axis: axis + 1)), x)
  }
}

extension Tensor {
  /// The inverse of dropping `axes`: repeats the tensor along them up to `shape`.
  func restored(_ axes: [Int], to shape: [Int]) -> Tensor {
    let kept = (0..<shape.count).filter { !axes.contains($0) }
    return Tensor.apply(.broadcast(Broadcast(shape: shape, axes: kept)), [self])
  }
}
