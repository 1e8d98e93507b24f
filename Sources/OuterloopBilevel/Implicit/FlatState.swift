internal import OuterloopNumerics

// Tensors where they lie, one after the other in a flat vector of doubles. Whole numbers have no place
// in it.
extension [UnsafeMutableRawPointer] {
  /// Reads all floating elements into a vector of their number.
  func read(into flat: inout [Double], _ types: [TensorType]) {
    var offset = 0
    for index in indices {
      let count = types[index].count
      switch types[index].dtype {
      case .float32:
        let x = self[index].assumingMemoryBound(to: Float.self)
        for i in 0..<count { flat[offset + i] = Double(x[i]) }
      case .float64:
        let x = self[index].assumingMemoryBound(to: Double.self)
        for i in 0..<count { flat[offset + i] = x[i] }
      case .int32: continue
      }
      offset += count
    }
  }

  /// Adds `factor` times all floating elements to a vector of their number.
  func add(_ factor: Double, to flat: inout [Double], _ types: [TensorType]) {
    var offset = 0
    for index in indices {
      let count = types[index].count
      switch types[index].dtype {
      case .float32:
        let x = self[index].assumingMemoryBound(to: Float.self)
        for i in 0..<count { flat[offset + i] += factor * Double(x[i]) }
      case .float64:
        let x = self[index].assumingMemoryBound(to: Double.self)
        for i in 0..<count { flat[offset + i] += factor * x[i] }
      case .int32: continue
      }
      offset += count
    }
  }

  /// Writes all floating elements.
  func write(_ flat: [Double], _ types: [TensorType]) {
    var offset = 0
    for index in indices {
      let count = types[index].count
      switch types[index].dtype {
      case .float32:
        let x = self[index].assumingMemoryBound(to: Float.self)
        for i in 0..<count { x[i] = Float(flat[offset + i]) }
      case .float64:
        let x = self[index].assumingMemoryBound(to: Double.self)
        for i in 0..<count { x[i] = flat[offset + i] }
      case .int32: continue
      }
      offset += count
    }
  }
}

extension [TensorType] {
  /// Number of floating elements.
  var floatingCount: Int { reduce(0) { $0 + ($1.dtype.isFloating ? $1.count : 0) } }

  var hasSinglePrecision: Bool { contains { $0.dtype == .float32 } }
}
