/// A ratio n / d of whole numbers up to 2^16 that integers can be multiplied by without losing a bit
/// (Maclaurin et al. 2015, Alg. 3): what rounding loses goes into a bit buffer z, and what the
/// multiplication has room for is taken from it,
///
///     z = z d + (c mod d);  c = (c div d) n + (z mod n);  z = z div n
///
/// with floor division. (c, z) -> (c, z) is one to one for any n and d; its inverse is the same with
/// n and d in each other's place. The product is off by less than n units of c.
struct IntegerRatio: Hashable {
  /// n and d are at most this: with z < 2^47 nothing overflows.
  static let limit: UInt64 = 1 << 16

  private let byNumerator, byDenominator: Divisor

  /// n and d, each in 2...2^16.
  var numerator: UInt64 { byNumerator.value }
  var denominator: UInt64 { byDenominator.value }

  /// Nil where n or d is out of range. 1 / d is taken as 2 / 2 d.
  init?(_ numerator: UInt64, _ denominator: UInt64) {
    let factor: UInt64 = Swift.min(numerator, denominator) == 1 ? 2 : 1
    let (n, d) = (factor * numerator, factor * denominator)
    guard n >= 2, d >= 2, n <= Self.limit, d <= Self.limit else { return nil }
    byNumerator = Divisor(n)
    byDenominator = Divisor(d)
  }

  /// `c n / d`; z must be below 2^47.
  @inline(__always) func multiply(_ c: inout Int64, _ z: inout UInt64) {
    Self.exchange(byDenominator, for: byNumerator, &c, &z)
  }

  /// The inverse of `multiply`.
  @inline(__always) func divide(_ c: inout Int64, _ z: inout UInt64) {
    Self.exchange(byNumerator, for: byDenominator, &c, &z)
  }

  @inline(__always) private static func exchange(
    _ old: Divisor, for new: Divisor, _ c: inout Int64, _ z: inout UInt64
  ) {
    // floor(c / d) of a negative c is the complement of floor(~c / d).
    let sign = c &>> 63
    let whole = Int64(bitPattern: old.quotient(UInt64(bitPattern: c ^ sign))) ^ sign
    let full =
      z &* old.value &+ UInt64(bitPattern: c &- whole &* Int64(bitPattern: old.value))
    z = new.quotient(full)
    c = whole &* Int64(bitPattern: new.value) &+ Int64(bitPattern: full &- z &* new.value)
  }
}

extension IntegerRatio {
  /// The ratio nearest to a positive number, by its continued fraction; nil where none is within a
  /// factor of two or so: below 2^-16 and above 2^16.
  /// - Complexity: about 20 divisions.
  static func nearest(to x: Double) -> IntegerRatio? {
    let limit = Double(limit)
    // The last two convergents, p / q.
    var (p, q) = (0.0, 1.0)
    var (nextP, nextQ) = (1.0, 0.0)
    var rest = x
    while true {
      let whole = rest.rounded(.down)
      let (newP, newQ) = (whole * nextP + p, whole * nextQ + q)
      guard newP <= limit, newQ <= limit else { break }
      (p, q, nextP, nextQ) = (nextP, nextQ, newP, newQ)
      let fraction = rest - whole
      // What is left is the rounding of x.
      if fraction < 1e-13 { break }
      rest = 1 / fraction
    }
    // Between the last convergent and the next, which is too long.
    let most = Swift.min(
      nextP > 0 ? ((limit - p) / nextP).rounded(.down) : .infinity,
      nextQ > 0 ? ((limit - q) / nextQ).rounded(.down) : .infinity)
    var candidates = [(nextP, nextQ)]
    if most.isFinite, most > 0 { candidates.append((most * nextP + p, most * nextQ + q)) }
    return
      candidates
      .filter { $0.0 >= 1 && $0.1 >= 1 }
      .sorted { Swift.abs($0.0 / $0.1 - x) < Swift.abs($1.0 / $1.1 - x) }
      .lazy.compactMap { IntegerRatio(UInt64($0.0), UInt64($0.1)) }.first
  }
}

/// A divisor n in 2...2^16 as a product, which is several times faster than a division: with
/// l = ceil(log2 n) and the magic number ceil(2^(63 + l) / n), floor(x / n) = (x magic) >> (63 + l)
/// for all x < 2^63 (Granlund and Montgomery 1994).
struct Divisor: Hashable {
  let value: UInt64
  private let magic: UInt64
  /// l - 1, the shift of the upper half of the product.
  private let shift: UInt64

  init(_ value: UInt64) {
    self.value = value
    shift = UInt64(63 - (value - 1).leadingZeroBitCount)
    let (quotient, remainder) = value.dividingFullWidth((high: 1 << shift, low: 0))
    magic = quotient + (remainder > 0 ? 1 : 0)
  }

  /// floor(x / n) for x < 2^63.
  @inline(__always) func quotient(_ x: UInt64) -> UInt64 {
    x.multipliedFullWidth(by: magic).high >> shift
  }
}
