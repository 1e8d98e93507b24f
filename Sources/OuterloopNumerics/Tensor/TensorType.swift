/// Shape and element type: all that is known of a tensor before it has values.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  /// Row-major sizes; empty for a scalar.
  public var shape: [Int]
  public var dtype: DType

  public init(_ shape: [Int], _ dtype: DType = .float32) {
    self.shape = shape
    self.dtype = dtype
  }

  public var rank: Int { shape.count }

  /// Number of elements.
  public var count: Int { shape.reduce(1, *) }

  public var byteCount: Int { count * dtype.byteCount }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  public var description: String {
    let name =
      switch dtype {
      case .float32: "f32"
      case .float64: "f64"
      case .int32: "i32"
      }
    return "\(name)[\(shape.map(String.init).joined(separator: ","))]"
  }
}

/// What went wrong in an operation on tensors: shapes, element types, or a value that is not there.
public struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}
