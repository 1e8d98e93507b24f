internal import OuterloopNumerics

// Arithmetic on lists of tensors where they lie: states, adjoints, hypergradients.
extension [UnsafeMutableRawPointer] {
  /// Copies the tensors of another state.
  func copy(from other: [UnsafeMutableRawPointer], _ types: [TensorType]) {
    for index in indices where self[index] != other[index] {
      self[index].copyMemory(from: other[index], byteCount: types[index].byteCount)
    }
  }

  func setZero(_ types: [TensorType]) {
    for index in indices {
      self[index].initializeMemory(as: UInt8.self, repeating: 0, count: types[index].byteCount)
    }
  }

  /// `self += factor * other`, element by element; whole numbers stay.
  func add(_ factor: Double, _ other: [UnsafeMutableRawPointer], _ types: [TensorType]) {
    combine(1, factor, other, types)
  }

  /// `self = (1 - share) self + share * other`; whole numbers are taken from the other.
  func move(
    to other: [UnsafeMutableRawPointer], share: Double, _ types: [TensorType]
  ) {
    combine(1 - share, share, other, types)
    for index in indices where types[index].dtype == .int32 {
      self[index].copyMemory(from: other[index], byteCount: types[index].byteCount)
    }
  }

  private func combine(
    _ a: Double, _ b: Double, _ other: [UnsafeMutableRawPointer], _ types: [TensorType]
  ) {
    for index in indices {
      let count = types[index].count
      switch types[index].dtype {
      case .float32:
        let (x, y) = (
          self[index].assumingMemoryBound(to: Float.self),
          other[index].assumingMemoryBound(to: Float.self)
        )
        for i in 0..<count { x[i] = Float(a) * x[i] + Float(b) * y[i] }
      case .float64:
        let (x, y) = (
          self[index].assumingMemoryBound(to: Double.self),
          other[index].assumingMemoryBound(to: Double.self)
        )
        for i in 0..<count { x[i] = a * x[i] + b * y[i] }
      case .int32: break
      }
    }
  }

  /// The sum of products of all elements, in double.
  func dot(_ other: [UnsafeMutableRawPointer], _ types: [TensorType]) -> Double {
    var sum = 0.0
    for index in indices {
      let count = types[index].count
      switch types[index].dtype {
      case .float32:
        let (x, y) = (
          self[index].assumingMemoryBound(to: Float.self),
          other[index].assumingMemoryBound(to: Float.self)
        )
        for i in 0..<count { sum += Double(x[i]) * Double(y[i]) }
      case .float64:
        let (x, y) = (
          self[index].assumingMemoryBound(to: Double.self),
          other[index].assumingMemoryBound(to: Double.self)
        )
        for i in 0..<count { sum += x[i] * y[i] }
      case .int32: break
      }
    }
    return sum
  }

  /// The values as tensors of their own.
  func tensors(_ types: [TensorType]) -> [Tensor] {
    zip(self, types).map { pointer, type in
      Tensor(type: type) { $0.copyMemory(from: pointer, byteCount: type.byteCount) }
    }
  }
}
