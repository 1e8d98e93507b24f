package import OuterloopNumerics

/// A function of two numbers, applied element by element to operands of one type. Comparisons give
/// 1 or 0 in the same type.
package enum Binary: String, Primitive, CaseIterable {
  case add, subtract, multiply, divide, power, maximum, minimum, atan2
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

  package var label: String { rawValue }

  var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum, .equal, .notEqual: true
    default: false
    }
  }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let (a, b) = (operands[0], operands[1])
    guard a.dtype == b.dtype else {
      throw TensorError("\(rawValue) mixes \(a) and \(b)", remedy: "cast one of them")
    }
    guard a.dtype.isFloating else {
      throw TensorError("\(rawValue) of \(a)", remedy: "cast it to float32 or float64 first")
    }
    guard a.shape == b.shape else {
      throw TensorError("\(rawValue) of \(a) and \(b): the shapes do not broadcast")
    }
    return a
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    let (a, b) = (x[0], x[1])
    /// Each operand's part, for partial derivatives that are computed only when needed.
    func sum(_ da: @autoclosure () -> Tensor, _ db: @autoclosure () -> Tensor) -> Tensor? {
      let first = dx[0].map { $0 * da() }
      let second = dx[1].map { $0 * db() }
      if let first, let second { return first + second }
      return first ?? second
    }
    switch self {
    case .add:
      if let da = dx[0], let db = dx[1] { return da + db }
      return dx[0] ?? dx[1]
    case .subtract:
      if let da = dx[0], let db = dx[1] { return da - db }
      return dx[0] ?? dx[1].map { -$0 }
    case .multiply: return sum(b, a)
    case .divide:
      // d(a/b) = da/b - (a/b) db/b
      let first = dx[0].map { $0 / b }
      let second = dx[1].map { y * $0 / b }
      if let first, let second { return first - second }
      return first ?? second.map { -$0 }
    case .power:
      // b a^(b-1), and a^b log a; both are 0 where the other factor makes the limit 0.
      return sum(
        select(b.equals(0), Tensor.zeros(like: b), b * pow(a, b - 1)),
        select(a.equals(0), Tensor.zeros(like: a), y * log(select(a.equals(0), b * 0 + 1, a))))
    case .maximum, .minimum:
      // Ties share the derivative.
      let first = self == .maximum ? a.isGreater(than: b) : b.isGreater(than: a)
      let tie = a.equals(b) * 0.5
      return sum(first + tie, 1 - first - tie)
    case .atan2:
      let square = a.square() + b.square()
      return sum(b / square, -(a / square))
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return nil
    }
  }

  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    switch self {
    case .add: return [linear[0] ? ct : nil, linear[1] ? ct : nil]
    case .subtract: return [linear[0] ? ct : nil, linear[1] ? -ct : nil]
    case .multiply where linear[0] != linear[1]:
      return linear[0] ? [ct * x[1], nil] : [nil, ct * x[0]]
    case .divide where !linear[1]: return [ct / x[1], nil]
    default: return x.map { _ in Tensor(invalid: "\(rawValue) is not linear in these operands") }
    }
  }

  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.binary(self), aligned(x, batched: batched, size: size))
  }

  func folded(_ a: Double, _ b: Double) -> Double? {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    default: nil
    }
  }
}

/// Operands of an elementwise operation, all with the leading batch axis.
func aligned(_ x: [Tensor], batched: [Bool], size: Int) -> [Tensor] {
  zip(x, batched).map { tensor, isBatched in
    isBatched ? tensor : tensor.repeated(size)
  }
}

/// `condition != 0 ? a : b`, element by element.
package struct Select: Primitive {
  package var label: String { "select" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard operands[1] == operands[2], operands[0] == operands[1], operands[0].dtype.isFloating
    else {
      throw TensorError(
        "select needs a condition and two values of one floating type, "
          + "not \(operands[0]), \(operands[1]), \(operands[2])")
    }
    return operands[1]
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    if dx[1] == nil && dx[2] == nil { return nil }
    let zero = Tensor.zeros(like: y)
    return select(x[0], dx[1] ?? zero, dx[2] ?? zero)
  }

  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    let zero = Tensor.zeros(like: ct)
    return [
      nil, linear[1] ? select(x[0], ct, zero) : nil, linear[2] ? select(x[0], zero, ct) : nil,
    ]
  }

  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.select(self), aligned(x, batched: batched, size: size))
  }
}

/// Conversion of the element type. Between floating types it is linear; integers have no tangent.
package struct Cast: Primitive {
  package let dtype: DType
  package var label: String { "cast \(dtype.rawValue)" }

  package func type(of operands: [TensorType]) -> TensorType {
    TensorType(operands[0].shape, dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dtype.isFloating ? dx[0]?.cast(to: dtype) : nil
  }

  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [ct.cast(to: x[0].dtype)]
  }

  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.cast(self), x)
  }
}
