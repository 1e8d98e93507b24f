internal import OuterloopText

/// A labelled position on an axis.
struct Tick: Sendable, Hashable {
  var value: Double
  var label: String
}

/// The ticks of one axis.
///
/// - Linear: steps of 1, 2 or 5 times a power of ten. Numbers of six digits and more, or very small
///   ones, get an exponent (`2.5e6`). Where the differences are too small relative to the numbers,
///   labels count from `base` (`0`, `0.1`, ... beside "minus 1000000").
/// - Logarithmic: powers of ten, thinned evenly when there are many; with 2 and 5 between them when
///   there are few; linear ticks within less than a factor of about three. Labels are plain from
///   0.01 to 1000, `1e-3`-style when the axis goes beyond.
struct Ticks: Sendable, Hashable {
  /// In ascending order, all within the limits.
  var major: [Tick]
  /// Positions of grid lines without labels.
  var minor: [Double] = []
  /// What the labels leave out, for the axis label: ` - 1000000`.
  var base: String = ""

  /// Ticks for a scale, about `count` of them and hardly ever more than that.
  init(for scale: Scale, count: Int) {
    let wanted = max(2, min(20, count))
    switch scale.kind {
    case .linear:
      // Steps of 1 at least between whole numbers, unless that leaves hardly any tick.
      let (lower, upper) = (scale.lower, scale.upper)
      self = Ticks.linear(from: lower, to: upper, count: wanted, least: scale.isWhole ? 1 : 0)
      if major.count < 2 { self = Ticks.atLeastTwo(from: lower, to: upper, count: wanted) }
    case .log: self = Ticks.log(from: scale.lower, to: scale.upper, count: wanted)
    }
  }

  private init(major: [Tick], minor: [Double] = [], base: String = "") {
    self.major = major
    self.minor = minor
    self.base = base
  }

  // MARK: Linear

  /// Linear ticks, finer than wanted where a coarse step meets the limits less than twice.
  private static func atLeastTwo(from lower: Double, to upper: Double, count: Int) -> Ticks {
    var result = linear(from: lower, to: upper, count: count)
    var finer = count
    while result.major.count < 2, finer < 3 * count {
      finer += 1
      result = linear(from: lower, to: upper, count: finer)
    }
    return result
  }

  private static func linear(from lower: Double, to upper: Double, count: Int, least: Double = 0)
    -> Ticks
  {
    let raw = max(least, (upper - lower) / Double(count))
    let exponent = PowersOfTen.exponent(of: raw)
    let rough = raw / PowersOfTen.power(exponent)
    let (digit, power): (Double, Int) =
      if rough <= 1.0001 {
        (1, exponent)
      } else if rough <= 2.0001 {
        (2, exponent)
      } else if rough <= 5.0001 {
        (5, exponent)
      } else { (1, exponent + 1) }

    let step = digit * PowersOfTen.power(power)
    let first = (lower / step - 1e-9).rounded(.up)
    let last = (upper / step + 1e-9).rounded(.down)
    guard step > 0, first <= last, last - first < 100 else { return Ticks(major: []) }
    // Multiples of the step, computed so that 3 steps of 0.1 are 0.3 and not 0.30000000000000004.
    let multiples = (0...Int(last - first)).map { (first + Double($0)) * digit }
    let values = multiples.map { multiple in
      power < 0 && power > -300
        ? multiple / PowersOfTen.power(-power) : multiple * PowersOfTen.power(power)
    }

    let largest = max(abs(values[0]), abs(values[values.count - 1]))
    let digits = largest > 0 ? PowersOfTen.exponent(of: largest) - power + 1 : 1
    let exponential = largest >= 1e6 || (largest < 1e-3 && largest > 0)
    if digits > (exponential ? 4 : 6) {
      let steps = linear(from: 0, to: values[values.count - 1] - values[0] + step / 2, count: count)
      let base = NumberText.significant(abs(values[0]), digits: 15)
      let labels = multiples.map { label($0 - multiples[0], power: power, steps: steps) }
      return Ticks(
        major: zip(values, labels).map { Tick(value: $0, label: $1) },
        base: values[0] < 0 ? " + \(base)" : " − \(base)")
    }
    let labels = values.map { value in
      exponential
        ? NumberText.scientific(value, digits: significantDigits(of: value, power: power))
        : NumberText.fixed(value, digits: max(0, -power))
    }
    return Ticks(major: zip(values, labels).map { Tick(value: $0, label: $1) })
  }

  /// The label of a distance from the base, in the style of ticks counted from zero.
  private static func label(_ multiple: Double, power: Int, steps: Ticks) -> String {
    let value = multiple * PowersOfTen.power(power)
    let exponential = steps.major.contains { $0.label.contains("e") }
    return exponential
      ? NumberText.scientific(value, digits: significantDigits(of: value, power: power))
      : NumberText.fixed(value, digits: max(0, -power))
  }

  private static func significantDigits(of value: Double, power: Int) -> Int {
    value == 0 ? 1 : max(1, PowersOfTen.exponent(of: abs(value)) - power + 1)
  }

  // MARK: Logarithmic

  private static func log(from lower: Double, to upper: Double, count: Int) -> Ticks {
    let first = PowersOfTen.exponent(of: lower * (1 - 1e-9)) + 1
    let last = PowersOfTen.exponent(of: upper * (1 + 1e-9))
    let decades = last - first + 1
    let minor = subdivisions(from: lower, to: upper, digits: [2, 3, 4, 5, 6, 7, 8, 9])
    if decades >= 3 || (decades == 2 && count < 6) {
      var stride = 1
      while (decades + stride - 1) / stride > count { stride += 1 }
      // Multiples of the stride, so that 1 stays a tick whatever the limits are.
      let exponents = (first...last).filter { $0 % stride == 0 }
      let values = exponents.map(PowersOfTen.power)
      return Ticks(
        major: labelled(values),
        minor: stride == 1
          ? (decades <= 8 ? minor : [])
          : (first...last).filter { $0 % stride != 0 }.map(PowersOfTen.power))
    }
    for digits in [[1, 3], [1, 2, 5], [1, 2, 3, 5, 7]] {
      let values = subdivisions(from: lower, to: upper, digits: digits)
      if values.count >= 3, values.count <= max(4, count) {
        return Ticks(major: labelled(values), minor: minor.filter { !values.contains($0) })
      }
    }
    var plain = atLeastTwo(from: lower, to: upper, count: count)
    plain.major.removeAll { $0.value <= 0 }
    return plain
  }

  private static func subdivisions(from lower: Double, to upper: Double, digits: [Int]) -> [Double]
  {
    var result: [Double] = []
    let exponents = (PowersOfTen.exponent(of: lower) - 1)...(PowersOfTen.exponent(of: upper) + 1)
    guard exponents.count < 40 else { return [] }
    for exponent in exponents {
      for digit in digits {
        let value =
          exponent < 0
          ? Double(digit) / PowersOfTen.power(-exponent)
          : Double(digit) * PowersOfTen.power(exponent)
        if value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) { result.append(value) }
      }
    }
    return result
  }

  private static func labelled(_ values: [Double]) -> [Tick] {
    let plain = values.allSatisfy { $0 > 0.0099 && $0 < 5001 }
    return values.map { value in
      let isOne = value == 1
      return Tick(
        value: value,
        label: plain || isOne
          ? NumberText.significant(value, digits: 4) : NumberText.scientific(value, digits: 1))
    }
  }
}
