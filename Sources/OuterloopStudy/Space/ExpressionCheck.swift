internal import OuterloopText

/// Finds mistakes in a condition or constraint before anything is run: unknown names, values that a
/// parameter never takes, strings compared by size.
struct ExpressionCheck {
  let space: SearchSpace

  func predicate(_ expression: Expression) throws {
    switch expression {
    case .all(let parts), .any(let parts): for part in parts { try predicate(part) }
    case .not(let a): try predicate(a)
    case .comparison(let sign, let a, let b):
      let isSize = sign != .equal && sign != .notEqual
      try value(a, mustBeNumber: isSize)
      try value(b, mustBeNumber: isSize)
      if expression.mentioned.isEmpty { throw noParameter(in: expression, [a, b]) }
      try agree(a, b, isSize: isSize)
      try agree(b, a, isSize: isSize)
    case .membership(let a, let choices):
      try value(a, mustBeNumber: false)
      if expression.mentioned.isEmpty { throw noParameter(in: expression, [a]) }
      for choice in choices { try agree(a, .literal(choice), isSize: false) }
    case .parameter(let index, let name):
      let isTruth = space.parameters[index].domain.choices?.allSatisfy {
        if case .bool = $0 { true } else { false }
      }
      guard isTruth == true else {
        throw SpaceError("`\(name)` alone is not a condition", "compare it, as in `\(name) == ...`")
      }
    case .literal(.bool): break
    case .literal: throw noParameter(in: expression, [expression])
    case .arithmetic:
      throw SpaceError(
        "`\(expression.text)` is a number, not a condition", "compare it with another number")
    }
  }

  private func value(_ expression: Expression, mustBeNumber: Bool) throws {
    switch expression {
    case .arithmetic(let first, let operations):
      for part in [first] + operations.map(\.operand) { try value(part, mustBeNumber: true) }
    case .parameter(let index, let name) where mustBeNumber:
      let domain = space.parameters[index].domain
      guard domain.range != nil || domain.choices?.allSatisfy({ $0.number != nil }) == true else {
        throw SpaceError(
          "`\(name)` is not a number, so it has no order", "use `==`, `!=` or `in` with it")
      }
    case .literal(.text(let text)) where mustBeNumber: throw unknown(text)
    case .literal(.bool(let truth)) where mustBeNumber:
      throw SpaceError("`\(truth)` is not a number, so it has no order", "use `==` or `!=` with it")
    case .literal, .parameter: break
    case .comparison, .membership, .not, .all, .any:
      throw SpaceError(
        "`\(expression.text)` is a condition, not a value", "join conditions with `and` or `or`")
    }
  }

  /// Comparing a parameter for equality with a value that it can never take is a mistake; comparing a
  /// constant is not, since it may be a parameter that was fixed.
  private func agree(_ a: Expression, _ b: Expression, isSize: Bool) throws {
    guard !isSize, case .parameter(let index, let name) = a, case .literal(let value) = b,
      case let domain = space.parameters[index].domain, domain.canonical(value) == nil
    else { return }
    if case .constant = domain { return }
    if domain.choices == nil, case .text(let text) = value {
      let remedy = unknown(text).remedy
      throw SpaceError(
        "`\(name)` is a number, `\(text)` is neither a number nor a parameter", remedy)
    }
    throw SpaceError("`\(name)` is never `\(value)`", "it is \(domain)")
  }

  private func noParameter(in expression: Expression, _ parts: [Expression]) -> SpaceError {
    for case .literal(.text(let text)) in parts { return unknown(text) }
    return SpaceError(
      "`\(expression.text)` mentions no parameter",
      "the parameters are \(Spelling.list(space.names.all))")
  }

  private func unknown(_ word: String) -> SpaceError {
    let names = space.names.all
    let isDifference = word.split(separator: "-").contains { names.contains(String($0)) }
    return SpaceError(
      "there is no parameter `\(word)`",
      isDifference
        ? "put spaces around the minus sign of a difference"
        : Spelling.remedy(for: word, among: names, called: "parameters"))
  }
}
