extension Tensor {
  /// The elements in row-major order.
  /// - Throws: `TensorError` if the tensor is invalid, is a symbol of a trace, or has another
  ///   element type.
  /// - Complexity: O(count).
  public func scalars<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws -> [Scalar] {
    guard Scalar.dtype == dtype else {
      throw TensorError(
        "\(type) was read as \(Scalar.dtype.rawValue); read it as \(dtype.rawValue) or cast it")
    }
    switch content {
    case .values(let storage):
      let base = storage.pointer.assumingMemoryBound(to: Scalar.self)
      return withExtendedLifetime(storage) {
        Array(UnsafeBufferPointer(start: base, count: count))
      }
    case .splat(let value): return Array(repeating: Scalar(truncating: value), count: count)
    case .symbol:
      throw TensorError("a traced tensor has no values until the function is run")
    case .invalid(let error): throw error
    }
  }

  /// The elements as `Double`, whatever the element type.
  /// - Complexity: O(count).
  public func doubles() throws -> [Double] {
    switch dtype {
    case .float32: try scalars(Float.self).map { Double($0) }
    case .float64: try scalars(Double.self)
    case .int32: try scalars(Int32.self).map { Double($0) }
    }
  }

  /// The one element of a tensor of count 1.
  public func item() throws -> Double {
    guard count == 1 else { throw TensorError("item() of \(type), which has \(count) elements") }
    return try doubles()[0]
  }

  /// The tensor with its elements in memory.
  package func materialized() throws -> Tensor {
    guard case .splat(let value) = content else {
      if case .values = content { return self }
      _ = try scalars(Float.self)
      return self
    }
    return Tensor(type: type) { pointer in
      switch dtype {
      case .float32: fill(pointer, Float(value))
      case .float64: fill(pointer, value)
      case .int32: fill(pointer, Int32(truncating: value))
      }
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
  public func converted(to dtype: DType) throws -> Tensor {
    guard dtype != self.dtype else { return self }
    let values = try doubles()
    return switch dtype {
    case .float32: Tensor(values.map { Float($0) }, shape: shape)
    case .float64: Tensor(values, shape: shape)
    case .int32: Tensor(values.map { Int32(truncating: $0) }, shape: shape)
    }
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    switch content {
    case .symbol: return "traced \(type)"
    case .invalid(let error): return "invalid tensor: \(error)"
    case .splat(let value) where count != 1: return "\(type) all \(value)"
    case .splat, .values:
      let shown = ((try? doubles()) ?? []).prefix(12).map { "\($0)" }.joined(separator: ", ")
      return "\(type) [\(shown)\(count > 12 ? ", ..." : "")]"
    }
  }
}
