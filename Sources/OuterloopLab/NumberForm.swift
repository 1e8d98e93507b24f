/// Numbers as text, without Foundation.
package enum NumberForm {
  /// `digits` places behind the point: `0.50`; `nan` and `inf` as Swift writes them.
  package static func fixed(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled.isFinite, scaled < 1e15 else { return "\(value)" }
    // From the last digit to the first, with a zero before the point.
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
}
