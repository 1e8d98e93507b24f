/// A statement about the parameters of a space: when a parameter is active, or which combinations
/// are forbidden. For example `optimizer == sgd`, `low >= high`, `a + b > 1 and not tied`.
///
/// It is unknown where it needs a parameter that is inactive, and then counts as not true: the
/// parameter stays inactive, the combination allowed.
public struct Predicate: Sendable, Hashable, CustomStringConvertible {
  let expression: Expression

  init(_ text: String, over space: SearchSpace) throws {
    // Only the beginning of a long statement, so that the error stays readable.
    let shown = text.count > 100 ? text.prefix(100) + "..." : Substring(text)
    expression = try naming("`\(shown)`") { try ExpressionParser.predicate(text, over: space) }
  }

  /// Whether it certainly holds. `values` gives those of the parameters by their index in the space,
  /// nil for inactive ones.
  public func holds(_ values: (Int) -> ParameterValue?) -> Bool {
    expression.evaluate(values) == .bool(true)
  }

  /// The parameters it depends on, by index.
  public var parents: Set<Int> { expression.mentioned }

  /// The statement; reading it again gives the same predicate.
  public var description: String { expression.text }
}
