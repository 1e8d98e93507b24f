/// A fraction of 128-bit integers in lowest terms with a positive denominator: the exact value of
/// arithmetic on decimals.
struct Fraction: Equatable {
  let numerator: Int128
  let denominator: Int128

  enum Failure: Error {
    /// A number is not a decimal of at most 15 digits, or the fraction needs more than 128 bits.
    case inexact
    case divisionByZero
  }

  private init(_ numerator: Int128, over denominator: Int128) {
    let divisor = Self.commonDivisor(numerator.magnitude, denominator.magnitude)
    guard divisor > 1, let divisor = Int128(exactly: divisor) else {
      (self.numerator, self.denominator) = (numerator, denominator)
      return
    }
    self.numerator = numerator / divisor
    self.denominator = denominator / divisor
  }

  /// The decimal as which a number is written.
  init(_ value: ParameterValue) throws(Failure) {
    switch value {
    case .int(let whole): self.init(Int128(whole), over: 1)
    case .float(let number): try self.init(decimal: number)
    case .bool, .text: throw .inexact
    }
  }

  /// `12.5`, `1e-07`: digits, a point among them, and a power of ten.
  private init(decimal number: Double) throws(Failure) {
    if abs(number) <= NumericRange.exactIntegers, let whole = Int128(exactly: number) {
      self.init(whole, over: 1)
      return
    }
    let parts = "\(number)".split(separator: "e")
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    var digits: Int128 = 0
    var isBehindPoint = false
    for character in parts[0].utf8 where character != UInt8(ascii: "-") {
      if character == UInt8(ascii: ".") {
        isBehindPoint = true
        continue
      }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { throw .inexact }
      digits = 10 * digits + Int128(character - UInt8(ascii: "0"))
      if isBehindPoint { exponent -= 1 }
    }
    while digits != 0, digits % 10 == 0 {
      digits /= 10
      exponent += 1
    }
    guard digits < 1_000_000_000_000_000, abs(exponent) <= 37 else { throw .inexact }
    if number < 0 { digits = -digits }
    let power = (0..<abs(exponent)).reduce(Int128(1)) { product, _ in 10 * product }
    if exponent < 0 {
      self.init(digits, over: power)
    } else {
      self.init(try Self.product(digits, power), over: 1)
    }
  }

  func applying(
    _ sign: Expression.Arithmetic, _ other: Fraction
  ) throws(Failure) -> Fraction {
    switch sign {
    case .add, .subtract:
      let common = Self.commonDivisor(denominator.magnitude, other.denominator.magnitude)
      guard let common = Int128(exactly: common) else { throw .inexact }
      let left = try Self.product(numerator, other.denominator / common)
      let right = try Self.product(other.numerator, denominator / common)
      let (sum, isTooLarge) =
        sign == .add
        ? left.addingReportingOverflow(right) : left.subtractingReportingOverflow(right)
      guard !isTooLarge else { throw .inexact }
      return Fraction(sum, over: try Self.product(denominator / common, other.denominator))
    case .multiply:
      // Cross-cancelled first, to keep the products as small as possible.
      let a = Fraction(numerator, over: other.denominator)
      let b = Fraction(other.numerator, over: denominator)
      return Fraction(
        try Self.product(a.numerator, b.numerator),
        over: try Self.product(a.denominator, b.denominator))
    case .divide:
      guard other.numerator != 0 else { throw .divisionByZero }
      guard other.numerator != .min else { throw .inexact }
      let isNegative = other.numerator < 0
      let inverse = Fraction(
        isNegative ? -other.denominator : other.denominator,
        over: isNegative ? -other.numerator : other.numerator)
      return try applying(.multiply, inverse)
    }
  }

  /// -1, 0 or 1: whether it is below, equal to or above `other`.
  func order(to other: Fraction) throws(Failure) -> Double {
    if self == other { return 0 }
    let difference = try applying(.subtract, other)
    return difference.numerator < 0 ? -1 : 1
  }

  private static func product(_ a: Int128, _ b: Int128) throws(Failure) -> Int128 {
    let (product, isTooLarge) = a.multipliedReportingOverflow(by: b)
    guard !isTooLarge else { throw .inexact }
    return product
  }

  private static func commonDivisor(_ a: UInt128, _ b: UInt128) -> UInt128 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
