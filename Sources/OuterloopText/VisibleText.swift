// Names, choices and messages come from people, files and programs. On a terminal a control character
// in them would move the cursor, or colour or hide what follows, so it is escaped.
extension String {
  /// The text on one line without control characters: line breaks as `\n`, other control characters,
  /// direction marks and line separators as JSON escapes such as `\u001b`.
  ///
  /// - Complexity: O(length); texts without such characters are returned as they are.
  package var visible: String { escaped(sparing: []) }

  /// Like `visible`, for a text of several lines: line breaks and tabs stay.
  package var visibleLines: String { escaped(sparing: ["\n", "\t"]) }

  /// Like `visible`, except for some characters.
  package func escaped(sparing spared: Set<Unicode.Scalar>) -> String {
    // A fast check for plain ASCII.
    var copy = self
    let isPlain = copy.withUTF8 { $0.allSatisfy { $0 >= 0x20 && $0 < 0x7f } }
    guard !isPlain, unicodeScalars.contains(where: { $0.isObeyed && !spared.contains($0) }) else {
      return self
    }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isObeyed, !spared.contains(scalar) {
        text += scalar.written
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether a terminal or text layout interprets it instead of showing it.
  fileprivate var isObeyed: Bool {
    switch value {
    case 0...0x1f, 0x7f...0x9f: true
    // Marks, embeddings, overrides and isolates of writing direction.
    case 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
    // Separators of lines and paragraphs.
    case 0x2028, 0x2029: true
    default: false
    }
  }

  fileprivate var written: String {
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
