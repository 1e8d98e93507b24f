public import OuterloopText

/// Shape and element type: all that is known of a tensor before it has values.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  /// Row-major sizes; empty for a scalar.
  public var shape: [Int]
  /// The element type.
  public var dtype: DType

  /// A shape with an element type.
  public init(_ shape: [Int], _ dtype: DType = .float32) {
    self.shape = shape
    self.dtype = dtype
  }

  /// The most elements a tensor may have, axes of size 0 counted as 1: sizes, strides and offsets
  /// stay far from overflow.
  package static let mostElements = 1 << 48

  /// The number of axes; 0 for a scalar.
  public var rank: Int { shape.count }

  /// Number of elements; `.max` on overflow, and 0 for a negative size.
  public var count: Int {
    var count = 1
    var isHuge = false
    for size in shape {
      if size <= 0 { return 0 }
      let (product, overflows) = count.multipliedReportingOverflow(by: size)
      count = product
      isHuge = isHuge || overflows
    }
    return isHuge ? .max : count
  }

  /// Bytes of the elements; `.max` on overflow.
  public var byteCount: Int {
    let (product, overflows) = count.multipliedReportingOverflow(by: dtype.byteCount)
    return overflows ? .max : product
  }

  /// Why no tensor can have this shape; nil if one can.
  package var flaw: String? {
    var room = 1
    var isHuge = false
    for size in shape {
      if size < 0 { return "a size is negative" }
      let (product, overflows) = room.multipliedReportingOverflow(by: Swift.max(size, 1))
      isHuge = isHuge || overflows || product > Self.mostElements
      room = isHuge ? 1 : product
    }
    return isHuge ? "it has more than 2^48 elements" : nil
  }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// The axis that a number names, counted from the end if it is negative; nil if there is none.
  package func axis(_ number: Int) -> Int? {
    let axis = number < 0 ? number + rank : number
    return shape.indices.contains(axis) ? axis : nil
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
public struct TensorError: ExplainedError, Hashable {
  public var what: String
  public var remedy: String

  /// An error with its remedy.
  public init(_ what: String, remedy: String = "") {
    self.what = what
    self.remedy = remedy
  }
}
