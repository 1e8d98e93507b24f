/// The element type of a tensor.
///
/// `float32` is the default for training, `float64` for verification and Gaussian processes,
/// `int32` for labels and indices (it has no derivative). Nothing is promoted silently.
public enum DType: String, Sendable, Hashable, CaseIterable, Codable {
  /// Four bytes, 24 bits of precision.
  case float32
  /// Eight bytes, 53 bits of precision.
  case float64
  /// Four bytes, whole numbers; no derivative.
  case int32

  /// Bytes of one element.
  public var byteCount: Int { self == .float64 ? 8 : 4 }

  /// Whether values of this type carry derivatives.
  public var isFloating: Bool { self != .int32 }
}

/// A Swift type that can be an element of a tensor.
public protocol TensorScalar: Sendable, Hashable {
  /// The element type of tensors of it.
  static var dtype: DType { get }
  /// The value nearest to a `Double`; integers truncate towards zero and clamp.
  init(truncating value: Double)
  /// The value as a `Double`, exactly.
  var asDouble: Double { get }
}

extension TensorScalar {
  /// Whether memory of this element type holds values of this Swift type.
  static var isElement: Bool {
    Self.self == Float.self || Self.self == Double.self || Self.self == Int32.self
  }
}

extension Float: TensorScalar {
  public static var dtype: DType { .float32 }
  public init(truncating value: Double) { self = Float(value) }
  public var asDouble: Double { Double(self) }
}

extension Double: TensorScalar {
  public static var dtype: DType { .float64 }
  public init(truncating value: Double) { self = value }
  public var asDouble: Double { self }
}

extension Int32: TensorScalar {
  public static var dtype: DType { .int32 }
  /// Truncates towards zero; values outside the range are clamped and NaN becomes 0.
  public init(truncating value: Double) {
    if value.isNaN {
      self = 0
    } else {
      self = Int32(Swift.max(-2_147_483_648, Swift.min(2_147_483_647, value)))
    }
  }
  public var asDouble: Double { Double(self) }
}
