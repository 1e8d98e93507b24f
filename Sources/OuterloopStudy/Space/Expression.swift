/// A formula over the parameters of a space, as conditions and constraints are made of.
///
/// Its value is unknown (nil) where it needs a parameter that is inactive. `and`, `or` and `not`
/// follow three-valued logic (Kleene): `false and unknown` is false, `not unknown` is unknown.
indirect enum Expression: Sendable, Hashable {
  case literal(ParameterValue)
  case parameter(Int, name: String)
  case arithmetic(Arithmetic, Expression, Expression)
  case comparison(Comparison, Expression, Expression)
  case membership(Expression, [ParameterValue])
  case not(Expression)
  case and(Expression, Expression)
  case or(Expression, Expression)

  enum Arithmetic: String, Sendable { case add = "+", subtract = "-", multiply = "*", divide = "/" }

  enum Comparison: String, Sendable, CaseIterable {
    case equal = "==", notEqual = "!=", atMost = "<=", atLeast = ">=", below = "<", above = ">"
  }
}

extension Expression {
  /// The value, given those of the parameters (nil: inactive).
  func evaluate(_ values: (Int) -> ParameterValue?) -> ParameterValue? {
    switch self {
    case .literal(let value): return value
    case .parameter(let index, _): return values(index)
    case .arithmetic(let operation, let a, let b):
      guard let x = a.evaluate(values)?.number, let y = b.evaluate(values)?.number else {
        return nil
      }
      switch operation {
      case .add: return .float(x + y)
      case .subtract: return .float(x - y)
      case .multiply: return .float(x * y)
      case .divide: return .float(x / y)
      }
    case .comparison(let comparison, let a, let b):
      guard let x = a.evaluate(values), let y = b.evaluate(values) else { return nil }
      return compare(comparison, x, y, a, b).map(ParameterValue.bool)
    case .membership(let a, let choices):
      return a.evaluate(values).map { x in .bool(choices.contains { $0.matches(x) }) }
    case .not(let a):
      guard case .bool(let x) = a.evaluate(values) else { return nil }
      return .bool(!x)
    case .and(let a, let b):
      let (x, y) = (a.evaluate(values), b.evaluate(values))
      if x == .bool(false) || y == .bool(false) { return .bool(false) }
      return x == nil || y == nil ? nil : .bool(true)
    case .or(let a, let b):
      let (x, y) = (a.evaluate(values), b.evaluate(values))
      if x == .bool(true) || y == .bool(true) { return .bool(true) }
      return x == nil || y == nil ? nil : .bool(false)
    }
  }

  private func compare(
    _ comparison: Comparison, _ x: ParameterValue, _ y: ParameterValue, _ a: Expression,
    _ b: Expression
  ) -> Bool? {
    switch comparison {
    case .equal: return x.matches(y)
    case .notEqual: return !x.matches(y)
    default: break
    }
    guard let p = x.number, let q = y.number else { return nil }
    switch comparison {
    case .atMost: return p <= q
    case .atLeast: return p >= q
    case .below: return p < q
    case .above: return p > q
    case .equal, .notEqual: return nil
    }
  }

  /// The parameters it mentions, by index.
  var mentioned: Set<Int> {
    switch self {
    case .literal: []
    case .parameter(let index, _): [index]
    case .membership(let a, _), .not(let a): a.mentioned
    case .arithmetic(_, let a, let b), .comparison(_, let a, let b), .and(let a, let b),
      .or(let a, let b):
      a.mentioned.union(b.mentioned)
    }
  }

  /// In the language of `ExpressionParser`, with as few parentheses as that needs.
  var text: String { text(above: 0) }

  private var strength: Int {
    switch self {
    case .or: 1
    case .and: 2
    case .not: 3
    case .comparison, .membership: 4
    case .arithmetic(.add, _, _), .arithmetic(.subtract, _, _): 5
    case .arithmetic: 6
    case .literal, .parameter: 7
    }
  }

  private func text(above outer: Int) -> String {
    let mine = strength
    let text =
      switch self {
      case .literal(let value): Self.quoted(value)
      case .parameter(_, let name): name
      case .arithmetic(let sign, let a, let b):
        "\(a.text(above: mine)) \(sign.rawValue) \(b.text(above: mine + 1))"
      case .comparison(let sign, let a, let b):
        "\(a.text(above: mine + 1)) \(sign.rawValue) \(b.text(above: mine + 1))"
      case .membership(let a, let choices):
        "\(a.text(above: mine + 1)) in [\(choices.map(Self.quoted).joined(separator: ", "))]"
      case .not(let a): "not \(a.text(above: mine + 1))"
      case .and(let a, let b): "\(a.text(above: mine)) and \(b.text(above: mine + 1))"
      case .or(let a, let b): "\(a.text(above: mine)) or \(b.text(above: mine + 1))"
      }
    return mine < outer ? "(\(text))" : text
  }

  /// Texts that could be read as something else are quoted.
  private static func quoted(_ value: ParameterValue) -> String {
    guard case .text(let text) = value else { return value.description }
    if ExpressionToken.isPlainWord(text) { return text }
    let escaped = text.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "'\(String(escaped))'"
  }
}
