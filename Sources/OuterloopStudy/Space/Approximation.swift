/// A number in floating point, with a bound on its distance from the exact one.
///
/// Numbers mean the decimals they are written as: 0.1 is a tenth, which no `Double` is. The error
/// bound is carried through the arithmetic, so that a comparison knows whether rounding could have
/// decided it (a floating-point filter, Shewchuk 1997); only then is it evaluated in exact
/// fractions.
///
/// Integers up to 2^53 are exact and have an error of zero.
struct Approximation {
  var value: Double
  var error: Double

  /// The unit roundoff of `Double`.
  static let unit = 0x1p-53
  /// Numbers that are not decimals of 15 digits, such as a step of 1/3, may be off in the last
  /// digits.
  static let leafError = 4 * unit

  /// A number as it is written down or given to a parameter.
  init(_ value: Double) {
    self.value = value
    let isWhole = value == value.rounded() && abs(value) <= NumericRange.exactIntegers
    error = isWhole || !value.isFinite ? 0 : Self.leafError * abs(value)
  }

  init(value: Double, error: Double) {
    self.value = value
    self.error = error
  }

  /// The result of an operation; nil if it is not finite. Where the divisor may be zero the error is
  /// infinite.
  func applying(_ sign: Expression.Arithmetic, _ other: Approximation) -> Approximation? {
    let result =
      switch sign {
      case .add: value + other.value
      case .subtract: value - other.value
      case .multiply: value * other.value
      case .divide: value / other.value
      }
    if sign == .divide, abs(other.value) <= other.error, other.error > 0 {
      return Approximation(value: 0, error: .infinity)
    }
    guard result.isFinite else { return nil }
    return Approximation(value: result, error: propagated(sign, other, result))
  }

  private func propagated(
    _ sign: Expression.Arithmetic, _ other: Approximation, _ result: Double
  ) -> Double {
    if error == 0, other.error == 0, sign != .divide, abs(result) < NumericRange.exactIntegers {
      return 0
    }
    // Sums do not underflow.
    let underflow = sign == .add || sign == .subtract ? 0 : Double.leastNormalMagnitude
    let rounding = Self.unit * abs(result) + underflow
    // Slightly more than the sums, which are themselves rounded.
    let slack = 1 + 0x1p-40
    switch sign {
    case .add, .subtract: return slack * (error + other.error + rounding)
    case .multiply:
      return slack
        * (abs(value) * other.error + abs(other.value) * error + error * other.error + rounding)
    case .divide:
      return slack
        * ((error + abs(result) * other.error) / (abs(other.value) - other.error) + rounding)
    }
  }
}

extension Expression {
  /// How `a` compares with `b`: negative, zero or positive; nil where one is unknown.
  ///
  /// Where rounding could have decided, the comparison is exact, if all numbers are decimals of at
  /// most 15 digits and the fractions fit into 128 bits; otherwise the two count as equal.
  static func order(
    _ a: Expression, _ b: Expression, _ values: (Int) -> ParameterValue?
  ) -> Double? {
    guard let x = a.approximation(values), let y = b.approximation(values) else { return nil }
    let difference = x.value - y.value
    let error = x.error + y.error
    if error == 0 { return difference }
    if abs(difference) > error * (1 + 0x1p-40) { return difference }
    do {
      return try a.fraction(values).order(to: try b.fraction(values))
    } catch Fraction.Failure.divisionByZero {
      return nil
    } catch {
      return x.error.isFinite && y.error.isFinite ? 0 : nil
    }
  }

  func approximation(_ values: (Int) -> ParameterValue?) -> Approximation? {
    guard case .arithmetic(let first, let operations) = self else {
      guard let number = evaluate(values)?.number, !number.isNaN else { return nil }
      return Approximation(number)
    }
    guard var result = first.approximation(values) else { return nil }
    for operation in operations {
      guard let operand = operation.operand.approximation(values),
        let next = result.applying(operation.sign, operand)
      else { return nil }
      result = next
    }
    return result
  }

  /// The value of a number whose parameters are active, exactly.
  private func fraction(
    _ values: (Int) -> ParameterValue?
  ) throws(Fraction.Failure) -> Fraction {
    guard case .arithmetic(let first, let operations) = self else {
      guard let value = evaluate(values) else { throw .inexact }
      return try Fraction(value)
    }
    var result = try first.fraction(values)
    for operation in operations {
      result = try result.applying(operation.sign, try operation.operand.fraction(values))
    }
    return result
  }
}
