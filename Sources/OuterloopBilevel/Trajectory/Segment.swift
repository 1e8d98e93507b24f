internal import OuterloopNumerics

/// Lines between states, and lengths of them, as plain loops over tensors in memory.
enum Segment {
  typealias Pointers = StateMemory.Pointers

  /// `(1 - share) a + share b`, tensor by tensor.
  static func point(
    _ share: Double, from a: Pointers, to b: Pointers, at target: Pointers, _ types: [TensorType]
  ) {
    for (index, type) in types.enumerated() {
      switch type.dtype {
      case .float64:
        point(share, values(a[index]), values(b[index]), values(target[index]), type.count)
      case .float32, .int32:
        point(
          Float(share), values(a[index]), values(b[index]), values(target[index]), type.count)
      }
    }
  }

  /// `|b - a|^2`, over all tensors.
  static func squaredLength(from a: Pointers, to b: Pointers, _ types: [TensorType]) -> Double {
    types.enumerated().reduce(0) { sum, tensor in
      let (index, type) = tensor
      return switch type.dtype {
      case .float64:
        sum + squaredLength(values(a[index], Double.self), values(b[index]), type.count)
      case .float32, .int32:
        sum + squaredLength(values(a[index], Float.self), values(b[index]), type.count)
      }
    }
  }

  /// `(a - b) / time`, tensor by tensor; `time` has one number for a tensor, or one for each
  /// element.
  static func slope(
    from a: Pointers, to b: Pointers, over time: [[Double]], at target: Pointers,
    _ types: [TensorType]
  ) {
    for (index, type) in types.enumerated() {
      switch type.dtype {
      case .float64:
        slope(
          values(a[index], Double.self), values(b[index]), time[index], values(target[index]),
          type.count)
      case .float32, .int32:
        slope(
          values(a[index], Float.self), values(b[index]), time[index], values(target[index]),
          type.count)
      }
    }
  }

  private static func values<Scalar>(
    _ pointer: UnsafeMutableRawPointer, _: Scalar.Type = Scalar.self
  ) -> UnsafeMutablePointer<Scalar> {
    pointer.assumingMemoryBound(to: Scalar.self)
  }

  private static func point<Scalar: BinaryFloatingPoint>(
    _ share: Scalar, _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>,
    _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let rest = 1 - share
    for index in 0..<count { target[index] = rest * a[index] + share * b[index] }
  }

  private static func squaredLength<Scalar: BinaryFloatingPoint>(
    _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>, _ count: Int
  ) -> Double {
    var sum = 0.0
    for index in 0..<count {
      let change = Double(b[index]) - Double(a[index])
      sum += change * change
    }
    return sum
  }

  private static func slope<Scalar: BinaryFloatingPoint>(
    _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>, _ time: [Double],
    _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let isShared = time.count == 1
    for index in 0..<count {
      let change = Double(a[index]) - Double(b[index])
      target[index] = Scalar(change / time[isShared ? 0 : index])
    }
  }
}
