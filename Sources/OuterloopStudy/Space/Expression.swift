/// A formula over the parameters of a space: what conditions and constraints consist of.
///
/// Its value is unknown (nil) where it needs a parameter that is inactive, and where arithmetic has
/// no finite result. `and`, `or` and `not` follow three-valued logic (Kleene): `false and unknown` is
/// false, `not unknown` is unknown.
///
/// Chains such as `a and b and c` are lists, so a formula is never deeper than its parentheses.
indirect enum Expression: Sendable, Hashable {
  case literal(ParameterValue)
  case parameter(Int, name: String)
  /// Operators of equal precedence, from left to right: `a + b - c`.
  case arithmetic(Expression, [Operation])
  case comparison(Comparison, Expression, Expression)
  case membership(Expression, [ParameterValue])
  case not(Expression)
  case all([Expression])
  case any([Expression])

  struct Operation: Sendable, Hashable {
    let sign: Arithmetic
    let operand: Expression
  }

  enum Arithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
  }

  enum Comparison: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case below = "<"
    case above = ">"
  }
}

extension Expression {
  /// The value, given those of the parameters (nil: inactive).
  func evaluate(_ values: (Int) -> ParameterValue?) -> ParameterValue? {
    switch self {
    case .literal(let value): return value
    case .parameter(let index, _): return values(index)
    case .arithmetic: return approximation(values).map { .float($0.value) }
    case .comparison(let comparison, let a, let b):
      return comparison.holds(a, b, values).map(ParameterValue.bool)
    case .membership(let a, let choices):
      guard a.isArithmetic else {
        return a.evaluate(values).map { x in .bool(choices.contains { $0.matches(x) }) }
      }
      let found = choices.map { Comparison.equal.holds(a, .literal($0), values) }
      return found.contains(true) ? .bool(true) : found.contains(nil) ? nil : .bool(false)
    case .not(let a):
      guard case .bool(let x) = a.evaluate(values) else { return nil }
      return .bool(!x)
    case .all(let parts): return Self.decided(by: .bool(false), parts, values)
    case .any(let parts): return Self.decided(by: .bool(true), parts, values)
    }
  }

  var isArithmetic: Bool { if case .arithmetic = self { true } else { false } }

  /// `decision` if one part has it, unknown if one part is, else the opposite.
  private static func decided(
    by decision: ParameterValue, _ parts: [Expression], _ values: (Int) -> ParameterValue?
  ) -> ParameterValue? {
    var isKnown = true
    for part in parts {
      let value = part.evaluate(values)
      if value == decision { return decision }
      if value == nil { isKnown = false }
    }
    return isKnown ? .bool(decision == .bool(false)) : nil
  }

  /// The parameters it mentions, by index.
  var mentioned: Set<Int> {
    switch self {
    case .literal: []
    case .parameter(let index, _): [index]
    case .membership(let a, _), .not(let a): a.mentioned
    case .comparison(_, let a, let b): a.mentioned.union(b.mentioned)
    case .arithmetic(let first, let operations):
      operations.reduce(into: first.mentioned) { $0.formUnion($1.operand.mentioned) }
    case .all(let parts), .any(let parts): parts.reduce(into: []) { $0.formUnion($1.mentioned) }
    }
  }
}

extension Expression.Comparison {
  /// nil if a side is unknown, or the values cannot be ordered.
  func holds(
    _ a: Expression, _ b: Expression, _ values: (Int) -> ParameterValue?
  ) -> Bool? {
    if a.isArithmetic || b.isArithmetic {
      if let order = Expression.order(a, b, values) { return holds(order: order) }
      // A number is never equal to a string.
      guard let x = a.evaluate(values), let y = b.evaluate(values),
        x.number == nil || y.number == nil
      else { return nil }
      return self == .equal ? false : self == .notEqual ? true : nil
    }
    guard let x = a.evaluate(values), let y = b.evaluate(values) else { return nil }
    switch self {
    case .equal: return x.matches(y)
    case .notEqual: return !x.matches(y)
    case .atMost, .atLeast, .below, .above: break
    }
    guard let p = x.number, let q = y.number else { return nil }
    return holds(order: p < q ? -1 : p > q ? 1 : 0)
  }

  func holds(order: Double) -> Bool {
    switch self {
    case .equal: order == 0
    case .notEqual: order != 0
    case .atMost: order <= 0
    case .atLeast: order >= 0
    case .below: order < 0
    case .above: order > 0
    }
  }
}

extension Expression {
  /// In the language of `ExpressionParser`, with as few parentheses as that needs; reading it gives
  /// the same formula, whatever parameters the space has by then: texts are always quoted.
  var text: String { text(above: 0) }

  private var strength: Int {
    switch self {
    case .any: 1
    case .all: 2
    case .not: 3
    case .comparison, .membership: 4
    case .arithmetic(_, let operations):
      switch operations.first?.sign {
      case .add, .subtract: 5
      default: 6
      }
    case .literal, .parameter: 7
    }
  }

  private func text(above outer: Int) -> String {
    let mine = strength
    let text =
      switch self {
      case .literal(let value): Self.spelled(value)
      case .parameter(_, let name):
        ExpressionToken.isPlainWord(name) ? name : "`\(name)`"
      case .arithmetic(let first, let operations):
        operations.reduce(into: first.text(above: mine + 1)) {
          $0 += " \($1.sign.rawValue) \($1.operand.text(above: mine + 1))"
        }
      case .comparison(let sign, let a, let b):
        "\(a.text(above: mine + 1)) \(sign.rawValue) \(b.text(above: mine + 1))"
      case .membership(let a, let choices):
        "\(a.text(above: mine + 1)) in [\(choices.map(Self.spelled).joined(separator: ", "))]"
      case .not(let a): "not \(a.text(above: mine + 1))"
      case .all(let parts): Self.joined(parts, by: " and ", above: mine)
      case .any(let parts): Self.joined(parts, by: " or ", above: mine)
      }
    return mine < outer ? "(\(text))" : text
  }

  private static func joined(_ parts: [Expression], by word: String, above mine: Int) -> String {
    parts.map { $0.text(above: mine + 1) }.joined(separator: word)
  }

  private static func spelled(_ value: ParameterValue) -> String {
    if case .text(let text) = value { ParameterValue.quoted(text) } else { value.description }
  }
}
