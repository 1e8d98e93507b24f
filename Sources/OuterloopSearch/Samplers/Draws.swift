package import OuterloopNumerics
private import OuterloopPlatform

/// The random numbers of one proposal, in order: Philox, its stream named by the study's seed, a
/// purpose and the trial's number. It depends on nothing else, so the same trial of the same study
/// gets the same numbers in every process.
struct Draws {
  /// What a stream is for. Names are part of a study's identity: they are never changed.
  enum Purpose: String {
    case startup, candidates, sobol, setup, repairs, population, restarts, survival, branches
    case sobolAgain = "sobol-again"
  }

  private var key: RandomKey
  private var words: [UInt32] = []
  private var position = 0

  init(seed: UInt64, _ purpose: Purpose, trial: Int) {
    key = RandomKey(seed: seed, purpose: purpose.rawValue, index: UInt64(truncatingIfNeeded: trial))
  }

  /// Uniform in (0, 1): the middle of one of 2^53 cells.
  mutating func next() -> Double {
    let (high, low) = (UInt64(word()), UInt64(word()))
    return (Double((high << 32 | low) >> 11) + 0.5) * 0x1p-53
  }

  private mutating func word() -> UInt32 {
    if position == words.count {
      // The first 64 words of the trial's own stream; further ones from streams split from it.
      if words.isEmpty {
        words = key.bits(64)
      } else {
        key = key.split(1)[0]
        words = key.bits(256)
      }
      position = 0
    }
    defer { position += 1 }
    return words[position]
  }
}

extension Draws {
  /// Standard normal numbers, two of each two uniform ones (Box and Muller 1958).
  mutating func normals(_ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count + 1)
    while result.count < count {
      let radius = (-2 * log(next())).squareRoot()
      let angle = 2 * .pi * next()
      result.append(radius * cos(angle))
      result.append(radius * sin(angle))
    }
    if result.count > count { result.removeLast() }
    return result
  }

  /// A number of the standard Cauchy distribution.
  mutating func cauchy() -> Double { tan(.pi * (next() - 0.5)) }
}

/// Uniform numbers one by one: the stream of a key, drawn in blocks. The n-th number depends only on
/// the key, not on how many were expected.
package struct UniformStream: Sendable {
  private let key: RandomKey
  private var numbers: [Double] = []
  private var position = 0

  /// `expecting` is how many are likely to be used: they are drawn together.
  package init(key: RandomKey, expecting: Int = 64) {
    self.key = key
    draw(max(expecting, 1))
  }

  /// The next number, in [0, 1).
  package mutating func next() -> Double {
    if position == numbers.count { draw(2 * numbers.count) }
    defer { position += 1 }
    return numbers[position]
  }

  /// The next `count` numbers.
  package mutating func next(_ count: Int) -> [Double] { (0..<count).map { _ in next() } }

  private mutating func draw(_ count: Int) {
    // A tensor of this type always has scalars of this type.
    guard let drawn = try? key.uniform([count], dtype: .float64).scalars(Double.self) else {
      preconditionFailure("a float64 tensor holds doubles")
    }
    numbers = drawn
  }
}
