/// Numbers as text, the same on every platform and without Foundation.
package enum NumberText {
  /// A number with a fixed count of decimals: `fixed(2, decimals: 2)` is `2.00`.
  ///
  /// Numbers too large for this (about 1e15 units of the last place) are written with an exponent.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return "?" }
    let places = max(0, min(15, decimals))
    let scaled = (abs(value) * Mathematics.powerOfTen(places)).rounded()
    guard scaled < 9e15 else { return significant(value, digits: 6) }
    var digits = String(Int64(scaled))
    if digits.count <= places {
      digits = String(repeating: "0", count: places + 1 - digits.count) + digits
    }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + digits }
    return sign + digits.dropLast(places) + "." + digits.suffix(places)
  }

  /// A number with at most `digits` significant digits: `0.00125`, `3.2e-7`, `12400`.
  package static func significant(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "?" }
    guard value != 0 else { return "0" }
    let count = max(1, min(15, digits))
    let exponent = Mathematics.decade(abs(value))
    if exponent < -4 || exponent >= max(6, count) { return scientific(value, digits: count) }
    return trimmed(fixed(value, decimals: max(0, count - 1 - exponent)))
  }

  /// A number with an exponent and at most `digits` significant digits: `1e-3`, `2.5e6`.
  package static func scientific(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return "?" }
    guard value != 0 else { return "0" }
    var exponent = Mathematics.decade(abs(value))
    // Two factors, so that the smallest and largest numbers neither underflow nor overflow.
    let half = exponent / 2
    let mantissa = value / Mathematics.powerOfTen(half) / Mathematics.powerOfTen(exponent - half)
    var text = trimmed(fixed(mantissa, decimals: max(0, min(15, digits) - 1)))
    if text == "10" || text == "-10" {
      text = String(text.dropLast())
      exponent += 1
    }
    return "\(text)e\(exponent)"
  }

  /// A pixel coordinate: two decimals at most, never an exponent, `nan` or `-0`.
  static func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    return trimmed(fixed(max(-1e6, min(1e6, value)), decimals: 2))
  }

  /// A pixel coordinate in tenths, where there are too many for hundredths.
  static func tenths(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    return trimmed(fixed(max(-1e6, min(1e6, value)), decimals: 1))
  }

  /// A count with its noun: `1 point`, `12 points`.
  static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains("."), !text.contains("e") else { return text }
    var result = Substring(text)
    while result.last == "0" { result.removeLast() }
    if result.last == "." { result.removeLast() }
    return String(result)
  }
}
