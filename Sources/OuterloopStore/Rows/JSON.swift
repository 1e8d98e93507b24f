internal import OuterloopStudy

/// A JSON value that keeps what JSON can say and a store must not lose: whether a number was written
/// as an integer or as a real, and the order of an object's keys. Numbers that are not finite are
/// the texts `NaN`, `Infinity` and `-Infinity`.
enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case int(Int)
  case float(Double)
  case text(String)
  case array([JSON])
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: JSON
  }

  static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var int: Int? { if case .int(let int) = self { int } else { number.flatMap(Int.init(exactly:)) } }
  var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
  var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// The number, with the texts that stand for those that are not finite.
  var number: Double? {
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
  var description: String {
    var text = ""
    write(to: &text)
    return text
  }

  func write(to text: inout String) {
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

  static func write(_ number: Double, to text: inout String) {
    if number.isFinite {
      // The shortest form that reads back as the same number; always with a point or an exponent.
      text += number.description
    } else {
      text += number.isNaN ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\""
    }
  }
}

// What may not be there is null.
extension JSON {
  static func text(_ value: String?) -> JSON { value.map(JSON.text) ?? .null }
  static func int(_ value: Int?) -> JSON { value.map(JSON.int) ?? .null }
  static func float(_ value: Double?) -> JSON { value.map(JSON.float) ?? .null }
}

extension JSON: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
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
