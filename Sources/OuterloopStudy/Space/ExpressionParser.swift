internal import OuterloopText

/// Reads conditions and constraints:
///
///     optimizer == sgd and not (layers > 3 or width in [64, 128])
///     low + 0.1 <= high
///
/// A bare word is a parameter if the space has one of that name, otherwise a string. Strings that
/// look like something else are quoted; names that do are written in backquotes. Operators by
/// precedence, lowest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`.
struct ExpressionParser {
  /// The maximum nesting of parentheses: far beyond practical use, far below the stack's limit.
  static let maximalDepth = 100

  private let tokens: [ExpressionToken]
  private var position = 0
  private var depth = 0
  private let space: SearchSpace

  /// The truth value that `text` states about the parameters of `space`.
  static func predicate(_ text: String, over space: SearchSpace) throws -> Expression {
    var parser = ExpressionParser(tokens: try ExpressionToken.scan(text), space: space)
    let expression = try parser.disjunction()
    if let extra = parser.next {
      throw SpaceError(
        "`\(extra.text)` is left over after `\(expression.text)`",
        "join comparisons with `and` or `or`")
    }
    try ExpressionCheck(space: space).predicate(expression)
    return expression
  }

  private init(tokens: [ExpressionToken], space: SearchSpace) {
    self.tokens = tokens
    self.space = space
  }

  private var next: ExpressionToken? { position < tokens.count ? tokens[position] : nil }

  private mutating func take(_ token: ExpressionToken) -> Bool {
    guard next == token else { return false }
    position += 1
    return true
  }

  private mutating func disjunction() throws -> Expression {
    var parts = [try conjunction()]
    while take(.word("or")) { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func conjunction() throws -> Expression {
    var parts = [try negation()]
    while take(.word("and")) { parts.append(try negation()) }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  /// An even number of `not`s cancels out, in three-valued logic too.
  private mutating func negation() throws -> Expression {
    var isNegated = false
    while take(.word("not")) { isNegated.toggle() }
    let inner = try comparison()
    return isNegated ? .not(inner) : inner
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
    try chain([.add, .subtract]) { try $0.product() }
  }

  private mutating func product() throws -> Expression {
    try chain([.multiply, .divide]) { try $0.factor() }
  }

  private mutating func chain(
    _ signs: [Expression.Arithmetic], _ operand: (inout ExpressionParser) throws -> Expression
  ) throws -> Expression {
    let first = try operand(&self)
    var operations: [Expression.Operation] = []
    while let sign = signs.first(where: { next == .sign($0.rawValue) }) {
      position += 1
      operations.append(.init(sign: sign, operand: try operand(&self)))
    }
    return operations.isEmpty ? first : .arithmetic(first, operations)
  }

  /// A value with sign prefixes: `-3`, `- -x`.
  private mutating func factor() throws -> Expression {
    var isNegative = false
    while take(.sign("-")) { isNegative.toggle() }
    let value = try atom()
    guard isNegative else { return value }
    return switch value {
    case .literal(.int(let value)): .literal(.int(-value))
    case .literal(.float(let value)): .literal(.float(-value))
    default: .arithmetic(.literal(.int(0)), [.init(sign: .subtract, operand: value)])
    }
  }

  private mutating func atom() throws -> Expression {
    guard let token = next else {
      throw SpaceError("the expression ends too early", "complete it, as in `optimizer == sgd`")
    }
    position += 1
    switch token {
    case .sign("("): return try parenthesized()
    case .sign(let sign):
      throw SpaceError(
        "a value was expected, not `\(sign)`", "write a parameter or a value there")
    case .number(let value): return .literal(value)
    case .quoted(let text): return .literal(.text(text))
    case .word("true"): return .literal(.bool(true))
    case .word("false"): return .literal(.bool(false))
    case .word(let word) where ExpressionToken.keywords.contains(word):
      throw SpaceError(
        "a value was expected, not `\(word)`", "put it in quotation marks if it is a text")
    case .word(let word):
      return space.index(of: word).map { .parameter($0, name: word) } ?? .literal(.text(word))
    case .name(let name):
      return .parameter(try space.place(of: name), name: name)
    }
  }

  private mutating func parenthesized() throws -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximalDepth else {
      throw SpaceError(
        "parentheses are nested more than \(Self.maximalDepth) deep", "leave superfluous ones out")
    }
    let inner = try disjunction()
    guard take(.sign(")")) else {
      throw SpaceError("a `(` is not closed", "add the missing `)`")
    }
    return inner
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
      let item = try factor()
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
