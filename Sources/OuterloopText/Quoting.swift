extension String {
  /// As a quoted JSON string.
  package var jsonString: String {
    var text = ""
    writeJSONString(to: &text)
    return text
  }

  /// Appends it as a quoted JSON string.
  package func writeJSONString(to text: inout String) {
    text += "\""
    if utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      text += self
    } else {
      for scalar in unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case let control where control.value < 0x20:
          let digits = String(control.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }
}

/// A field quoted as in RFC 4180.
package enum CSVField {
  package static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { !Array("\",\r\n".utf8).contains($0) }
    guard !isPlain else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
