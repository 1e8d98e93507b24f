/// A decay b in (0, 1) as a product of one or two ratios that integers can be multiplied by without
/// losing a bit: the requested momentum, within a relative `tolerance`.
///
/// A momentum of a few decimals is one ratio, exactly: .9 is 9 / 10, .95 is 19 / 20. (The published
/// rule, n / 2^16, turns .9 into .9000092.) Where no ratio of numbers up to 2^16 comes within 3e-14,
/// as for most numbers of many digits, a second one makes up for the rest of the first, n' / d' near
/// b d / n: .123456789 is such a product, to parts in 1e11.
struct RationalDecay: Hashable {
  /// The largest relative difference from the requested number.
  static let tolerance = 1e-9

  /// In the order of multiplication. Products of the first with a number below 2^63, and of both, are
  /// below 2^63.
  let factors: [IntegerRatio]

  /// Nil outside (0, 1), NaN included, and where the nearest product is further away than `tolerance`,
  /// as for most numbers below 1e-7.
  init?(_ b: Double) {
    guard let nearest = Self.nearest(to: b), nearest.difference(from: b) <= Self.tolerance else {
      return nil
    }
    self = nearest
  }

  private init(_ factors: [IntegerRatio]) { self.factors = factors }

  /// The nearest product to a number in (0, 1) that was found.
  /// - Complexity: about 60 continued fractions, 2,000 for the worst numbers.
  static func nearest(to b: Double) -> RationalDecay? {
    guard b > 0, b < 1 else { return nil }
    var best: RationalDecay?
    var least = Double.infinity
    func consider(_ factors: [IntegerRatio]) {
      let decay = RationalDecay(factors)
      let difference = decay.difference(from: b)
      if difference < least { (best, least) = (decay, difference) }
    }
    if let single = IntegerRatio.nearest(to: b) { consider([single]) }
    if least <= 0x1p-45 { return best }
    // Small denominators leave the second ratio room, and add less rounding. Near 0 the numerator is 2;
    // near 1 products such as (k - 1) / k (k + 1) / k = 1 - 1 / k^2 are the nearest; near other
    // fractions it takes large denominators.
    let last = Int(IntegerRatio.limit) - tries
    let wanted = Swift.max(2 / b, 1 / (1 - b).squareRoot() - Double(tries / 2))
    let first = Swift.max(256, Int(Swift.min(wanted, Double(last))))
    for denominator in [first..<(first + tries), last..<(last + tries)].joined() {
      let numerator = Swift.max((b * Double(denominator)).rounded(.down), 2)
      guard let one = IntegerRatio(UInt64(numerator), UInt64(denominator)),
        let other = IntegerRatio.nearest(to: b * Double(denominator) / numerator)
      else { continue }
      consider([one, other])
      if least <= 0x1p-36 { break }
    }
    return best ?? smallest
  }

  /// 2^-30
  private static var smallest: RationalDecay? {
    IntegerRatio(2, IntegerRatio.limit).map { RationalDecay([$0, $0]) }
  }

  private static let tries = 1024

  /// The effective factor.
  var effective: Double {
    let (n, d) = factors.reduce((1, 1)) { ($0.0 * $1.numerator, $0.1 * $1.denominator) }
    return Double(n) / Double(d)
  }

  private func difference(from b: Double) -> Double { Swift.abs(effective / b - 1) }
}
