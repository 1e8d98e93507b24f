/// A JSON value that keeps what a store must not lose: whether a number was written as an integer or
/// as a real, and the order of an object's keys. Non-finite numbers are the texts `NaN`, `Infinity`
/// and `-Infinity`.
package enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case int(Int)
  case float(Double)
  case text(String)
  case array([JSON])
  case object([Member])

  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSON

    package init(name: String, value: JSON) {
      self.name = name
      self.value = value
    }
  }

  package static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  package subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  package var text: String? { if case .text(let text) = self { text } else { nil } }
  package var int: Int? {
    if case .int(let int) = self { int } else { number.flatMap(Int.init(exactly:)) }
  }
  package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  package var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
  package var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// The number; texts for non-finite numbers count too.
  package var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .float(let value): value
    case .text("NaN"): .nan
    case .text("Infinity"): .infinity
    case .text("-Infinity"): -.infinity
    default: nil
    }
  }
}

extension JSON: CustomStringConvertible {
  package var description: String {
    var text = ""
    write(to: &text)
    return text
  }

  package func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .float(let value): Self.write(value, to: &text)
    case .text(let value): value.writeJSONString(to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        member.name.writeJSONString(to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  /// On several lines, for people.
  package var lines: String {
    var text = ""
    writeLines(to: &text, indent: "")
    return text
  }

  private var isPlain: Bool {
    switch self {
    case .null, .bool, .int, .float, .text: true
    case .array(let values): values.isEmpty
    case .object(let members): members.isEmpty
    }
  }

  private func writeLines(to text: inout String, indent: String) {
    guard !isPlain else { return write(to: &text) }
    let inner = indent + "  "
    switch self {
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + inner
        value.writeLines(to: &text, indent: inner)
      }
      text += "\n\(indent)]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        text += (index > 0 ? ",\n" : "\n") + inner
        member.name.writeJSONString(to: &text)
        text += ": "
        member.value.writeLines(to: &text, indent: inner)
      }
      text += "\n\(indent)}"
    case .null, .bool, .int, .float, .text: write(to: &text)
    }
  }

  package static func write(_ number: Double, to text: inout String) {
    if number.isFinite {
      // The shortest form that reads back as the same number; always with a point or an exponent.
      text += number.description
    } else {
      text += number.isNaN ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\""
    }
  }
}

// Optional values, which are null if absent.
extension JSON {
  package static func text(_ value: String?) -> JSON { value.map(JSON.text) ?? .null }
  package static func int(_ value: Int?) -> JSON { value.map(JSON.int) ?? .null }
  package static func float(_ value: Double?) -> JSON { value.map(JSON.float) ?? .null }
}

extension JSON: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package func encode(to encoder: any Encoder) throws {
    if case .object(let members) = self {
      var container = encoder.container(keyedBy: Key.self)
      for member in members {
        try container.encode(member.value, forKey: Key(stringValue: member.name))
      }
      return
    }
    var container = encoder.singleValueContainer()
    switch self {
    case .null, .object: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .float(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    }
  }
}

extension JSON {
  /// An unquoted scalar: a number, a boolean or null; nil if it is none. Beyond the standard, it accepts
  /// what common writers print for non-finite numbers: `NaN`, `Infinity` and `-Infinity`, as in Python
  /// and JavaScript, and `nan`, `-inf`, `-nan(ind)`, as printed by C's printf.
  package init?(word text: String) {
    switch text {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    case "null": self = .null
    default:
      if let number = Self.finite(text) {
        self = number
      } else if let number = Self.notFinite(text) {
        self = .float(number)
      } else {
        return nil
      }
    }
  }

  /// The number of a text such as `"NaN"` and `"-inf"`; nil if it is not such a text.
  package static func notFinite(_ text: String) -> Double? {
    let sign = text.first == "-" || text.first == "+" ? text.first : nil
    switch text.dropFirst(sign == nil ? 0 : 1).lowercased() {
    case "nan", "nan(ind)", "nan(snan)", "1.#qnan", "1.#ind", "1.#snan": return .nan
    case "inf", "infinity", "1.#inf": return sign == "-" ? -.infinity : .infinity
    default: return nil
    }
  }

  /// A number in decimal digits, an integer where it is written as one and fits.
  private static func finite(_ text: String) -> JSON? {
    // `Double` also takes hexadecimal numbers, and a sign in front of a point.
    let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
    guard let first = text.utf8.drop(while: { $0 == UInt8(ascii: "-") }).first, isDigit(first),
      text.utf8.allSatisfy({ isDigit($0) || "+-.eE".utf8.contains($0) })
    else { return nil }
    return Int(text).map(JSON.int) ?? Double(text).map(JSON.float)
  }
}
