/// A dense row-major array of numbers, or a symbol that stands for one while a function is traced.
///
/// The same type serves both, so a loss written once runs on values and can be differentiated. A
/// tensor is a value: copies share memory until one of them is written. Operations never trap on
/// bad shapes or mixed element types: the result is an *invalid* tensor that carries the first
/// error, and the error is thrown where values are read, a function is compiled or differentiated.
public struct Tensor: Sendable {
  /// Shape and element type.
  public let type: TensorType
  package let content: Content

  package enum Content: Sendable {
    /// Memory with `type.count` elements.
    case values(Storage)
    /// The same number everywhere, in no memory: zeros, ones.
    case splat(Double)
    /// A scalar written as a plain number: it adopts the element type of the other operand.
    case number(Double)
    /// A node of a trace (owned by the differentiable core).
    case symbol(any TensorSymbol)
    /// The result of an operation that could not be applied.
    case invalid(TensorError)
  }

  package init(type: TensorType, content: Content) {
    self.type = type
    self.content = content
  }
}

/// What a tensor holds while a function is traced: the identity of a node in a graph.
package protocol TensorSymbol: Sendable {}

extension Tensor {
  /// Row-major sizes; empty for a scalar.
  public var shape: [Int] { type.shape }
  /// The element type.
  public var dtype: DType { type.dtype }
  /// The number of axes; 0 for a scalar.
  public var rank: Int { type.rank }
  /// Number of elements.
  public var count: Int { type.count }

  /// A tensor of the given elements in row-major order, of their element type; a count that does
  /// not fit the shape gives an invalid tensor.
  /// - Complexity: O(count).
  @_disfavoredOverload
  public init<Scalar: TensorScalar>(_ elements: [Scalar], shape: [Int]? = nil) {
    self.init(filling: elements, shape)
  }

  /// The same; numbers that are written out are float32, as everywhere: `Tensor([1, 2.5])`.
  public init(_ elements: [Float], shape: [Int]? = nil) { self.init(filling: elements, shape) }

  /// A tensor of the given elements, converted to an element type.
  /// - Complexity: O(count).
  public init(_ elements: [Double], shape: [Int]? = nil, dtype: DType) {
    switch dtype {
    case .float32: self.init(filling: elements.map { Float($0) }, shape)
    case .float64: self.init(filling: elements, shape)
    case .int32: self.init(filling: elements.map { Int32(truncating: $0) }, shape)
    }
  }

  private init<Scalar: TensorScalar>(filling elements: [Scalar], _ shape: [Int]?) {
    let type = TensorType(shape ?? [elements.count], Scalar.dtype)
    guard type.flaw == nil, type.count == elements.count else {
      self.init(invalid: "\(elements.count) elements do not fill the shape \(type.shape)")
      return
    }
    guard Scalar.isElement else {
      // A caller-defined type.
      self.init(elements.map(\.asDouble), shape: shape, dtype: Scalar.dtype)
      return
    }
    self.init(type: type) { pointer in
      elements.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          pointer.copyMemory(from: base, byteCount: bytes.count)
        }
      }
    }
  }

  /// A scalar that is a plain number: float32 by itself, and of the other operand's element type in
  /// an operation, like a number in a formula. `v + Tensor(0.5)` is `v + 0.5`.
  public init(_ value: Double) {
    self.init(type: TensorType([]), content: .number(value))
  }

  /// A scalar of an element type.
  public init(_ value: Double, dtype: DType) {
    self.init(type: TensorType([], dtype), content: .splat(value))
  }

  /// The same number everywhere. Takes no memory until it is read. A negative size gives an invalid
  /// tensor.
  public init(repeating value: Double, shape: [Int], dtype: DType = .float32) {
    let type = TensorType(shape, dtype)
    if let flaw = type.flaw {
      self.init(invalid: "a tensor of shape \(shape): \(flaw)")
    } else {
      self.init(type: type, content: .splat(value))
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype)
  }

  /// Zeros of the same shape and element type; the error of an invalid tensor stays.
  public static func zeros(like other: Tensor) -> Tensor {
    if case .invalid = other.content { return other }
    return Tensor(repeating: 0, shape: other.shape, dtype: other.dtype)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 1, shape: shape, dtype: dtype)
  }

  /// The result of an operation that cannot be applied: the first error among its operands, or a
  /// new one.
  package init(invalid message: @autoclosure () -> String, operands: Tensor...) {
    let error = operands.lazy.compactMap(\.error).first ?? TensorError(message())
    self.init(type: TensorType([]), content: .invalid(error))
  }

  /// A tensor whose elements are written by `body` (uninitialised memory, row-major); invalid where
  /// they do not fit into memory.
  package init(type: TensorType, writing body: (UnsafeMutableRawPointer) throws -> Void) rethrows {
    let storage: Storage
    do throws(TensorError) {
      storage = try Storage.checked(byteCount: type.byteCount, for: "\(type)")
    } catch {
      self.init(type: TensorType([]), content: .invalid(error))
      return
    }
    try body(storage.pointer)
    self.init(type: type, content: .values(storage))
  }

  /// The error this tensor carries, if an operation that led to it could not be applied.
  public var error: TensorError? {
    if case .invalid(let error) = content { return error }
    return nil
  }

  /// Whether the tensor has values (rather than being a symbol or invalid).
  public var isConcrete: Bool {
    switch content {
    case .values, .splat, .number: true
    case .symbol, .invalid: false
    }
  }

  /// A plain number in another element type; every other tensor as it is.
  package func taking(_ dtype: DType) -> Tensor {
    if case .number(let value) = content { return Tensor(value, dtype: dtype) }
    return self
  }

  /// Whether this is a plain number, which adopts the element type of the other operand.
  package var isPlainNumber: Bool { if case .number = content { true } else { false } }
}
