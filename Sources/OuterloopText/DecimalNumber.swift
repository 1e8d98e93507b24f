/// A decimal number of up to 18 digits, `digits 10^exponent`, to be converted to the nearest
/// double.
struct DecimalNumber {
  var digits: UInt64
  var exponent: Int

  /// The nearest double; nil if this method cannot decide, which is very rare, or if the exponent
  /// exceeds 22, the largest power of ten that a double represents exactly.
  ///
  /// With d = h + l, both doubles, and p = 10^|exponent|:
  ///
  ///     q = fl(h / p),  r = h - q p,  c = fl((r + l) / p)        for negative exponents
  ///     q = fl(h p),    r = h p - q,  c = fl(r + l p)            for others
  ///
  /// r is exact (a fused multiply-add), and so q + c is the number up to a relative error of a few
  /// 2^-106. Its rounding s is the nearest double unless the rest q + c - s cannot be distinguished
  /// from half a unit of s. Without l and c it is Clinger's fast path: "How to read floating point
  /// numbers accurately" (PLDI 1990).
  var nearest: Double? {
    guard digits < 1_000_000_000_000_000_000, abs(exponent) <= 22 else { return nil }
    let h = Double(digits)
    let l = Double(Int64(digits) - Int64(h))
    let p = Self.powersOfTen[abs(exponent)]
    let (q, c): (Double, Double)
    if exponent < 0 {
      q = h / p
      c = (h.addingProduct(-q, p) + l) / p
    } else {
      q = h * p
      c = (-q).addingProduct(h, p) + l * p
    }
    let s = q + c
    let rest = c - (s - q)
    // Below a power of two, doubles are twice as dense: left to the general method.
    guard s.significandBitPattern != 0 || rest == 0, abs(rest) < 0.4999 * s.ulp else { return nil }
    return s
  }

  private static let powersOfTen: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }
}
