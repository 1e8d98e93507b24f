/// Numbers in text: a sign, digits with an optional point, an optional exponent; or `nan`, `inf`,
/// `infinity` in any case. No hexadecimal, no thousands separators, no locale.
enum DecimalText {
  /// The nearest float to the number in `bytes[range]`, ignoring surrounding spaces; nil if it is
  /// not a number. Numbers beyond the range of floats become infinite.
  ///
  /// Method: up to 19 digits are an integer `m`; when `m <= 2^53` and the power of ten is at most
  /// 22, `m * 10^p` in double is correctly rounded (Clinger 1990), and so is its float unless the
  /// double lies halfway between two floats or among the subnormals. All else goes to the
  /// standard library.
  static func float(_ bytes: [UInt8], _ range: Range<Int>) -> Float? {
    let range = trimmed(bytes, range)
    var at = range.lowerBound
    let end = range.upperBound
    var isNegative = false
    if at < end, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
      isNegative = bytes[at] == UInt8(ascii: "-")
      at += 1
    }
    let first = at
    var mantissa: UInt64 = 0
    var digits = 0
    var power = 0
    var isAfterPoint = false
    while at < end {
      let digit = bytes[at] &- UInt8(ascii: "0")
      if digit < 10 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        digits += 1
        if isAfterPoint { power -= 1 }
      } else if bytes[at] == UInt8(ascii: "."), !isAfterPoint {
        isAfterPoint = true
      } else {
        break
      }
      at += 1
    }
    guard digits > 0 else { return word(bytes, first..<end, isNegative) }
    if at < end {
      guard bytes[at] | 0x20 == UInt8(ascii: "e"), let exponent = exponent(bytes, (at + 1)..<end)
      else { return nil }
      power += exponent
    }
    // Leading zeros count as digits here: they only make a number take the slow path.
    if digits <= 19, mantissa <= 1 << 53, abs(power) <= 22 {
      let magnitude =
        power < 0 ? Double(mantissa) / powers[-power] : Double(mantissa) * powers[power]
      let isHalfway = magnitude.bitPattern & 0x1FFF_FFFF == 0x1000_0000
      if magnitude == 0 || magnitude >= Double(Float.leastNormalMagnitude), !isHalfway {
        return isNegative ? -Float(magnitude) : Float(magnitude)
      }
    }
    let text = String(decoding: bytes[first..<end], as: UTF8.self)
    let magnitude = Float(text) ?? .infinity
    return isNegative ? -magnitude : magnitude
  }

  /// The integer in `bytes[range]`: digits only, at most 18; nil otherwise.
  static func count(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    guard !range.isEmpty, range.count <= 18 else { return nil }
    var value = 0
    for at in range {
      let digit = bytes[at] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// The integer in `bytes[range]`: a sign, at most 18 digits, then optionally a point and zeros;
  /// nil otherwise.
  static func integer(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var low = range.lowerBound
    var high = range.upperBound
    guard low < high else { return nil }
    let isNegative = bytes[low] == UInt8(ascii: "-")
    if isNegative || bytes[low] == UInt8(ascii: "+") { low += 1 }
    if let point = bytes[low..<high].firstIndex(of: UInt8(ascii: ".")) {
      guard bytes[(point + 1)..<high].allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
      high = point
    }
    return count(bytes, low..<high).map { isNegative ? -$0 : $0 }
  }

  /// `range` without the spaces and tabs at its ends.
  static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, isSpace(bytes[low]) { low += 1 }
    while low < high, isSpace(bytes[high - 1]) { high -= 1 }
    return low..<high
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private static func exponent(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    var at = range.lowerBound
    var sign = 1
    if at < range.upperBound, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
      sign = bytes[at] == UInt8(ascii: "-") ? -1 : 1
      at += 1
    }
    guard at < range.upperBound else { return nil }
    var value = 0
    while at < range.upperBound {
      let digit = bytes[at] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      // Far beyond any float already; the slow path parses the text itself.
      value = min(value * 10 + Int(digit), 1_000_000)
      at += 1
    }
    return sign * value
  }

  private static func word(_ bytes: [UInt8], _ range: Range<Int>, _ isNegative: Bool) -> Float? {
    guard (3...8).contains(range.count) else { return nil }
    switch String(decoding: bytes[range].map { $0 | 0x20 }, as: UTF8.self) {
    case "nan": return .nan
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    default: return nil
    }
  }

  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}
