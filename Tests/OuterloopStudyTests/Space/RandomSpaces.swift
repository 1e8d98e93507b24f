@testable import OuterloopStudy

/// Small random spaces with conditions and constraints.
enum RandomSpaces {
  static func space(_ random: inout SplitMix64) throws -> SearchSpace {
    var space = SearchSpace()
    let domains = [
      "int(0, 2)", "choice(a, b)", "ordinal(1, 2, 4)", "constant(7)", "float(0, 1, step 0.5)",
      "choice(true, false)", "int(3, 3)", "int(1, 8, log, step 3)", "choice('not', '1', 'it''s')",
    ]
    for index in 0..<Int.random(in: 1...5, using: &random) {
      let condition =
        Int.random(in: 0..<2, using: &random) == 0 ? statement(space, &random) : nil
      let text = "p\(index)=\(domains.pick(&random).replacing("''", with: "\\'"))"
      try space.add(
        ParameterDeclaration(
          "p\(index)", ParameterDeclaration(parsing: text).domain, if: condition))
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      if let statement = statement(space, &random) { try space.forbid(statement) }
    }
    return space
  }

  /// Something about one or two of the parameters.
  private static func statement(_ space: SearchSpace, _ random: inout SplitMix64) -> String? {
    guard !space.parameters.isEmpty else { return nil }
    let parts = (0..<Int.random(in: 1...2, using: &random)).map { _ in
      let parameter = space.parameters.pick(&random)
      let count = parameter.domain.count ?? 1
      let value = parameter.domain.value(atIndex: Int.random(in: 0..<count, using: &random))
      let isNumber = value.number != nil
      let sign = (isNumber ? ["==", "!=", "<", ">="] : ["==", "!="]).pick(&random)
      return (Bool.random(using: &random) ? "" : "not ")
        + "\(parameter.name) \(sign) \(Expression.literal(value).text)"
    }
    return parts.joined(separator: Bool.random(using: &random) ? " and " : " or ")
  }
}
