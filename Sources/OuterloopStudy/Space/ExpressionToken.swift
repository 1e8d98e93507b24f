/// The words of the language of conditions and constraints.
enum ExpressionToken: Hashable {
  case number(ParameterValue)
  /// A word without quotation marks: a parameter, a keyword or a text.
  case word(String)
  case quoted(String)
  case sign(String)

  var text: String {
    switch self {
    case .number(let value): value.description
    case .word(let word): word
    case .quoted(let text): "'\(text)'"
    case .sign(let sign): sign
    }
  }

  static let keywords: Set<String> = [
    "and", "or", "not", "in", "if", "true", "false", "log", "step",
  ]

  /// Whether `text` can stand without quotation marks.
  static func isPlainWord(_ text: String) -> Bool {
    guard let first = text.first, isWordStart(first) else { return false }
    return text.allSatisfy(isWordPart) && !keywords.contains(text)
      && Double(text) == nil  // `nan` and `inf` are numbers
  }

  static func isWordStart(_ c: Character) -> Bool { c.isLetter || c == "_" }
  static func isWordPart(_ c: Character) -> Bool {
    c.isLetter || c.isNumber || c == "_" || c == "." || c == ":"
  }

  private static let signs = [
    "==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "(", ")", "[", "]", "{", "}", ",",
  ]

  /// The words of `text`.
  static func scan(_ text: String) throws -> [ExpressionToken] {
    var tokens: [ExpressionToken] = []
    var rest = Substring(text)
    while let c = rest.first {
      if c.isWhitespace {
        rest = rest.dropFirst()
      } else if c == "'" || c == "\"" {
        tokens.append(.quoted(try quoted(&rest, by: c)))
      } else if c.isNumber || (c == "." && rest.dropFirst().first?.isNumber == true) {
        tokens.append(try number(&rest))
      } else if isWordStart(c) {
        let word = rest.prefix(while: isWordPart)
        rest = rest.dropFirst(word.count)
        tokens.append(.word(String(word)))
      } else if let sign = signs.first(where: { rest.hasPrefix($0) }) {
        tokens.append(.sign(sign))
        rest = rest.dropFirst(sign.count)
      } else {
        throw SpaceError("`\(c)` means nothing here", "put texts in quotation marks")
      }
    }
    return tokens
  }

  private static func quoted(_ rest: inout Substring, by mark: Character) throws -> String {
    var text = ""
    rest = rest.dropFirst()
    while let c = rest.popFirst() {
      if c == mark { return text }
      if c == "\\", let next = rest.popFirst() { text.append(next) } else { text.append(c) }
    }
    throw SpaceError("the text \(mark)\(text) does not end", "close it with \(mark)")
  }

  /// A number with optional exponent; a word that begins with a digit, such as `3x3`, is a text.
  private static func number(_ rest: inout Substring) throws -> ExpressionToken {
    var length = 0
    var previous: Character = " "
    for c in rest {
      let isSign = (c == "-" || c == "+") && (previous == "e" || previous == "E")
      guard isWordPart(c) || isSign else { break }
      // `1e-3` is one number, `3e-a` is not; what follows decides.
      if isSign {
        let after = rest.dropFirst(length + 1).first
        guard after?.isNumber == true,
          rest.prefix(length).dropLast().allSatisfy({
            $0.isNumber || $0 == "."
          })
        else { break }
      }
      previous = c
      length += 1
    }
    let word = String(rest.prefix(length))
    rest = rest.dropFirst(length)
    let plain = word.filter { $0 != "_" }
    if let value = Int(plain) { return .number(.int(value)) }
    if let value = Double(plain), plain.first?.isLetter != true {
      guard value.isFinite else {
        throw SpaceError("`\(word)` is not a finite number", "give an ordinary number")
      }
      return .number(.float(value))
    }
    return .quoted(word)
  }
}
