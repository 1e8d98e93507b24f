public import OuterloopText

/// A Sobol sequence: points that fill the unit cube more evenly than random ones, plain or scrambled.
///
/// Among the first 2^m points, each coordinate falls exactly once into each interval of length 2^-m.
/// A scrambled sequence keeps that property; each of its points alone is uniformly distributed, so
/// averages over it are unbiased, and smooth integrands converge faster than 1/n.
///
/// Point i is a pure function of (dimensions, key, i); its first coordinates do not depend on how
/// many follow. Coordinates are multiples of 2^-32, moved to the middle of their cell if scrambled,
/// and thus never 0 or 1.
///
/// Direction numbers: Joe and Kuo 2008. Order: Gray code (Antonov and Saleev 1979), as in scipy.
/// Scrambling: Owen's nested uniform scrambling (Owen 1995), its random bits from a hash of the
/// position in the binary tree (as Burley 2020, but a hash for each node instead of one for all).
public struct SobolSequence: Sendable {
  /// The most dimensions there are direction numbers for.
  public static let maximumDimensions = 1111

  /// How many coordinates a point has.
  public let dimensions: Int
  /// 32 words v_1...v_32 for each dimension in turn.
  private let directions: [UInt32]
  /// The stream of scrambling bits of each dimension; empty for the plain sequence.
  private let seeds: [UInt64]

  /// The plain sequence, whose first point is the origin.
  ///
  /// - Complexity: O(`dimensions`).
  /// - Throws: `SobolError` if there are no direction numbers for so many dimensions.
  public init(dimensions: Int) throws(SobolError) {
    self.dimensions = dimensions
    directions = try SobolSequence.directions(of: dimensions)
    seeds = []
  }

  /// The sequence scrambled by the stream of this key.
  ///
  /// - Throws: `SobolError` if there are no direction numbers for so many dimensions.
  public init(dimensions: Int, key: RandomKey) throws(SobolError) {
    self.dimensions = dimensions
    directions = try SobolSequence.directions(of: dimensions)
    let bits = key.bits(2 * dimensions)
    seeds = (0..<dimensions).map { UInt64(bits[2 * $0]) << 32 | UInt64(bits[2 * $0 + 1]) }
  }

  /// The point of an index: `dimensions` numbers in [0, 1), or (0, 1) if scrambled.
  ///
  /// - Complexity: O(`dimensions`); scrambled about 32 hashes a coordinate.
  public func point(_ index: UInt32) -> [Double] {
    (0..<dimensions).map { coordinate($0, of: index) }
  }

  /// `count` points from `first` on; after the last index, 2^32 - 1, follows 0. None for a count that
  /// is negative or does not fit into memory.
  public func points(from first: UInt32 = 0, count: Int) -> [[Double]] {
    guard RandomKey.holds(count, of: 48 + 8 * dimensions) else { return [] }
    return (0..<count).map { point(first &+ UInt32(truncatingIfNeeded: $0)) }
  }

  private func coordinate(_ dimension: Int, of index: UInt32) -> Double {
    let word = word(dimension, of: index)
    guard !seeds.isEmpty else { return Double(word) * 0x1p-32 }
    return (Double(SobolSequence.scramble(word, seed: seeds[dimension])) + 0.5) * 0x1p-32
  }

  /// x_i = v_1 g_1 xor v_2 g_2 xor ..., g the bits of the Gray code of i, the lowest first.
  private func word(_ dimension: Int, of index: UInt32) -> UInt32 {
    var gray = index ^ (index >> 1)
    var word: UInt32 = 0
    while gray != 0 {
      word ^= directions[32 * dimension + gray.trailingZeroBitCount]
      gray &= gray - 1
    }
    return word
  }

  /// Flips each bit by a random bit that belongs to the bits above it: the node of a binary tree.
  /// Nodes are numbered as in a heap, the root 1; number n has the n-th output of SplitMix64.
  private static func scramble(_ word: UInt32, seed: UInt64) -> UInt32 {
    var flips: UInt32 = 0
    for depth in 0..<32 {
      let node = (1 << UInt64(depth)) | (UInt64(word) >> UInt64(32 - depth))
      var z = seed &+ node &* 0x9e37_79b9_7f4a_7c15
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      flips = flips << 1 | UInt32(truncatingIfNeeded: z >> 63)
    }
    return word ^ flips
  }
}

/// A number of dimensions without direction numbers.
public struct SobolError: ExplainedError, Hashable {
  /// How many were asked for.
  public var dimensions: Int

  public var what: String {
    "a Sobol sequence has 1...\(SobolSequence.maximumDimensions) dimensions, not \(dimensions)"
  }

  public var remedy: String { "draw further coordinates from RandomKey.uniform" }
}

extension SobolSequence {
  /// v_k = m_k / 2^k, as words. The first s of m come from the table; then, with the polynomial
  /// x^s + a_1 x^(s-1) + ... + a_(s-1) x + 1 (Joe and Kuo 2008, equation 2):
  ///
  ///     m_k = 2 a_1 m_(k-1) xor 4 a_2 m_(k-2) xor ... xor 2^s m_(k-s) xor m_(k-s)
  private static func directions(of dimensions: Int) throws(SobolError) -> [UInt32] {
    guard (1...maximumDimensions).contains(dimensions) else {
      throw SobolError(dimensions: dimensions)
    }
    var result = (1...32).map { UInt32(1) << UInt32(32 - $0) }
    result.reserveCapacity(32 * dimensions)
    var bits = PackedBits(packed)
    for _ in 1..<dimensions {
      let degree = bits.next(4)
      let coefficients = bits.next(degree - 1)
      var m: [UInt32] = (1...degree).map { UInt32(bits.next($0 - 1)) << 1 | 1 }
      for k in degree..<32 {
        var number = m[k - degree] ^ (m[k - degree] << UInt32(degree))
        for step in 1..<degree where (coefficients >> (degree - 1 - step)) & 1 == 1 {
          number ^= m[k - step] << UInt32(step)
        }
        m.append(number)
      }
      result += m.enumerated().map { $1 << UInt32(31 - $0) }
    }
    return result
  }
}

/// Reads numbers of a few bits, the most significant bit first, from hexadecimal digits.
private struct PackedBits {
  private let digits: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: StaticString) {
    digits = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  mutating func next(_ count: Int) -> Int {
    var value = 0
    for _ in 0..<count {
      let digit = digits[position / 4]
      let nibble = Int(digit) - (digit < 0x3A ? 0x30 : 0x57)
      value = value << 1 | (nibble >> (3 - position % 4)) & 1
      position += 1
    }
    return value
  }
}
