/// A decay b in (0, 1) as the fraction n / d that integers can be multiplied by without losing a
/// bit (Maclaurin et al. 2015, Alg. 3; the reference's `float_to_rational`):
///
///     d = 2^16 / (floor(b) + 1),  n = floor(b d) + 1.
///
/// For b < 1, d is 2^16. The effective decay n / d is a little more than b, by 2^-16 at the most:
/// .9 becomes 58983 / 65536 = .9000092.
struct RationalDecay {
  /// d = 2^16
  static let denominatorBits: UInt64 = 16
  static let denominator: UInt64 = 1 << denominatorBits
  /// The least b, and the bound that b stays below: there n is 2 and d.
  static let range = 0x1p-16..<(1 - 0x1p-16)

  /// n, in 2..<2^16.
  let numerator: UInt64
  /// ceil(2^(63 + l) / n) with l = ceil(log2 n): then floor(x / n) = (x magic) >> (63 + l) for all
  /// x < 2^63 (Granlund and Montgomery 1994). A product is several times faster than a division.
  let magic: UInt64
  /// l - 1, the shift of the upper half of the product.
  let shift: UInt64

  /// Nil outside `range`, NaN included.
  init?(_ b: Double) {
    guard Self.range.contains(b) else { return nil }
    numerator = UInt64(b * Double(Self.denominator)) + 1
    shift = UInt64(63 - (numerator - 1).leadingZeroBitCount)
    let (quotient, remainder) = numerator.dividingFullWidth((high: 1 << shift, low: 0))
    magic = quotient + (remainder > 0 ? 1 : 0)
  }

  /// n / d, what is really multiplied by.
  var effective: Double { Double(numerator) / Double(Self.denominator) }

  /// floor(x / n) for x < 2^63.
  @inline(__always) func quotient(_ x: UInt64) -> UInt64 {
    x.multipliedFullWidth(by: magic).high >> shift
  }

  /// `c n / d` with what rounding loses put into the bit buffer z, and what the multiplication has
  /// room for taken from it:
  ///
  ///     z = z d + (c mod d);  c = (c div d) n + (z mod n);  z = z div n
  ///
  /// with floor division. (c, z) -> (c, z) is one to one. z must be below 2^47.
  @inline(__always) func multiply(_ c: inout Int64, _ z: inout UInt64) {
    let full =
      z &<< Self.denominatorBits | UInt64(bitPattern: c) & (Self.denominator &- 1)
    z = quotient(full)
    c =
      (c &>> Int64(Self.denominatorBits)) &* Int64(numerator)
      &+ Int64(bitPattern: full &- z &* numerator)
  }

  /// The inverse of `multiply`: the same with n and d in each other's place.
  @inline(__always) func divide(_ c: inout Int64, _ z: inout UInt64) {
    // floor(c / n) of a negative c is the complement of floor(~c / n).
    let sign = c &>> 63
    let whole = Int64(bitPattern: quotient(UInt64(bitPattern: c ^ sign))) ^ sign
    let full =
      z &* numerator &+ UInt64(bitPattern: c &- whole &* Int64(bitPattern: numerator))
    c =
      whole &* Int64(Self.denominator)
      &+ Int64(bitPattern: full & (Self.denominator &- 1))
    z = full &>> Self.denominatorBits
  }
}
