/// A dense row-major array of numbers, or a symbol that stands for one while a function is traced.
///
/// The same type serves both, so a loss written once runs on values and can be differentiated. A
/// tensor is a value: copies share memory until one of them is written. Operations never trap on
/// bad shapes or mixed element types: the result is an *invalid* tensor that carries the first
/// error, and the error is thrown where values are read, a function is compiled or differentiated.
public struct Tensor: Sendable {
  public let type: TensorType
  package let content: Content

  package enum Content: Sendable {
    /// Memory with `type.count` elements.
    case values(Storage)
    /// The same number everywhere, in no memory: zeros, ones, literals.
    case splat(Double)
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

/// What a tensor holds while a function is traced: an identity in somebody's graph.
package protocol TensorSymbol: Sendable {}

extension Tensor {
  public var shape: [Int] { type.shape }
  public var dtype: DType { type.dtype }
  public var rank: Int { type.rank }
  /// Number of elements.
  public var count: Int { type.count }

  /// A tensor of the given elements in row-major order; a count that does not fit the shape gives
  /// an invalid tensor.
  /// - Complexity: O(count).
  public init<Scalar: TensorScalar>(_ elements: [Scalar], shape: [Int]? = nil) {
    let type = TensorType(shape ?? [elements.count], Scalar.dtype)
    guard type.count == elements.count, type.shape.allSatisfy({ $0 >= 0 }) else {
      self.init(
        invalid: "\(elements.count) elements do not fill the shape \(type.shape)", type: type)
      return
    }
    let storage = Storage(byteCount: type.byteCount)
    elements.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        storage.pointer.copyMemory(from: base, byteCount: bytes.count)
      }
    }
    self.init(type: type, content: .values(storage))
  }

  /// A scalar.
  public init(_ value: Double, dtype: DType = .float32) {
    self.init(type: TensorType([], dtype), content: .splat(value))
  }

  /// The same number everywhere. Takes no memory until it is read.
  public init(repeating value: Double, shape: [Int], dtype: DType = .float32) {
    self.init(type: TensorType(shape, dtype), content: .splat(value))
  }

  public static func zeros(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype)
  }

  public static func zeros(like other: Tensor) -> Tensor {
    Tensor(repeating: 0, shape: other.shape, dtype: other.dtype)
  }

  public static func ones(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 1, shape: shape, dtype: dtype)
  }

  package init(invalid message: String, type: TensorType = TensorType([])) {
    self.init(type: type, content: .invalid(TensorError(message)))
  }

  /// A tensor whose elements are written by `body` (uninitialised memory, row-major).
  package init(type: TensorType, writing body: (UnsafeMutableRawPointer) throws -> Void) rethrows {
    let storage = Storage(byteCount: type.byteCount)
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
    case .values, .splat: true
    case .symbol, .invalid: false
    }
  }
}
