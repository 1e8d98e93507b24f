/// Parses JSON from bytes, including what common writers print for non-finite numbers
/// (``JSON/init(word:)``).
///
/// - Complexity: O(bytes) time. Nesting beyond 64 is refused, so that no input exhausts the stack.
@usableFromInline
package struct JSONReader {
  @usableFromInline
  package struct Failure: Error {
    @usableFromInline
    package init() {}
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0

  package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The value that a text holds; nil if it is not JSON.
  package static func value(_ text: String) -> JSON? {
    var text = text
    return text.withUTF8 { bytes in
      var reader = JSONReader(bytes)
      return try? reader.document()
    }
  }

  /// The value that bytes hold; nil if they are not JSON.
  package static func value(_ bytes: ArraySlice<UInt8>) -> JSON? {
    bytes.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      return try? reader.document()
    }
  }

  /// The numbers of an array that contains only numbers.
  package static func numbers(_ bytes: UnsafeBufferPointer<UInt8>) throws -> [Double] {
    var reader = JSONReader(bytes)
    let numbers = try reader.numbers()
    guard reader.isAtEnd else { throw Failure() }
    return numbers
  }

  /// Whether nothing is left.
  package var isAtEnd: Bool { place == bytes.count }

  /// An array that contains only numbers.
  package mutating func numbers() throws -> [Double] {
    guard take("[") else { throw Failure() }
    var numbers: [Double] = []
    if take("]") { return numbers }
    repeat { numbers.append(try number()) } while take(",")
    guard take("]") else { throw Failure() }
    return numbers
  }

  /// An object that contains only numbers. Of members with the same name the last one counts.
  package mutating func numbersByName() throws -> [String: Double] {
    guard take("{") else { throw Failure() }
    var numbers: [String: Double] = [:]
    if take("}") { return numbers }
    repeat {
      skipSpace()
      let name = try string()
      guard take(":") else { throw Failure() }
      numbers[name] = try number()
    } while take(",")
    guard take("}") else { throw Failure() }
    return numbers
  }

  /// A number; texts for non-finite numbers count too.
  package mutating func number() throws -> Double {
    skipSpace()
    guard let number = try scalar().number else { throw Failure() }
    return number
  }

  package mutating func document() throws -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard place == bytes.count else { throw Failure() }
    return value
  }

  private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      place += 1
    }
  }

  /// Consumes the next byte if it is `character`.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  /// Consumes the next bytes if they are these, without space between.
  package mutating func take(_ expected: [UInt8]) -> Bool {
    guard bytes.count - place >= expected.count else { return false }
    for (index, byte) in expected.enumerated() where bytes[place + index] != byte { return false }
    place += expected.count
    return true
  }

  /// Consumes the next bytes if they are this text, without space between.
  package mutating func take(text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count - place >= count else { return false }
    for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
    place += count
    return true
  }

  private mutating func value(depth: Int) throws -> JSON {
    guard depth < 64 else { throw Failure() }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"):
      place += 1
      var members: [JSON.Member] = []
      if take("}") { return .object([JSON.Member]()) }
      repeat {
        skipSpace()
        let name = try string()
        guard take(":") else { throw Failure() }
        members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
      } while take(",")
      guard take("}") else { throw Failure() }
      return .object(members)
    case UInt8(ascii: "["):
      place += 1
      var values: [JSON] = []
      if take("]") { return .array([]) }
      repeat { values.append(try value(depth: depth + 1)) } while take(",")
      guard take("]") else { throw Failure() }
      return .array(values)
    default: return try scalar()
    }
  }

  /// A text, a number, true, false or null.
  package mutating func scalar() throws -> JSON {
    if peek == UInt8(ascii: "\"") { return .text(try string()) }
    let start = place
    if let number = plainNumber() { return number }
    place = start
    while let byte = peek, !endsWord(byte) { place += 1 }
    let word = UnsafeBufferPointer(rebasing: bytes[start..<place])
    return try need(JSON(word: String(decoding: word, as: UTF8.self)))
  }

  /// A number in the usual form: `12`, `-0.25`, `1.5e-05`, up to 18 digits. Nil leaves `place`
  /// undefined: the number needs the general method, or it is not a number.
  private mutating func plainNumber() -> JSON? {
    let isNegative = peek == UInt8(ascii: "-")
    if isNegative { place += 1 }
    guard let whole = digits(after: 0) else { return nil }
    var decimal = DecimalNumber(digits: whole.value, exponent: 0)
    let isPointed = peek == UInt8(ascii: ".")
    if isPointed {
      place += 1
      guard let behind = digits(after: whole.value) else { return nil }
      decimal = DecimalNumber(digits: behind.value, exponent: -behind.count)
    }
    let hasExponent = peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E")
    if hasExponent {
      place += 1
      let isSmall = peek == UInt8(ascii: "-")
      if isSmall || peek == UInt8(ascii: "+") { place += 1 }
      guard let power = digits(after: 0), power.count < 4 else { return nil }
      decimal.exponent += isSmall ? -Int(power.value) : Int(power.value)
    }
    if let byte = peek, !endsWord(byte) { return nil }
    if !isPointed, !hasExponent {
      let value = Int(decimal.digits)
      return .int(isNegative ? -value : value)
    }
    return decimal.nearest.map { .float(isNegative ? -$0 : $0) }
  }

  /// Whether a number or word ends before this byte.
  private func endsWord(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]")
      || byte == UInt8(ascii: "}")
  }

  /// Consumes digits that continue those of `start`; nil if there is none, or more than 18 in all.
  private mutating func digits(after start: UInt64) -> (value: UInt64, count: Int)? {
    var (value, count) = (start, 0)
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      guard value < 100_000_000_000_000_000 else { return nil }
      value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
      count += 1
      place += 1
    }
    return count == 0 ? nil : (value, count)
  }

  private mutating func string() throws -> String {
    guard peek == UInt8(ascii: "\"") else { throw Failure() }
    place += 1
    let start = place
    while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      place += 1
    }
    let plain = UnsafeBufferPointer(rebasing: bytes[start..<place])
    if take([UInt8(ascii: "\"")]) { return try need(String(validating: plain, as: UTF8.self)) }
    var text = Array(plain)
    while let byte = peek, byte >= 0x20 {
      place += 1
      if byte == UInt8(ascii: "\"") { return try need(String(validating: text, as: UTF8.self)) }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      text.append(contentsOf: String(Character(try escaped())).utf8)
    }
    throw Failure()
  }

  private mutating func escaped() throws -> Unicode.Scalar {
    guard let byte = peek else { throw Failure() }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"):
      let high = try fourHexDigits()
      if let scalar = Unicode.Scalar(high) { return scalar }
      // Two halves of a surrogate pair.
      guard (0xd800..<0xdc00).contains(high), take(Array("\\u".utf8)) else { throw Failure() }
      let low = try fourHexDigits()
      guard (0xdc00..<0xe000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
      else { throw Failure() }
      return scalar
    default: throw Failure()
    }
  }

  private mutating func fourHexDigits() throws -> UInt32 {
    guard bytes.count - place >= 4 else { throw Failure() }
    let digits = String(
      decoding: UnsafeBufferPointer(rebasing: bytes[place..<place + 4]), as: UTF8.self)
    place += 4
    guard digits.allSatisfy(\.isHexDigit) else { throw Failure() }
    return try need(UInt32(digits, radix: 16))
  }
}

/// Unwraps a value that valid JSON must have.
@inlinable
package func need<T>(_ value: T?) throws -> T {
  guard let value else { throw JSONReader.Failure() }
  return value
}
