/// A value in a JSON object, as far as reports need it.
enum JSONScalar: Hashable {
  case number(Double)
  case text(String)
  case bool(Bool)
  case null
  /// An array or object, whose content is passed over.
  case nested

  /// The number it means: numbers themselves, and texts such as `"NaN"` and `"Infinity"`.
  var number: Double? {
    switch self {
    case .number(let value): value
    case .text(let text): Self.notFinite(text)
    case .bool, .null, .nested: nil
    }
  }

  /// Texts without quotation marks, whole numbers without a point.
  var plain: String {
    switch self {
    case .text(let text): text
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .bool, .null, .nested: text
    }
  }

  /// As a message shows it.
  var text: String {
    switch self {
    case .number(let value): "\(value)"
    case .text(let text): "\"\(text)\""
    case .bool(let value): "\(value)"
    case .null: "null"
    case .nested: "a list or an object"
    }
  }
}

extension JSONScalar {
  /// What stands bare: a number, a truth value or null. Beyond the standard it is what widespread
  /// writers print for numbers that are not finite: `NaN`, `Infinity` and `-Infinity`, as Python and
  /// JavaScript have them, and what C's printf makes of them, `nan`, `-inf`, `-nan(ind)`.
  init?(word text: String) {
    switch text {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    case "null": self = .null
    default:
      // `Double` also takes hexadecimal numbers and a sign in front.
      if let first = text.utf8.first, first == UInt8(ascii: "-") || Self.isDigit(first),
        text.utf8.allSatisfy({ Self.isDigit($0) || "+-.eE".utf8.contains($0) }),
        let number = Double(text)
      {
        // After a sign there is a digit too.
        guard
          text.utf8.dropFirst(first == UInt8(ascii: "-") ? 1 : 0).first.map(Self.isDigit) == true
        else { return nil }
        self = .number(number)
      } else if let number = Self.notFinite(text) {
        self = .number(number)
      } else {
        return nil
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func notFinite(_ text: String) -> Double? {
    let sign = text.first == "-" || text.first == "+" ? text.first : nil
    switch text.dropFirst(sign == nil ? 0 : 1).lowercased() {
    case "nan", "nan(ind)", "nan(snan)", "1.#qnan", "1.#ind", "1.#snan": return .nan
    case "inf", "infinity", "1.#inf": return sign == "-" ? -.infinity : .infinity
    default: return nil
    }
  }
}

/// Reads one JSON object whose members are scalars; lists and objects in it are checked and passed
/// over.
///
/// - Complexity: O(bytes) time. Nesting beyond 64 is refused, so that no input exhausts the stack.
struct JSONObjectReader {
  private let bytes: ArraySlice<UInt8>
  private var place: Int

  /// The members of the object that `line` consists of; nil if it is anything else. Of members with
  /// one name the last counts.
  static func members(of line: ArraySlice<UInt8>) -> [String: JSONScalar]? {
    var reader = JSONObjectReader(bytes: line, place: line.startIndex)
    reader.skipSpace()
    guard let members = reader.object(depth: 0) else { return nil }
    reader.skipSpace()
    return reader.place == line.endIndex ? members : nil
  }

  private var next: UInt8? { place < bytes.endIndex ? bytes[place] : nil }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a {
      place += 1
    }
  }

  private mutating func object(depth: Int) -> [String: JSONScalar]? {
    guard depth < 64, take("{") else { return nil }
    var members: [String: JSONScalar] = [:]
    skipSpace()
    if take("}") { return members }
    repeat {
      skipSpace()
      guard let name = string() else { return nil }
      skipSpace()
      guard take(":"), let value = value(depth: depth) else { return nil }
      members[name] = value
    } while take(",")
    return take("}") ? members : nil
  }

  private mutating func array(depth: Int) -> Bool {
    guard depth < 64, take("[") else { return false }
    skipSpace()
    if take("]") { return true }
    repeat {
      guard value(depth: depth) != nil else { return false }
    } while take(",")
    return take("]")
  }

  /// A value, and the white space around it.
  private mutating func value(depth: Int) -> JSONScalar? {
    skipSpace()
    defer { skipSpace() }
    switch next {
    case UInt8(ascii: "\""): return string().map(JSONScalar.text)
    case UInt8(ascii: "{"): return object(depth: depth + 1).map { _ in .nested }
    case UInt8(ascii: "["): return array(depth: depth + 1) ? .nested : nil
    default: return word()
    }
  }

  /// A number, a truth value or null.
  private mutating func word() -> JSONScalar? {
    let end =
      bytes[place...].firstIndex { byte in
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
          || byte <= 0x20
      } ?? bytes.endIndex
    let text = String(decoding: bytes[place..<end], as: UTF8.self)
    place = end
    return JSONScalar(word: text)
  }

  private mutating func string() -> String? {
    guard take("\"") else { return nil }
    var content: [UInt8] = []
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(validating: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let scalar = escaped() else { return nil }
        content.append(contentsOf: String(scalar).utf8)
      case 0..<0x20: return nil
      default: content.append(byte)
      }
    }
    return nil
  }

  private mutating func escaped() -> Unicode.Scalar? {
    guard let byte = next else { return nil }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): break
    default: return nil
    }
    guard let unit = hexadecimal() else { return nil }
    // Beyond the first plane two escapes make one character.
    guard (0xd800..<0xdc00).contains(unit) else { return Unicode.Scalar(unit) }
    guard take("\\"), take("u"), let low = hexadecimal(), (0xdc00..<0xe000).contains(low) else {
      return nil
    }
    return Unicode.Scalar(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
  }

  private mutating func hexadecimal() -> UInt32? {
    guard place + 4 <= bytes.endIndex else { return nil }
    let text = String(decoding: bytes[place..<place + 4], as: UTF8.self)
    guard text.utf8.count == 4, text.allSatisfy(\.isHexDigit) else { return nil }
    place += 4
    return UInt32(text, radix: 16)
  }
}
