/// Changes valid files, the same way for the same seed.
public struct ReaderMutator {
  private var state: UInt64
  private let seeds: [[UInt8]]

  public init(seed: UInt64, seeds: [[UInt8]] = ReaderSeeds.all) {
    state = seed
    self.seeds = seeds
  }

  /// The next input: a seed with one to four changes, one time in four packed as gzip after them.
  public mutating func next() -> [UInt8] {
    var bytes = seeds[below(seeds.count)]
    for _ in 0...below(4) { change(&bytes) }
    return below(4) == 0 ? ReaderSeeds.storedGzip(bytes) : bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes = token()
      return
    }
    let at = below(bytes.count)
    switch below(9) {
    case 0: bytes[at] ^= 1 << UInt8(below(8))
    case 1: bytes[at] = UInt8(truncatingIfNeeded: random())
    case 2: bytes.removeLast(bytes.count - at)
    case 3: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(8)))
    case 4: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + below(32))], at: at)
    case 5:
      let other = seeds[below(seeds.count)]
      bytes.replaceSubrange(at..., with: other[below(other.count)...])
    case 6:
      // Sizes stand in the header, four bytes each.
      let start = 4 * below(4)
      let number = ReaderMutator.numbers[below(ReaderMutator.numbers.count)]
      for place in 0..<4 where start + place < bytes.count {
        bytes[start + place] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * place))
      }
    case 7: bytes.insert(contentsOf: token(), at: at)
    default:
      let token = token()
      bytes.replaceSubrange(at..<min(bytes.count, at + token.count), with: token)
    }
  }

  private static let numbers: [UInt32] = [
    0, 1, 2, 255, 256, 65_535, 65_536, 0x7FFF_FFFF, 0x8000_0000, .max, 0x0000_0803, 0x0000_0801,
    0x0000_0EFF, 0x0100_0000,
  ]

  private static let tokens: [[UInt8]] =
    [[0x1F, 0x8B], [0x1F, 0x8B, 8], [0xFF, 0xFE], [0xC0, 0x80]]
    + [
      "nan", "inf", "-inf", "1e39", "-1e400", "1e-400", "e", "+", "-", ".", ":", "0:1", "1:1",
      "2147483647:1", "2147483648:1", "999999999999999999:1", ",", ",,", ";", "\"", "\"\"", "\n",
      "\r\n", "\t", " ", "#", "qid:1", "\u{FEFF}", "\0", "\u{FFFD}", "1.", ".5", "0x1p3",
      "123456789012345678901234567890", "1e99999999999999999999", "-1", "0", "1.0", "0.5",
      "\u{1F}", "\u{2028}", "\u{85}",
    ].map { Array($0.utf8) }

  private mutating func token() -> [UInt8] {
    ReaderMutator.tokens[below(ReaderMutator.tokens.count)]
  }

  private mutating func below(_ bound: Int) -> Int {
    Int(random() % UInt64(bound))
  }

  /// SplitMix64.
  private mutating func random() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
