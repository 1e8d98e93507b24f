/// The values that a formula can take on a box, with their errors: [low, high] contains every
/// floating-point result and everything within its error bound (`Approximation`).
///
/// Ends are moved outwards by the errors of the numbers there, so an end that is zero stays zero.
struct Interval {
  var low: Double
  var high: Double
  /// Whether all its numbers are integers and exact.
  var isWhole: Bool
  /// Whether the number is known: undecided where it may lack a parameter or a finite result.
  var activity: Box.Activity

  private static let everything = Interval(
    low: -.infinity, high: .infinity, isWhole: false, activity: .undecided)

  /// Results of products below this may have lost digits.
  private static let tiny = 1e-290

  /// The same interval with the errors of numbers as they are written or given.
  var withErrors: Interval { isWhole ? self : widened(by: 1.25 * Approximation.leafError) }

  /// Moves the ends outwards by a relative amount.
  private func widened(by part: Double) -> Interval {
    var result = self
    result.low -= part * abs(low)
    result.high += part * abs(high)
    return result
  }

  func applying(_ sign: Expression.Arithmetic, _ other: Interval) -> Interval {
    if activity == .inactive || other.activity == .inactive {
      return Interval(low: 0, high: 0, isWhole: false, activity: .inactive)
    }
    var ends: (low: Double, high: Double)
    switch sign {
    case .add: ends = (low + other.low, high + other.high)
    case .subtract: ends = (low - other.high, high - other.low)
    case .multiply:
      ends = Self.hull(low * other.low, low * other.high, high * other.low, high * other.high)
    case .divide:
      guard other.low > 0 || other.high < 0 else { return .everything }
      ends = Self.hull(low / other.low, low / other.high, high / other.low, high / other.high)
    }
    // An unbounded operand, or a product that overflows.
    guard ends.low.isFinite, ends.high.isFinite else { return .everything }
    let isKnown = activity == .active && other.activity == .active
    let size = max(abs(ends.low), abs(ends.high))
    var result = Interval(
      low: ends.low, high: ends.high,
      isWhole: isWhole && other.isWhole && sign != .divide && size <= NumericRange.exactIntegers,
      activity: isKnown ? .active : .undecided)
    guard !result.isWhole else { return result }
    // Twice the rounding of the result, which covers that of the ends too.
    result = result.widened(by: 4 * Approximation.unit)
    if sign == .multiply || sign == .divide {
      if abs(result.low) < Self.tiny { result.low = result.low < 0 ? -Self.tiny : 0 }
      if abs(result.high) < Self.tiny { result.high = result.high > 0 ? Self.tiny : 0 }
    }
    return result
  }

  private static func hull(
    _ a: Double, _ b: Double, _ c: Double, _ d: Double
  ) -> (low: Double, high: Double) {
    (min(min(a, b), min(c, d)), max(max(a, b), max(c, d)))
  }
}
