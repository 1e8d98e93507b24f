package import OuterloopNumerics

/// An input of the graph, by number.
package struct Input: Primitive {
  package let number: Int
  package let type: TensorType
  package var label: String { "input \(number)" }
  package func type(of operands: [TensorType]) -> TensorType { type }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor { x[0] }
}

/// A tensor of values kept by the graph, by number.
package struct Constant: Primitive {
  package let number: Int
  package let type: TensorType
  package var label: String { "constant \(number)" }
  package func type(of operands: [TensorType]) -> TensorType { type }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor { x[0] }
}

/// The same number everywhere.
package struct Fill: Primitive {
  /// The bit pattern of the value, so that equality distinguishes -0 and NaN.
  private let bits: UInt64
  package let type: TensorType
  package var value: Double { Double(bitPattern: bits) }

  /// The number rounded to the element type, so that a folded cast rounds as the kernel does.
  package init(_ value: Double, _ type: TensorType) {
    let held =
      switch type.dtype {
      case .float32: Double(Float(value))
      case .float64: value
      case .int32: Double(Int32(truncating: value))
      }
    bits = held.bitPattern
    self.type = type
  }
  package var label: String { "fill \(value)" }
  package func type(of operands: [TensorType]) -> TensorType { type }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor { x[0] }
}

/// The index along one axis, at every element. No derivative.
package struct Iota: Primitive {
  package let axis: Int
  package let type: TensorType
  package var label: String { "iota axis \(axis)" }
  package func type(of operands: [TensorType]) -> TensorType { type }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor { x[0] }
}

/// `y = x`, as a separate node: marks what a derivative is taken with respect to. Removed when a
/// graph is compiled. Without an operand it is a free symbol.
package struct Alias: Primitive {
  package let type: TensorType
  package var label: String { "alias" }
  package func type(of operands: [TensorType]) -> TensorType { type }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? { dx.first ?? nil }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] { [ct] }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor { x[0] }
}

/// `y = x` with derivative zero.
package struct StopGradient: Primitive {
  package var label: String { "stopGradient" }
  package func type(of operands: [TensorType]) -> TensorType { operands[0] }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.stopGradient(self), x)
  }
}

/// Random numbers as a pure function of a key (int32, shape [4]; see `RandomKey`). No derivative.
package struct Random: Primitive {
  package enum Distribution: String, Sendable { case uniform, normal }
  package let distribution: Distribution
  package let type: TensorType
  package var label: String { "random \(distribution.rawValue)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard operands[0] == TensorType([4], .int32), type.dtype.isFloating else {
      throw TensorError(
        "random: the key must be i32[4] and the result floating, not \(operands[0])")
    }
    return type
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    batchByUnrolling(.random(self), x, batched: batched, size: size)
  }
}
