/// Reads conditions and constraints:
///
///     optimizer == sgd and not (layers > 3 or width in [64, 128])
///     low + 0.1 <= high
///
/// A bare word is a parameter if the space has one of that name, else a text. Texts that look like
/// something else are quoted. Binding, weakest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`.
struct ExpressionParser {
  private let tokens: [ExpressionToken]
  private var position = 0
  private let parameters: [Parameter]

  /// The truth value that `text` states about `parameters`.
  static func predicate(_ text: String, over parameters: [Parameter]) throws -> Expression {
    var parser = ExpressionParser(
      tokens: try ExpressionToken.scan(text), parameters: parameters)
    let expression = try parser.disjunction()
    if let extra = parser.next {
      throw SpaceError(
        "`\(extra.text)` is left over after `\(expression.text)`",
        "join comparisons with `and` or `or`")
    }
    try ExpressionCheck(parameters: parameters).predicate(expression)
    return expression
  }

  private init(tokens: [ExpressionToken], parameters: [Parameter]) {
    self.tokens = tokens
    self.parameters = parameters
  }

  private var next: ExpressionToken? { position < tokens.count ? tokens[position] : nil }

  private mutating func take(_ token: ExpressionToken) -> Bool {
    guard next == token else { return false }
    position += 1
    return true
  }

  private mutating func disjunction() throws -> Expression {
    var left = try conjunction()
    while take(.word("or")) { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws -> Expression {
    var left = try negation()
    while take(.word("and")) { left = .and(left, try negation()) }
    return left
  }

  private mutating func negation() throws -> Expression {
    take(.word("not")) ? .not(try negation()) : try comparison()
  }

  private mutating func comparison() throws -> Expression {
    let left = try sum()
    if take(.word("in")) { return .membership(left, try list()) }
    if next == .word("not"), position + 1 < tokens.count, tokens[position + 1] == .word("in") {
      position += 2
      return .not(.membership(left, try list()))
    }
    if take(.sign("=")) { return .comparison(.equal, left, try sum()) }
    for sign in Expression.Comparison.allCases where take(.sign(sign.rawValue)) {
      return .comparison(sign, left, try sum())
    }
    return left
  }

  private mutating func sum() throws -> Expression {
    var left = try product()
    while true {
      if take(.sign("+")) {
        left = .arithmetic(.add, left, try product())
      } else if take(.sign("-")) {
        left = .arithmetic(.subtract, left, try product())
      } else {
        return left
      }
    }
  }

  private mutating func product() throws -> Expression {
    var left = try atom()
    while true {
      if take(.sign("*")) {
        left = .arithmetic(.multiply, left, try atom())
      } else if take(.sign("/")) {
        left = .arithmetic(.divide, left, try atom())
      } else {
        return left
      }
    }
  }

  private mutating func atom() throws -> Expression {
    guard let token = next else {
      throw SpaceError("the expression ends too early", "complete it, as in `optimizer == sgd`")
    }
    position += 1
    switch token {
    case .sign("("):
      let inner = try disjunction()
      guard take(.sign(")")) else {
        throw SpaceError("a `(` is not closed", "add the missing `)`")
      }
      return inner
    case .sign("-"):
      return switch try atom() {
      case .literal(.int(let value)): .literal(.int(-value))
      case .literal(.float(let value)): .literal(.float(-value))
      case let other: .arithmetic(.subtract, .literal(.int(0)), other)
      }
    case .sign(let sign):
      throw SpaceError(
        "`\(sign)` stands where a value should", "write a parameter or a value there")
    case .number(let value): return .literal(value)
    case .quoted(let text): return .literal(.text(text))
    case .word("true"): return .literal(.bool(true))
    case .word("false"): return .literal(.bool(false))
    case .word(let word):
      if let index = parameters.firstIndex(where: { $0.name == word }) {
        return .parameter(index, name: word)
      }
      return .literal(.text(word))
    }
  }

  /// `[a, b, c]`, also in parentheses or braces.
  private mutating func list() throws -> [ParameterValue] {
    let pairs = ["[": "]", "(": ")", "{": "}"]
    guard case .sign(let open) = next, let close = pairs[open] else {
      throw SpaceError("`in` needs a list", "write it as in `units in [64, 128]`")
    }
    position += 1
    var values: [ParameterValue] = []
    repeat {
      let item = try atom()
      switch item {
      case .literal(let value): values.append(value)
      case .parameter(_, let name): values.append(.text(name))
      default: throw SpaceError("`\(item.text)` is not a plain value", "list values only")
      }
    } while take(.sign(","))
    guard take(.sign(close)) else {
      throw SpaceError("the list after `in` is not closed", "add the missing `\(close)`")
    }
    return values
  }
}
