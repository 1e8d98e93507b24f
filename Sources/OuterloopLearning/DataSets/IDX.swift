/// An array from an IDX file, the format of MNIST.
///
/// The file is a big-endian magic number `0x0000TTDD` (`TT` the element type, `DD` the number of
/// dimensions), `DD` big-endian 32-bit sizes, then the elements, row-major and big-endian. It may
/// be gzip, whatever its name. Source: Y. LeCun, "The MNIST database of handwritten digits".
public struct IDX: Sendable, Equatable {
  /// The type of the elements; the raw value is the `TT` of the magic number.
  public enum Element: UInt8, Sendable, CaseIterable {
    /// Unsigned bytes.
    case uint8 = 0x08
    /// Signed bytes.
    case int8 = 0x09
    /// Signed numbers of two bytes.
    case int16 = 0x0B
    /// Signed numbers of four bytes.
    case int32 = 0x0C
    /// IEEE numbers of four bytes.
    case float32 = 0x0D
    /// IEEE numbers of eight bytes.
    case float64 = 0x0E

    /// Bytes of one element.
    public var width: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The type of the elements.
  public let element: Element
  /// The sizes, outermost first: `[60000, 28, 28]`.
  public let shape: [Int]
  /// The elements as they stand in the file, big-endian.
  public let bytes: [UInt8]
  /// The file the array came from.
  public let source: String

  /// The number of elements: the product of `shape`.
  public var count: Int { bytes.count / element.width }

  /// Where the elements begin in the file.
  var dataOffset: Int { 4 + 4 * shape.count }

  /// Reads a file, plain or gzip.
  ///
  /// - Parameter limit: the limit on the decompressed size in bytes.
  /// - Throws: `DataError` when the file is missing, forbidden, a folder, empty, not IDX,
  ///   truncated, damaged, too long, or states impossible sizes.
  /// - Complexity: O(bytes) time and memory; a header alone allocates nothing.
  public static func read(_ path: String, limit: Int = standardDataLimit) throws -> IDX {
    try read(ByteStream(path: path, limit: limit), limit: limit)
  }

  /// The same for a file in memory; `named` stands for its path in messages.
  ///
  /// - Throws: `DataError` that names the byte.
  public static func read(
    bytes: [UInt8], named: String, limit: Int = standardDataLimit
  ) throws -> IDX {
    try read(ByteStream(bytes: bytes, name: named, limit: limit), limit: limit)
  }

  static func read(_ stream: ByteStream, limit: Int) throws(DataError) -> IDX {
    let (element, dimensions) = try readMagic(stream)
    var header: [UInt8] = []
    guard try stream.read(4 * dimensions, into: &header) == 4 * dimensions else {
      throw DataError(
        .truncated, file: stream.name, byte: stream.offset,
        what: "the file ends inside its \(dimensions) sizes", remedy: downloadAgain(stream.name))
    }
    let shape = (0..<dimensions).map { Int(bigEndian(header, 4 * $0, 4)) }
    let sizes = sizesText(shape)
    guard let expected = product(shape + [element.width]), expected <= Int.max - 4096 else {
      throw DataError(
        .header, file: stream.name, byte: 4, what: "impossible sizes \(sizes)",
        remedy: downloadAgain(stream.name))
    }
    // A file whose size is known is refused before anything is read or allocated for it.
    if let size = stream.size {
      try compare(size - stream.offset, expected, sizes, stream)
    }
    guard expected <= limit else {
      throw DataError(
        .tooLarge, file: stream.name,
        what: "\(sizes) takes \(grouped(expected)) bytes, the limit is \(grouped(limit))",
        remedy: "split the file, or raise the limit")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(expected, 1 << 20))
    try compare(stream.read(expected, into: &bytes), expected, sizes, stream)
    // Reading past the end verifies a gzip stream.
    var rest: [UInt8] = []
    try compare(expected + stream.read(1, into: &rest), expected, sizes, stream)
    return IDX(element: element, shape: shape, bytes: bytes, source: stream.name)
  }

  private static func readMagic(_ stream: ByteStream) throws(DataError) -> (Element, Int) {
    var magic: [UInt8] = []
    let count = try stream.read(4, into: &magic)
    guard count > 0 else {
      throw DataError(
        .empty, file: stream.name, what: "the file is empty", remedy: downloadAgain(stream.name))
    }
    guard count == 4 else {
      throw DataError(
        .truncated, file: stream.name, byte: count,
        what: "the file ends inside its magic number", remedy: downloadAgain(stream.name))
    }
    guard magic[0] == 0, magic[1] == 0, let element = Element(rawValue: magic[2]) else {
      let hex = magic.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
      throw DataError(
        .wrongKind, file: stream.name,
        what: "not an IDX file: it begins with 0x\(hex), not with 0x0000 and a type 08...0e",
        remedy: "check that this is an IDX file; a failed download may have left a web page")
    }
    guard magic[3] > 0 else {
      throw DataError(
        .header, file: stream.name, byte: 3, what: "an array without dimensions",
        remedy: downloadAgain(stream.name))
    }
    return (element, Int(magic[3]))
  }

  private static func compare(
    _ found: Int, _ expected: Int, _ sizes: String, _ stream: ByteStream
  ) throws(DataError) {
    if found < expected {
      throw DataError(
        .truncated, file: stream.name,
        what: "\(grouped(expected)) bytes expected for \(sizes)"
          + " but the file ends after \(grouped(found))",
        remedy: downloadAgain(stream.name))
    }
    if found > expected {
      throw DataError(
        .trailing, file: stream.name,
        what: "\(grouped(expected)) bytes expected for \(sizes) but more follow",
        remedy: downloadAgain(stream.name))
    }
  }

  /// Sizes for a message: `60000x28x28`, abbreviated if there are many.
  static func sizesText(_ shape: [Int]) -> String {
    let text = shape.prefix(6).map(String.init).joined(separator: "x")
    return shape.count > 6 ? text + "x... (\(shape.count) sizes)" : text
  }

  /// The unsigned number in `width` bytes from `start` on.
  static func bigEndian(_ bytes: [UInt8], _ start: Int, _ width: Int) -> UInt64 {
    var value: UInt64 = 0
    for at in start..<(start + width) { value = value << 8 | UInt64(bytes[at]) }
    return value
  }
}
