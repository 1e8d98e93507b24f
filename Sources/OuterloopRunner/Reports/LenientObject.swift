internal import OuterloopText

/// A lenient reader of what looks like a JSON object but need not be one: Python or JavaScript
/// notation, numbers as other languages print them, superfluous commas. Records the first fault.
struct LenientObject {
  /// The names at the top level.
  private(set) var names: [String] = []
  /// The names in nested objects.
  private(set) var inner: Set<String> = []
  /// Why it is not valid JSON; nil: it is.
  private(set) var fault: String?
  /// What follows the object.
  private(set) var rest: ArraySlice<UInt8>

  /// - Parameter text: begins with `{`.
  init(_ text: ArraySlice<UInt8>) { rest = text }

  mutating func read() { object(depth: 0) }

  private mutating func recordFault(_ what: String) { if fault == nil { fault = what } }

  private mutating func skipSpace() {
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: byte) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func object(depth: Int) {
    rest = rest.dropFirst()
    skipSpace()
    if take("}") { return }
    while true {
      skipSpace()
      if take("}") { return recordFault("a comma precedes the }") }
      guard !rest.isEmpty, let name = key() else { return recordFault("its } is missing") }
      if depth == 0 { names.append(name) } else { inner.insert(name) }
      skipSpace()
      if !take(":") {
        guard take("=") else { return recordFault("a colon is missing after `\(name)`") }
        _ = take(">")
        recordFault("names and values are separated by a colon")
      }
      value(of: name, depth: depth)
      skipSpace()
      if take("}") { return }
      if !take(",") {
        return recordFault(
          rest.isEmpty
            ? "its } is missing"
            : "`\(TerminalText.shown(rest, limit: 20))` does not belong after the value of `\(name)`"
        )
      }
    }
  }

  private mutating func key() -> String? {
    if let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      return quoted(quote)
    }
    let word = rest.prefix { !":=,}{ ".utf8.contains($0) }
    guard !word.isEmpty else { return nil }
    rest = rest.dropFirst(word.count)
    recordFault("names have quotation marks in JSON: {\"loss\": 0.5}")
    return String(decoding: word, as: UTF8.self)
  }

  private mutating func quoted(_ quote: UInt8) -> String? {
    if quote == UInt8(ascii: "'") {
      recordFault(
        "JSON has double quotation marks; in Python, print(json.dumps(...)) writes them")
    }
    rest = rest.dropFirst()
    var content: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == quote { return String(decoding: content, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
        content.append(next)
      } else {
        content.append(byte)
      }
    }
    recordFault("a quotation mark is missing")
    return nil
  }

  private mutating func value(of name: String, depth: Int) {
    skipSpace()
    switch rest.first {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = quoted(rest.first ?? 0)
    case UInt8(ascii: "{") where depth < 16: object(depth: depth + 1)
    case UInt8(ascii: "[") where depth < 16: list(of: name, depth: depth)
    default: word(of: name)
    }
  }

  private mutating func list(of name: String, depth: Int) {
    rest = rest.dropFirst()
    skipSpace()
    while !rest.isEmpty, !take("]") {
      value(of: name, depth: depth + 1)
      skipSpace()
      if !take(","), rest.first != UInt8(ascii: "]") { return recordFault("a ] is missing") }
      skipSpace()
    }
  }

  /// A number, a boolean, or what other languages write for them: up to a comma, a brace or a space
  /// outside parentheses.
  private mutating func word(of name: String) {
    var open = 0
    let word = rest.prefix { byte in
      if byte == UInt8(ascii: "(") { open += 1 }
      if byte == UInt8(ascii: ")") { open -= 1 }
      return open > 0 || !",}] ".utf8.contains(byte)
    }
    rest = rest.dropFirst(word.count)
    let text = String(decoding: word, as: UTF8.self)
    let digits = text.drop { $0 == "-" || $0 == "+" }
    if JSON(word: text) != nil { return }
    switch text {
    case "": recordFault("`\(name)` has no value")
    case "None", "True", "False":
      recordFault(
        "`\(text)` is Python's; JSON has null, true and false, and json.dumps writes them")
    default:
      if Double(text) == nil {
        recordFault(
          "`\(name)` is \(TerminalText.shown(word, limit: 40)), which is not a JSON number")
      } else if digits.hasPrefix(".") {
        recordFault("a number begins with a digit in JSON: 0\(digits)")
      } else if text.hasPrefix("+") {
        recordFault("a number has no plus sign in JSON: \(digits)")
      } else {
        recordFault("\(text) is not a JSON number")
      }
    }
  }
}
