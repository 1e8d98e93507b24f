private import OuterloopPlatform

/// Numbers as text, the same on every platform and without Foundation.
package enum NumberText {
  /// `digits` decimal places, at most 15: `0.50`; `nan` and `inf` as in Swift.
  ///
  /// Numbers too large for this (about 9e15 units of the last place) are written with an exponent.
  package static func fixed(_ value: Double, digits: Int) -> String {
    let digits = max(0, min(15, digits))
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled.isFinite, scaled < 9e15 else { return "\(value)" }
    // From the last digit to the first, with a zero before the decimal point.
    let isNegative = value < 0 && scaled > 0
    var rest = Int(scaled)
    var length = 1
    var bound = 10
    while bound <= rest { (length, bound) = (length + 1, bound * 10) }
    length = max(length, digits + 1)
    let point = digits > 0 ? length - digits : length
    let size = length + (digits > 0 ? 1 : 0) + (isNegative ? 1 : 0)
    return String(unsafeUninitializedCapacity: size) { text in
      var place = size
      for index in stride(from: length - 1, through: 0, by: -1) {
        place -= 1
        text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
        if index == point && digits > 0 {
          place -= 1
          text[place] = UInt8(ascii: ".")
        }
      }
      if isNegative { text[0] = UInt8(ascii: "-") }
      return size
    }
  }

  /// A number with at most `digits` significant digits: `0.00125`, `3.2e-7`, `12400`.
  package static func significant(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return "0" }
    let count = max(1, min(15, digits))
    let exponent = PowersOfTen.exponent(of: abs(value))
    if exponent < -4 || exponent >= max(6, count) { return scientific(value, digits: count) }
    return trimmed(fixed(value, digits: max(0, count - 1 - exponent)))
  }

  /// A number with an exponent and at most `digits` significant digits: `1e-3`, `2.5e6`.
  package static func scientific(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return "0" }
    var exponent = PowersOfTen.exponent(of: abs(value))
    // Two factors, so that the smallest and largest numbers neither underflow nor overflow.
    let half = exponent / 2
    let mantissa = value / PowersOfTen.power(half) / PowersOfTen.power(exponent - half)
    var text = trimmed(fixed(mantissa, digits: max(0, min(15, digits) - 1)))
    if text == "10" || text == "-10" {
      text = String(text.dropLast())
      exponent += 1
    }
    return "\(text)e\(exponent)"
  }

  /// Four significant digits, in exponent form where that is shorter: `0.3271`, `1.204e-07`.
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == 0 { return "0" }
    if value == value.rounded(), abs(value) < 1e6 { return "\(Int(value))" }
    var exponent = 0
    var size = abs(value)
    while size >= 10 { (size, exponent) = (size / 10, exponent + 1) }
    while size < 1 { (size, exponent) = (size * 10, exponent - 1) }
    if size >= 9.9995 { (size, exponent) = (1, exponent + 1) }
    if exponent >= -4, exponent < 4 {
      return fixed(value, digits: Swift.max(0, 3 - exponent))
    }
    if exponent >= 4, exponent < 7 { return fixed(value, digits: 0) }
    let sign = exponent < 0 ? "-" : "+"
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    return (value < 0 ? "-" : "") + fixed(size, digits: 3) + "e" + sign + digits
  }

  /// A count with its noun: `1 point`, `12 points`.
  package static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }

  /// Without trailing zeros.
  package static func trimmed(_ text: String) -> String {
    guard text.contains("."), !text.contains("e") else { return text }
    var result = Substring(text)
    while result.last == "0" { result.removeLast() }
    if result.last == "." { result.removeLast() }
    return String(result)
  }
}

/// Powers of ten without the rounding errors of logarithms.
package enum PowersOfTen {
  /// Ten to an integer power, correctly rounded; `0` or infinity outside the range of `Double`.
  package static func power(_ exponent: Int) -> Double {
    Double("1e\(max(-400, min(400, exponent)))") ?? 0
  }

  /// The decimal exponent of a positive number: `floor(log10(x))`, exact at powers of ten.
  package static func exponent(of x: Double) -> Int {
    var exponent = Int(log10(x).rounded(.down))
    if power(exponent + 1) <= x { exponent += 1 }
    if power(exponent) > x { exponent -= 1 }
    return exponent
  }
}
