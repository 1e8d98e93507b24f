/// A formula over the parameters of a space, as conditions and constraints are made of.
///
/// Its value is unknown (nil) where it needs a parameter that is inactive, and where arithmetic has
/// no finite result. `and`, `or` and `not` follow three-valued logic (Kleene): `false and unknown` is
/// false, `not unknown` is unknown.
///
/// Chains such as `a and b and c` are lists, so a formula is never deeper than its parentheses.
indirect enum Expression: Sendable, Hashable {
  case literal(ParameterValue)
  case parameter(Int, name: String)
  /// Signs of equal strength, from left to right: `a + b - c`.
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
    case .arithmetic, .comparison: break
    case .membership(let a, let choices):
      return a.evaluate(values).map { x in .bool(choices.contains { $0.matches(x) }) }
    case .not(let a):
      guard case .bool(let x) = a.evaluate(values) else { return nil }
      return .bool(!x)
    case .all(let parts): return Self.decided(by: .bool(false), parts, values)
    case .any(let parts): return Self.decided(by: .bool(true), parts, values)
    }
    if case .comparison(let comparison, let a, let b) = self {
      guard let x = a.evaluate(values), let y = b.evaluate(values) else { return nil }
      return comparison.holds(x, y).map(ParameterValue.bool)
    }
    return number(values).map(ParameterValue.float)
  }

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

  private func number(_ values: (Int) -> ParameterValue?) -> Double? {
    guard case .arithmetic(let first, let operations) = self else {
      return evaluate(values)?.number
    }
    guard var result = first.number(values) else { return nil }
    for operation in operations {
      guard let operand = operation.operand.number(values) else { return nil }
      switch operation.sign {
      case .add: result += operand
      case .subtract: result -= operand
      case .multiply: result *= operand
      case .divide: result /= operand
      }
    }
    return result.isFinite ? result : nil
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
  /// nil if the values have no size that could be compared.
  func holds(_ x: ParameterValue, _ y: ParameterValue) -> Bool? {
    switch self {
    case .equal: return x.matches(y)
    case .notEqual: return !x.matches(y)
    case .atMost, .atLeast, .below, .above: break
    }
    guard let p = x.number, let q = y.number else { return nil }
    return switch self {
    case .atMost: p <= q
    case .atLeast: p >= q
    case .below: p < q
    case .above: p > q
    case .equal, .notEqual: nil
    }
  }
}
