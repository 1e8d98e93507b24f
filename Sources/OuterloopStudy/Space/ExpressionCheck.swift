/// Finds what cannot be meant in a condition or constraint before anything is run: unknown names,
/// choices that do not exist, texts compared by size.
struct ExpressionCheck {
  let parameters: [Parameter]

  func predicate(_ expression: Expression) throws {
    switch expression {
    case .and(let a, let b), .or(let a, let b):
      try predicate(a)
      try predicate(b)
    case .not(let a): try predicate(a)
    case .comparison(let sign, let a, let b):
      let isSize = sign != .equal && sign != .notEqual
      try value(a, mustBeNumber: isSize)
      try value(b, mustBeNumber: isSize)
      try agree(a, b)
      try agree(b, a)
      if expression.mentioned.isEmpty { throw unknown(in: expression, [a, b]) }
    case .membership(let a, let choices):
      try value(a, mustBeNumber: false)
      if expression.mentioned.isEmpty { throw unknown(in: expression, [a]) }
      for choice in choices { try agree(a, .literal(choice)) }
    case .parameter(let index, let name):
      let isTruth = parameters[index].domain.choices?.allSatisfy {
        if case .bool = $0 { true } else { false }
      }
      guard isTruth == true else {
        throw SpaceError("`\(name)` alone is not a condition", "compare it, as in `\(name) == ...`")
      }
    case .literal(.bool): break
    case .literal(let value): throw unknown(in: expression, [.literal(value)])
    case .arithmetic:
      throw SpaceError(
        "`\(expression.text)` is a number, not a condition", "compare it with another number")
    }
  }

  private func value(_ expression: Expression, mustBeNumber: Bool) throws {
    switch expression {
    case .arithmetic(_, let a, let b):
      try value(a, mustBeNumber: true)
      try value(b, mustBeNumber: true)
    case .parameter(let index, let name) where mustBeNumber:
      let domain = parameters[index].domain
      guard domain.range != nil || domain.choices?.allSatisfy({ $0.number != nil }) == true else {
        throw SpaceError(
          "`\(name)` is not a number, so it has no size", "use `==`, `!=` or `in` with it")
      }
    case .literal(.text(let text)) where mustBeNumber:
      throw SpaceError("there is no parameter `\(text)`", "use one of \(names)")
    case .literal, .parameter: break
    case .comparison, .membership, .not, .and, .or:
      throw SpaceError(
        "`\(expression.text)` is a condition, not a value", "join conditions with `and` or `or`")
    }
  }

  /// A parameter compared with a value it can never take is a slip.
  private func agree(_ a: Expression, _ b: Expression) throws {
    guard case .parameter(let index, let name) = a, case .literal(let value) = b else { return }
    let domain = parameters[index].domain
    if let choices = domain.choices {
      guard choices.contains(where: { $0.matches(value) }) || value.number != nil else {
        let list = choices.map(\.description).joined(separator: ", ")
        throw SpaceError("`\(name)` is never `\(value)`", "its choices are \(list)")
      }
    } else if value.number == nil {
      throw SpaceError(
        "`\(name)` is a number, `\(value)` is neither a number nor a parameter",
        "the parameters are \(names)")
    }
  }

  private func unknown(in expression: Expression, _ parts: [Expression]) -> SpaceError {
    let words = parts.compactMap { part -> String? in
      if case .literal(.text(let text)) = part { text } else { nil }
    }
    guard let word = words.first else {
      return SpaceError("`\(expression.text)` mentions no parameter", "the parameters are \(names)")
    }
    return SpaceError("there is no parameter `\(word)`", "the parameters are \(names)")
  }

  private var names: String {
    parameters.isEmpty ? "none yet" : parameters.map(\.name).joined(separator: ", ")
  }
}
