public import OuterloopNumerics

// Elementwise arithmetic with NumPy's broadcasting: shapes are aligned at the last axis, and axes of
// size 1 or absent are repeated.

extension Tensor {
  /// The sum of two tensors, element by element; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }
  /// The difference of two tensors, element by element; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }
  /// The product of two tensors, element by element; shapes broadcast. See `matmul` for matrices.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }
  /// The quotient of two tensors, element by element; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }
  /// The negative of each element.
  public static prefix func - (a: Tensor) -> Tensor { unary(.negate, a) }

  /// Adds a number to each element, in the tensor's type.
  public static func + (a: Tensor, b: Double) -> Tensor { a + a.number(b) }
  /// Subtracts a number from each element.
  public static func - (a: Tensor, b: Double) -> Tensor { a - a.number(b) }
  /// Multiplies each element by a number.
  public static func * (a: Tensor, b: Double) -> Tensor { a * a.number(b) }
  /// Divides each element by a number.
  public static func / (a: Tensor, b: Double) -> Tensor { a / a.number(b) }
  /// Adds each element to a number.
  public static func + (a: Double, b: Tensor) -> Tensor { b.number(a) + b }
  /// Subtracts each element from a number.
  public static func - (a: Double, b: Tensor) -> Tensor { b.number(a) - b }
  /// Multiplies a number by each element.
  public static func * (a: Double, b: Tensor) -> Tensor { b.number(a) * b }
  /// Divides a number by each element.
  public static func / (a: Double, b: Tensor) -> Tensor { b.number(a) / b }

  /// Replaces a tensor by its sum with another.
  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  /// Replaces a tensor by its difference from another.
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  /// Replaces a tensor by its elementwise product with another.
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  /// Replaces a tensor by its elementwise quotient by another.
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
  /// Adds a number to each element, in place.
  public static func += (a: inout Tensor, b: Double) { a = a + b }
  /// Subtracts a number from each element, in place.
  public static func -= (a: inout Tensor, b: Double) { a = a - b }
  /// Multiplies each element by a number, in place.
  public static func *= (a: inout Tensor, b: Double) { a = a * b }
  /// Divides each element by a number, in place.
  public static func /= (a: inout Tensor, b: Double) { a = a / b }

  /// A scalar of this tensor's element type.
  func number(_ value: Double) -> Tensor {
    isPlainNumber ? Tensor(value) : Tensor(value, dtype: dtype)
  }

  static func unary(_ function: Unary, _ x: Tensor) -> Tensor {
    if x.isPlainNumber { return ofNumbers([x]) { .unary(function, $0[0]) } }
    return apply(.unary(function), [x])
  }

  static func binary(_ function: Binary, _ a: Tensor, _ b: Tensor) -> Tensor {
    if a.isPlainNumber || b.isPlainNumber {
      if a.isPlainNumber, b.isPlainNumber {
        return ofNumbers([a, b]) { .binary(function, $0[0], $0[1]) }
      }
      return binary(function, a.taking(b.dtype), b.taking(a.dtype))
    }
    guard a.shape != b.shape else { return apply(.binary(function), [a, b]) }
    guard let shape = broadcastShape(a.shape, b.shape) else {
      // The primitive's own rule reports the error.
      return apply(.binary(function), [a, b])
    }
    return apply(.binary(function), [a.broadcast(to: shape), b.broadcast(to: shape)])
  }

  /// A function of plain numbers alone, computed in double precision: a plain number again.
  static func ofNumbers(_ numbers: [Tensor], _ function: ([Tensor]) -> Tensor) -> Tensor {
    let result = function(numbers.map { $0.taking(.float64) })
    guard let value = try? result.item() else { return result }
    return Tensor(value)
  }

  /// Tensors of a common element type: plain numbers among them adopt that of the others.
  static func agreeing(_ tensors: [Tensor]) -> [Tensor] {
    guard let other = tensors.first(where: { !$0.isPlainNumber && $0.error == nil }) else {
      return tensors
    }
    return tensors.map { $0.taking(other.dtype) }
  }

  /// The common shape of two operands; nil if an axis has two different sizes above 1.
  static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = Swift.max(a.count, b.count)
    var shape: [Int] = []
    for axis in 0..<rank {
      let fromEnd = rank - axis
      let x = fromEnd <= a.count ? a[a.count - fromEnd] : 1
      let y = fromEnd <= b.count ? b[b.count - fromEnd] : 1
      guard x == y || x == 1 || y == 1 else { return nil }
      shape.append(x == 1 ? y : x)
    }
    return shape
  }

  // Comparisons: 1 where they hold, 0 elsewhere, in the operands' type.
  /// 1 where elements are equal, 0 elsewhere, in the operands' type. Derivative zero.
  public func equals(_ other: Tensor) -> Tensor { Self.binary(.equal, self, other) }
  /// 1 where elements equal a number, 0 elsewhere.
  public func equals(_ other: Double) -> Tensor { equals(number(other)) }
  /// 1 where elements differ, 0 elsewhere. Derivative zero.
  public func differs(from other: Tensor) -> Tensor { Self.binary(.notEqual, self, other) }
  /// 1 where this is less than the other, 0 elsewhere. Derivative zero.
  public func isLess(than other: Tensor) -> Tensor { Self.binary(.less, self, other) }
  /// 1 where this is less than a number, 0 elsewhere.
  public func isLess(than other: Double) -> Tensor { isLess(than: number(other)) }
  /// 1 where this is at most the other, 0 elsewhere. Derivative zero.
  public func isAtMost(_ other: Tensor) -> Tensor { Self.binary(.lessOrEqual, self, other) }
  /// 1 where this is at most a number, 0 elsewhere.
  public func isAtMost(_ other: Double) -> Tensor { isAtMost(number(other)) }
  /// 1 where this is greater than the other, 0 elsewhere. Derivative zero.
  public func isGreater(than other: Tensor) -> Tensor { Self.binary(.greater, self, other) }
  /// 1 where this is greater than a number, 0 elsewhere.
  public func isGreater(than other: Double) -> Tensor { isGreater(than: number(other)) }
  /// 1 where this is at least the other, 0 elsewhere. Derivative zero.
  public func isAtLeast(_ other: Tensor) -> Tensor { Self.binary(.greaterOrEqual, self, other) }
  /// 1 where this is at least a number, 0 elsewhere.
  public func isAtLeast(_ other: Double) -> Tensor { isAtLeast(number(other)) }
}
