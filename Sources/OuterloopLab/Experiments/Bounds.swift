/// The valid range of a setting.
public enum Bounds<Value: Comparable & Sendable & CustomStringConvertible>: Sendable {
  case atLeast(Value)
  case within(ClosedRange<Value>)
  /// Greater than the value (exclusive).
  case above(Value)
  /// Between the two (exclusive).
  case between(Value, Value)

  public func contains(_ value: Value) -> Bool {
    switch self {
    case .atLeast(let least): value >= least
    case .within(let range): range.contains(value)
    case .above(let limit): value > limit
    case .between(let lower, let upper): value > lower && value < upper
    }
  }

  /// The text after "it must be".
  var text: String {
    switch self {
    case .atLeast(let least): "at least \(least)"
    case .within(let range): "in \(range.lowerBound)...\(range.upperBound)"
    case .above(let limit): "above \(limit)"
    case .between(let lower, let upper): "between \(lower) and \(upper)"
    }
  }
}
