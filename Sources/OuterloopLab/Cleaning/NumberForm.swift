/// Numbers as text, without Foundation.
package enum NumberForm {
  /// `digits` places behind the point: `0.50`; `nan` and `inf` as Swift writes them.
  package static func fixed(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled.isFinite, scaled < 1e15 else { return "\(value)" }
    let whole = String(Int(scaled))
    let filled = String(repeating: "0", count: max(0, digits + 1 - whole.count)) + whole
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + filled }
    return sign + filled.dropLast(digits) + "." + filled.suffix(digits)
  }
}
