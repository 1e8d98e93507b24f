/// The numbers that a formula can take on a box: its results in floating point lie in [low, high], and
/// each is at most `error` away from what is meant.
///
/// Rounding is monotone, so the same operations on the ends, rounded as they are, bound all results.
struct Interval {
  var low: Double
  var high: Double
  var error: Double
  /// Whether the number is known: undecided where it may lack a parameter or a finite result.
  var activity: Box.Activity

  private static let everything = Interval(
    low: -.infinity, high: .infinity, error: 0, activity: .undecided)

  init(_ number: Approximation) {
    self.init(low: number.value, high: number.value, error: number.error, activity: .active)
  }

  init(low: Double, high: Double, error: Double, activity: Box.Activity) {
    self.low = low
    self.high = high
    self.error = error
    self.activity = activity
  }

  private var magnitude: Double { max(abs(low), abs(high)) }

  func applying(_ sign: Expression.Arithmetic, _ other: Interval) -> Interval {
    if activity == .inactive || other.activity == .inactive {
      return Interval(low: 0, high: 0, error: 0, activity: .inactive)
    }
    var result: (low: Double, high: Double)
    switch sign {
    case .add: result = (low + other.low, high + other.high)
    case .subtract: result = (low - other.high, high - other.low)
    case .multiply:
      result = Self.hull(low * other.low, low * other.high, high * other.low, high * other.high)
    case .divide:
      guard other.low > other.error || other.high < -other.error else { return .everything }
      result = Self.hull(low / other.low, low / other.high, high / other.low, high / other.high)
    }
    // An operand without bound, or a product beyond all numbers.
    guard result.low.isFinite, result.high.isFinite else { return .everything }
    let isKnown = activity == .active && other.activity == .active
    return Interval(
      low: result.low, high: result.high, error: error(sign, other, result),
      activity: isKnown ? .active : .undecided)
  }

  /// The largest of the errors that `Approximation` gives.
  private func error(
    _ sign: Expression.Arithmetic, _ other: Interval, _ result: (low: Double, high: Double)
  ) -> Double {
    let size = max(abs(result.low), abs(result.high))
    if error == 0, other.error == 0, sign != .divide, size <= NumericRange.exactIntegers {
      return 0
    }
    let slack = 1 + 0x1p-30
    let rounding = Approximation.unit * size + .leastNormalMagnitude
    switch sign {
    case .add, .subtract: return slack * (error + other.error + rounding)
    case .multiply:
      return slack
        * (magnitude * other.error + other.magnitude * error + error * other.error + rounding)
    case .divide:
      let least = min(abs(other.low), abs(other.high)) - other.error
      return slack * ((error + size * other.error) / least + rounding)
    }
  }

  private static func hull(
    _ a: Double, _ b: Double, _ c: Double, _ d: Double
  ) -> (low: Double, high: Double) {
    (min(min(a, b), min(c, d)), max(max(a, b), max(c, d)))
  }
}
