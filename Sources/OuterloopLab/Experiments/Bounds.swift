/// Which values a setting may have.
public enum Bounds<Value: Comparable & Sendable & CustomStringConvertible>: Sendable {
  case atLeast(Value)
  case within(ClosedRange<Value>)
  /// Greater than the value, which is no member itself.
  case above(Value)
  /// Between the two, which are no members themselves.
  case between(Value, Value)

  public func contains(_ value: Value) -> Bool {
    switch self {
    case .atLeast(let least): value >= least
    case .within(let range): range.contains(value)
    case .above(let limit): value > limit
    case .between(let lower, let upper): value > lower && value < upper
    }
  }

  /// As what follows "it must be".
  var text: String {
    switch self {
    case .atLeast(let least): "at least \(least)"
    case .within(let range): "in \(range.lowerBound)...\(range.upperBound)"
    case .above(let limit): "above \(limit)"
    case .between(let lower, let upper): "between \(lower) and \(upper)"
    }
  }
}
