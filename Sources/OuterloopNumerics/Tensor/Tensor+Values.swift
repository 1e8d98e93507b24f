extension Tensor {
  /// The elements in row-major order.
  /// - Throws: `TensorError` if the tensor is invalid, is a symbol of a trace, or has another
  ///   element type.
  /// - Complexity: O(count).
  public func scalars<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws -> [Scalar] {
    if let error { throw error }
    guard Scalar.dtype == dtype else {
      throw TensorError(
        "\(type) was read as \(Scalar.dtype.rawValue)",
        remedy: "read it as \(dtype.rawValue) or cast it")
    }
    guard Scalar.isElement else { return try doubles().map(Scalar.init(truncating:)) }
    switch content {
    case .values(let storage):
      try Memory.require(count, of: MemoryLayout<Scalar>.size, for: "reading \(type)")
      let base = storage.pointer.assumingMemoryBound(to: Scalar.self)
      return withExtendedLifetime(storage) {
        Array(UnsafeBufferPointer(start: base, count: count))
      }
    case .splat(let value), .number(let value):
      try Memory.require(count, of: MemoryLayout<Scalar>.size, for: "reading \(type)")
      return Array(repeating: Scalar(truncating: value), count: count)
    case .symbol:
      throw TensorError("a traced tensor has no values until the function is run")
    case .invalid(let error): throw error
    }
  }

  /// The elements as `Double`, whatever the element type.
  /// - Complexity: O(count).
  /// - Throws: the error that the tensor carries, and `TensorError` if it is traced, so has no
  ///   values, or there is no memory.
  public func doubles() throws -> [Double] {
    try Memory.require(count, of: 8, for: "reading \(type)")
    return switch dtype {
    case .float32: try scalars(Float.self).map { Double($0) }
    case .float64: try scalars(Double.self)
    case .int32: try scalars(Int32.self).map { Double($0) }
    }
  }

  /// The one element of a tensor of count 1.
  ///
  /// - Throws: the error that the tensor carries, and `TensorError` if it is traced or has not one
  ///   element.
  public func item() throws -> Double {
    if let error { throw error }
    guard count == 1 else { throw TensorError("item() of \(type), which has \(count) elements") }
    return try doubles()[0]
  }

  /// The tensor with its elements in memory.
  package func materialized() throws -> Tensor {
    switch content {
    case .values: return self
    case .splat(let value), .number(let value):
      let made = Tensor(type: type) { pointer in
        switch dtype {
        case .float32: fill(pointer, Float(value))
        case .float64: fill(pointer, value)
        case .int32: fill(pointer, Int32(truncating: value))
        }
      }
      if let error = made.error { throw error }
      return made
    case .symbol: throw TensorError("a traced tensor has no values until the function is run")
    case .invalid(let error): throw error
    }
  }

  private func fill<Scalar>(_ pointer: UnsafeMutableRawPointer, _ value: Scalar) {
    pointer.initializeMemory(as: Scalar.self, repeating: value, count: count)
  }

  /// Calls `body` with the memory of the elements; it must not be kept.
  package func withBytes<Result>(_ body: (UnsafeRawPointer) throws -> Result) throws -> Result {
    let tensor = try materialized()
    guard case .values(let storage) = tensor.content else {
      throw TensorError("\(type) has no values")
    }
    return try withExtendedLifetime(storage) { try body(UnsafeRawPointer(storage.pointer)) }
  }

  /// Converts the element type (float to int truncates towards zero and clamps).
  ///
  /// - Throws: the error that the tensor carries, and `TensorError` if it is traced.
  public func converted(to dtype: DType) throws -> Tensor {
    guard dtype != self.dtype else { return self }
    if case .number(let value) = content { return Tensor(value, dtype: dtype) }
    return Tensor(try doubles(), shape: shape, dtype: dtype)
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    switch content {
    case .symbol: return "traced \(type)"
    case .invalid(let error): return "invalid tensor: \(error)"
    case .splat(let value) where count != 1: return "\(type) all \(value)"
    case .number(let value): return "\(type) [\(Float(value))]"
    case .splat, .values:
      let shown = ((try? doubles()) ?? []).prefix(12).map { "\($0)" }.joined(separator: ", ")
      return "\(type) [\(shown)\(count > 12 ? ", ..." : "")]"
    }
  }
}
