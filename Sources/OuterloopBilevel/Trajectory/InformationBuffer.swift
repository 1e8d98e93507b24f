internal import OuterloopNumerics

/// The bits that decaying numbers lose, for one tensor: a limb of 64 bits per number, and older
/// words of 32 that were taken out of the limbs when they were about to overflow.
///
/// A multiplication by n / d (`IntegerRatio`) adds log2(d / n) bits per number on average: b = .9
/// .152, .95 .074, .98 .0291, .99 .0145. How many values a limb can have, M, is known from the
/// ratios alone: one at the start, and `M <- ceil(M d / n)`. So limbs are emptied at steps that
/// depend on the step alone, in all numbers at once, and no flags are kept. Keeping 16 bits in the
/// limb, a spilled word is full: nothing is wasted but the roundings up of small M.
struct InformationBuffer {
  let count: Int
  private let limbStorage: Storage
  /// Words taken out of the limbs, and the multiplication before which they were.
  private var spilled: [(storage: Storage, multiplication: Int)] = []
  /// Multiplications under way that have not been undone.
  private(set) var multiplications = 0
  /// M
  private var possible: UInt64 = 1

  /// With M d <= 2^63 division by a product is exact, and nothing overflows.
  private static let limit: UInt64 = 1 << 47
  private static let word: UInt64 = 32

  /// z = 0: empty.
  init(count: Int) {
    self.count = count
    limbStorage = Storage(byteCount: 8 * count)
    limbStorage.pointer.initializeMemory(as: UInt64.self, repeating: 0, count: count)
  }

  /// z, one for each number; valid while the buffer lives.
  var limbs: UnsafeMutablePointer<UInt64> {
    limbStorage.pointer.assumingMemoryBound(to: UInt64.self)
  }

  /// Words of the latest spill, if there is one.
  var latestWords: UnsafeMutablePointer<UInt32>? {
    spilled.last?.storage.pointer.assumingMemoryBound(to: UInt32.self)
  }

  var spills: Int { spilled.count }
  var byteCount: Int { (8 + 4 * spills) * count }

  /// Bits in use, for all numbers together: what M allows for in the limbs, rounded up, and the
  /// words.
  var bits: Int {
    count * (Int(Self.word) * spills + (64 - (possible - 1).leadingZeroBitCount))
  }

  /// Makes room for the bits of a multiplication by a ratio.
  mutating func prepare(_ ratio: IntegerRatio) {
    if possible > Self.limit {
      let words = Storage(byteCount: 4 * count)
      let (limbs, target) = (limbs, words.pointer.assumingMemoryBound(to: UInt32.self))
      for index in 0..<count {
        target[index] = UInt32(truncatingIfNeeded: limbs[index])
        limbs[index] &>>= Self.word
      }
      spilled.append((words, multiplications))
      possible = (possible &+ (1 << Self.word - 1)) >> Self.word
    }
    possible = (possible * ratio.denominator + ratio.numerator - 1) / ratio.numerator
    multiplications += 1
  }

  /// After the inverse of a multiplication: gives the limbs back the words taken out before it.
  mutating func undo() {
    multiplications -= 1
    guard let (words, multiplication) = spilled.last, multiplication == multiplications else {
      return
    }
    let (limbs, source) = (limbs, words.pointer.assumingMemoryBound(to: UInt32.self))
    for index in 0..<count { limbs[index] = limbs[index] &<< Self.word | UInt64(source[index]) }
    spilled.removeLast()
  }

  /// Whether every bit has been used again.
  var isEmpty: Bool {
    guard multiplications == 0, spilled.isEmpty else { return false }
    return (0..<count).allSatisfy { limbs[$0] == 0 }
  }
}
