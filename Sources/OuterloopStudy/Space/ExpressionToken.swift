/// The tokens of the language of conditions and constraints.
enum ExpressionToken: Hashable {
  case number(ParameterValue)
  /// A word without quotation marks: a parameter, a keyword or a text.
  case word(String)
  /// `` `learning rate/2` ``: a parameter whose name is not a plain word.
  case name(String)
  case quoted(String)
  case sign(String)

  /// As written in the formula.
  var text: String {
    switch self {
    case .number(let value): value.description
    case .word(let word): word
    case .name(let name): "`\(name)`"
    case .quoted(let text): "'\(text)'"
    case .sign(let sign): sign
    }
  }

  static let keywords: Set<String> = ["and", "or", "not", "in", "if", "true", "false"]

  /// Whether `text` means itself without quotation marks.
  static func isPlainWord(_ text: String) -> Bool {
    guard let words = try? scan(text), words == [.word(text)] else { return false }
    return !keywords.contains(text)
  }

  private static func isWordPart(_ c: Character) -> Bool {
    c.isLetter || c.isNumber || c == "_" || c == "." || c == ":"
  }

  private static let signs: Set<Character> = [
    "<", ">", "=", "+", "-", "*", "/", "(", ")", "[", "]", "{", "}", ",",
  ]

  /// The tokens of `text`.
  static func scan(_ text: String) throws -> [ExpressionToken] {
    var tokens: [ExpressionToken] = []
    var rest = Substring(text)
    while let c = rest.first {
      if c.isWhitespace {
        rest.removeFirst()
      } else if c == "'" || c == "\"" {
        tokens.append(.quoted(try quoted(&rest)))
      } else if c == "`" {
        tokens.append(.name(try quoted(&rest)))
      } else if c.isASCIIDigit || (c == "." && rest.dropFirst().first?.isASCIIDigit == true) {
        tokens.append(try number(&rest))
      } else if c.isLetter || c == "_" {
        tokens.append(.word(word(&rest)))
      } else if "=!<>".contains(c), rest.dropFirst().first == "=" {
        tokens.append(.sign("\(c)="))
        rest.removeFirst(2)
      } else if signs.contains(c) {
        tokens.append(.sign(String(c)))
        rest.removeFirst()
      } else {
        let remedies: [Character: String] = [
          "&": "write `and`", "|": "write `or`", "!": "write `not`",
        ]
        throw SpaceError("`\(c)` means nothing here", remedies[c] ?? "put texts in quotation marks")
      }
    }
    return tokens
  }

  /// A string up to the quotation mark that it begins with; a backslash escapes the next character.
  static func quoted(_ rest: inout Substring) throws -> String {
    let mark = rest.removeFirst()
    var text = ""
    while let c = rest.popFirst() {
      if c == mark { return text }
      if c == "\\", let next = rest.popFirst() { text.append(next) } else { text.append(c) }
    }
    throw SpaceError("the text \(mark)\(text) does not end", "close it with \(mark)")
  }

  /// Letters, digits, `_ . :`, and hyphens between such: `learning-rate` is one word, `low - high` is
  /// three.
  private static func word(_ rest: inout Substring) -> String {
    var end = rest.startIndex
    while end < rest.endIndex {
      let next = rest.index(after: end)
      let isHyphen =
        rest[end] == "-" && end > rest.startIndex && next < rest.endIndex && isWordPart(rest[next])
        && rest[rest.index(before: end)] != "-"
      guard isHyphen || isWordPart(rest[end]) else { break }
      end = next
    }
    defer { rest = rest[end...] }
    return String(rest[..<end])
  }

  /// `64`, `1_000`, `0.5`, `1e-3`; with more letters, as in `3x3` or `1.2.3`, it is a text.
  private static func number(_ rest: inout Substring) throws -> ExpressionToken {
    var after = rest
    func digits() { after = after.drop { $0.isASCIIDigit || $0 == "_" } }
    digits()
    if after.first == "." {
      after.removeFirst()
      digits()
    }
    if let e = after.first, e == "e" || e == "E" {
      let exponent = after.dropFirst().drop { $0 == "-" || $0 == "+" }
      let signs = after.count - 1 - exponent.count
      if exponent.first?.isASCIIDigit == true, signs <= 1 {
        after = exponent
        digits()
      }
    }
    let isText = after.first.map(isWordPart) ?? false
    if isText { after = after.drop(while: isWordPart) }
    let text = String(rest[..<after.startIndex])
    rest = after
    let value = ParameterValue(plain: text)
    guard !isText, let number = value.number else { return .quoted(text) }
    guard number.isFinite else {
      throw SpaceError("`\(text)` is not a finite number", "give a finite number")
    }
    return .number(value)
  }
}
