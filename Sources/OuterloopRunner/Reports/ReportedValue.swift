internal import OuterloopText

// A value in a program's report: its number, and its text in messages.
extension JSON {
  /// The members of the object that a line consists of; nil if it is anything else. The last of
  /// duplicate members counts.
  static func members(ofLine line: ArraySlice<UInt8>) -> [String: JSON]? {
    guard let members = JSONReader.value(line)?.members else { return nil }
    return Dictionary(members.map { ($0.name, $0.value) }) { $1 }
  }

  /// The number it means: numbers themselves, and texts such as `"NaN"` and `"inf"`.
  var reported: Double? {
    if case .text(let text) = self { JSON.notFinite(text) } else { number }
  }

  /// Texts without quotation marks.
  var plain: String {
    if case .text(let text) = self { text } else { shown }
  }

  /// Its text in messages.
  var shown: String {
    switch self {
    case .float(let value): "\(value)"
    case .text(let text): "\"\(text)\""
    case .array, .object: "a list or an object"
    case .null, .bool, .int: description
    }
  }
}
