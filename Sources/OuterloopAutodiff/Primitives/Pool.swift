package import OuterloopNumerics

// Max pooling as a choice that is computed once, and the two linear maps the choice defines:
// `PoolSelect` takes the chosen tap of each window, `PoolSpread` puts it back; each is the other's
// transpose. The first largest tap is chosen, as in XLA's select-and-scatter.

/// The tap of its window that each output takes: x (n, h, w, c) -> int32 (n, oh, ow, c). No
/// derivative.
package struct PoolArgMax: Primitive {
  package let windows: Windows
  package var label: String { "poolArgMax \(windows.kernel)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let taps = try windows.type(of: operands)
    return TensorType([taps.shape[0], taps.shape[1], taps.shape[2], taps.shape[5]], .int32)
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.poolArgMax(self), [x[0].mergedLeading()]).splitLeading(size)
  }
}

/// (x, choice) -> (n, oh, ow, c). Linear in x.
package struct PoolSelect: Primitive {
  package let windows: Windows
  package var label: String { "poolSelect \(windows.kernel)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let choice = try PoolArgMax(windows: windows).type(of: [operands[0]])
    guard choice == operands[1] else {
      throw TensorError("poolSelect of \(operands[0]) by \(operands[1])")
    }
    return TensorType(choice.shape, operands[0].dtype)
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.poolSelect(self), [$0, x[1]]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    let spread = PoolSpread(windows: windows, shape: x[0].shape)
    return [Tensor.apply(.poolSpread(spread), [ct, x[1]]), nil]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    let all = aligned(x, batched: batched, size: size).map { $0.mergedLeading() }
    return Tensor.apply(.poolSelect(self), all).splitLeading(size)
  }
}

/// (g, choice) -> x-shaped. Linear in g.
package struct PoolSpread: Primitive {
  package let windows: Windows
  package let shape: [Int]
  package var label: String { "poolSpread \(windows.kernel)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = TensorType(shape, operands[0].dtype)
    let y = try PoolSelect(windows: windows).type(of: [x, operands[1]])
    guard y == operands[0] else { throw TensorError("poolSpread of \(operands[0]) to \(shape)") }
    return x
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.poolSpread(self), [$0, x[1]]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [Tensor.apply(.poolSelect(PoolSelect(windows: windows)), [ct, x[1]]), nil]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    let all = aligned(x, batched: batched, size: size).map { $0.mergedLeading() }
    let merged = PoolSpread(windows: windows, shape: [size * shape[0]] + shape.dropFirst())
    return Tensor.apply(.poolSpread(merged), all).splitLeading(size)
  }
}
