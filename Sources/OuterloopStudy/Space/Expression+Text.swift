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
