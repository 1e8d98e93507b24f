internal import OuterloopNumerics

// In-place arithmetic on lists of tensors: states, adjoints, hypergradients. Plain loops, each
// tensor in its own element type; integers are skipped.
extension TensorBuffers {
  private func values<Scalar>(
    _ tensor: Int, _: Scalar.Type = Scalar.self
  ) -> UnsafeMutablePointer<Scalar> {
    self[tensor].assumingMemoryBound(to: Scalar.self)
  }

  /// Copies the tensors of another list.
  func copy(from other: TensorBuffers) {
    for index in indices where self[index] != other[index] {
      self[index].copyMemory(from: other[index], byteCount: byteCount(of: index))
    }
  }

  /// A copy in new memory.
  public func copied() -> TensorBuffers {
    let copy = TensorBuffers(types)
    copy.copy(from: self)
    return copy
  }

  /// Takes the values of a list of the same types.
  ///
  /// - Throws: `BilevelError` for a list of other types.
  public func set(to other: TensorBuffers) throws { copy(from: try other.checked(types)) }

  /// `self += factor * other`, element by element.
  ///
  /// - Throws: `BilevelError` for a list of other types.
  public func add(_ other: TensorBuffers, times factor: Double = 1) throws {
    add(factor, try other.checked(types))
  }

  private func checked(_ types: [TensorType]) throws -> TensorBuffers {
    guard has(types) else {
      throw BilevelError.invalid("tensors of \(self.types) where \(types) are needed")
    }
    return self
  }

  /// All elements to 0.
  public func setZero() {
    for index in indices {
      self[index].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount(of: index))
    }
  }

  /// `self += factor * other`, element by element.
  func add(_ factor: Double, _ other: TensorBuffers) { combine(1, factor, other) }

  /// `self = (1 - share) self + share * other`; integers are taken from the other.
  func move(to other: TensorBuffers, share: Double) {
    combine(1 - share, share, other)
    for index in indices where type(index).dtype == .int32 {
      self[index].copyMemory(from: other[index], byteCount: byteCount(of: index))
    }
  }

  private func combine(_ a: Double, _ b: Double, _ other: TensorBuffers) {
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float32:
        Self.combine(Float(a), values(index), Float(b), other.values(index), count)
      case .float64: Self.combine(a, values(index), b, other.values(index), count)
      case .int32: break
      }
    }
  }

  /// `self *= factor`, element by element.
  public func scale(by factor: Double) { combine(factor, 0, self) }

  /// The sum of products of all elements, in double.
  func dot(_ other: TensorBuffers) -> Double {
    var sum = 0.0
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float32: Self.addDot(values(index, Float.self), other.values(index), count, to: &sum)
      case .float64: Self.addDot(values(index, Double.self), other.values(index), count, to: &sum)
      case .int32: break
      }
    }
    return sum
  }

  private static func combine<Scalar: BinaryFloatingPoint>(
    _ a: Scalar, _ x: UnsafeMutablePointer<Scalar>, _ b: Scalar, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int
  ) {
    for i in 0..<count { x[i] = a * x[i] + b * y[i] }
  }

  private static func addDot<Scalar: BinaryFloatingPoint>(
    _ x: UnsafeMutablePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    to sum: inout Double
  ) {
    for i in 0..<count { sum += Double(x[i]) * Double(y[i]) }
  }

  // MARK: - Flat vectors of doubles, tensor after tensor

  /// Reads all floating elements into a vector of their number.
  func read(into flat: inout [Double]) { forEachFloating { flat[$0] = $1 } }

  /// Adds `factor` times all floating elements to a vector of their number.
  func add(_ factor: Double, to flat: inout [Double]) {
    forEachFloating { flat[$0] += factor * $1 }
  }

  @inline(__always)
  private func forEachFloating(_ body: (_ place: Int, _ value: Double) -> Void) {
    var offset = 0
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float32:
        let x = values(index, Float.self)
        for i in 0..<count { body(offset + i, Double(x[i])) }
      case .float64:
        let x = values(index, Double.self)
        for i in 0..<count { body(offset + i, x[i]) }
      case .int32: continue
      }
      offset += count
    }
  }

  /// Writes all floating elements.
  func write(_ flat: [Double]) {
    var offset = 0
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float32:
        let x = values(index, Float.self)
        for i in 0..<count { x[i] = Float(flat[offset + i]) }
      case .float64:
        let x = values(index, Double.self)
        for i in 0..<count { x[i] = flat[offset + i] }
      case .int32: continue
      }
      offset += count
    }
  }

  // MARK: - Lines between states

  /// `(1 - share) a + share b`.
  func setPoint(_ share: Double, from a: TensorBuffers, to b: TensorBuffers) {
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float64:
        Self.point(
          share, a.values(index), b.values(index), values(index), count)
      case .float32, .int32:
        Self.point(
          Float(share), a.values(index), b.values(index), values(index), count)
      }
    }
  }

  /// `|b - a|^2`, over all tensors.
  func squaredDistance(to other: TensorBuffers) -> Double {
    indices.reduce(0) { sum, index in
      let count = type(index).count
      return switch type(index).dtype {
      case .float64:
        sum
          + Self.squaredDistance(
            values(index, Double.self), other.values(index, Double.self), count)
      case .float32, .int32:
        sum
          + Self.squaredDistance(values(index, Float.self), other.values(index, Float.self), count)
      }
    }
  }

  /// `(a - b) / time`; `time` has one number for a tensor, or one for each element.
  func setSlope(from a: TensorBuffers, to b: TensorBuffers, over time: [[Double]]) {
    for index in indices {
      let count = type(index).count
      switch type(index).dtype {
      case .float64:
        Self.slope(
          a.values(index, Double.self), b.values(index, Double.self), time[index],
          values(index, Double.self), count)
      case .float32, .int32:
        Self.slope(
          a.values(index, Float.self), b.values(index, Float.self), time[index],
          values(index, Float.self), count)
      }
    }
  }

  private static func point<Scalar: BinaryFloatingPoint>(
    _ share: Scalar, _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>,
    _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let rest = 1 - share
    for index in 0..<count { target[index] = rest * a[index] + share * b[index] }
  }

  private static func squaredDistance<Scalar: BinaryFloatingPoint>(
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

extension [TensorType] {
  /// Number of floating elements.
  var floatingCount: Int { reduce(0) { $0 + ($1.dtype.isFloating ? $1.count : 0) } }

  var byteCount: Int { reduce(0) { $0 + $1.byteCount } }

  var hasSinglePrecision: Bool { contains { $0.dtype == .float32 } }
}
