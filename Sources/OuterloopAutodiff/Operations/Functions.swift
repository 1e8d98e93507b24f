public import OuterloopNumerics

// Elementwise functions under their usual names.

/// The exponential of each element.
public func exp(_ x: Tensor) -> Tensor { .unary(.exp, x) }
/// exp(x) - 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { .unary(.expm1, x) }
/// The natural logarithm of each element.
public func log(_ x: Tensor) -> Tensor { .unary(.log, x) }
/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { .unary(.log1p, x) }
/// The square root. Its derivative at 0 is infinite: add a small number inside where 0 can occur.
public func sqrt(_ x: Tensor) -> Tensor { .unary(.sqrt, x) }
/// The sine of each element, in radians.
public func sin(_ x: Tensor) -> Tensor { .unary(.sin, x) }
/// The cosine of each element, in radians.
public func cos(_ x: Tensor) -> Tensor { .unary(.cos, x) }
/// The tangent of each element, in radians.
public func tan(_ x: Tensor) -> Tensor { .unary(.tan, x) }
/// The hyperbolic tangent of each element.
public func tanh(_ x: Tensor) -> Tensor { .unary(.tanh, x) }
/// The error function of each element.
public func erf(_ x: Tensor) -> Tensor { .unary(.erf, x) }
/// 1 / (1 + exp(-x)).
public func sigmoid(_ x: Tensor) -> Tensor { .unary(.sigmoid, x) }
/// log(1 + exp(x)), without overflow.
public func softplus(_ x: Tensor) -> Tensor { .unary(.softplus, x) }
/// max(x, 0), with derivative 0 at 0.
public func relu(_ x: Tensor) -> Tensor {
  select(x.isGreater(than: 0), x, x.isPlainNumber ? Tensor(0) : Tensor.zeros(like: x))
}
/// The absolute value of each element. Its derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { .unary(.abs, x) }
/// a^b. For a constant integer exponent use `pow(a, Int)`.
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor { .binary(.power, a, b) }
/// The angle of the point (x, y), in radians from -pi to pi.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { .binary(.atan2, y, x) }
/// The larger of two; ties share the derivative.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { .binary(.maximum, a, b) }
/// The larger of each element and a number.
public func maximum(_ a: Tensor, _ b: Double) -> Tensor { maximum(a, a.number(b)) }
/// The smaller of two; ties share the derivative.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { .binary(.minimum, a, b) }
/// The smaller of each element and a number.
public func minimum(_ a: Tensor, _ b: Double) -> Tensor { minimum(a, a.number(b)) }

/// Each element to the power of a number.
public func pow(_ a: Tensor, _ b: Double) -> Tensor { pow(a, a.number(b)) }

/// x^n by repeated squaring: exact derivatives of every order, also at 0.
public func pow(_ x: Tensor, _ exponent: Int) -> Tensor {
  if x.error != nil { return x }
  if exponent == .min { return pow(x, exponent + 1) / x }
  if exponent < 0 { return 1 / pow(x, -exponent) }
  if exponent == 0 { return x.isPlainNumber ? Tensor(1) : Tensor.ones(x.shape, dtype: x.dtype) }
  if exponent == 1 { return x }
  let half = pow(x, exponent / 2).square()
  return exponent % 2 == 0 ? half : half * x
}

/// `condition != 0 ? a : b`, element by element; shapes broadcast.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let operands = [condition, a, b]
  if let broken = operands.first(where: { $0.error != nil }) { return broken }
  if operands.contains(where: \.isPlainNumber) {
    if operands.allSatisfy(\.isPlainNumber) {
      return .ofNumbers(operands) { select($0[0], $0[1], $0[2]) }
    }
    let agreed = Tensor.agreeing(operands)
    return select(agreed[0], agreed[1], agreed[2])
  }
  guard let two = Tensor.broadcastShape(a.shape, b.shape),
    let shape = Tensor.broadcastShape(two, condition.shape)
  else { return Tensor.apply(.select(Select()), [condition, a, b]) }
  return Tensor.apply(
    .select(Select()), [condition, a, b].map { $0.broadcast(to: shape) })
}

extension Tensor {
  /// The square of each element.
  public func square() -> Tensor { Self.unary(.square, self) }
  /// -1, 0 or 1. Derivative zero.
  public func sign() -> Tensor { Self.unary(.sign, self) }
  /// The largest integer not above each element. Derivative zero.
  public func floor() -> Tensor { Self.unary(.floor, self) }
  /// The smallest integer not below each element. Derivative zero.
  public func ceil() -> Tensor { Self.unary(.ceil, self) }
  /// To the nearest integer, ties to even. Derivative zero.
  public func rounded() -> Tensor { Self.unary(.round, self) }
  /// 1 / x for each element.
  public func reciprocal() -> Tensor { Self.unary(.reciprocal, self) }
  /// 1 / sqrt(x).
  public func reciprocalSquareRoot() -> Tensor { Self.unary(.rsqrt, self) }
  /// The same values in another element type; from floating numbers to integers towards zero.
  public func cast(to dtype: DType) -> Tensor {
    isPlainNumber ? taking(dtype) : Self.apply(.cast(Cast(dtype: dtype)), [self])
  }
  /// The same value with derivative zero.
  public func stoppingGradient() -> Tensor {
    isConcrete ? self : Self.apply(.stopGradient(StopGradient()), [self])
  }

  /// Uniform numbers in [0, 1) named by a key (int32, shape [4], see `RandomKey.tensor`).
  public static func uniform(_ shape: [Int], key: Tensor, dtype: DType = .float32) -> Tensor {
    apply(.random(Random(distribution: .uniform, type: TensorType(shape, dtype))), [key])
  }
  /// Standard normal numbers named by a key.
  public static func normal(_ shape: [Int], key: Tensor, dtype: DType = .float32) -> Tensor {
    apply(.random(Random(distribution: .normal, type: TensorType(shape, dtype))), [key])
  }
}
