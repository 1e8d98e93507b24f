internal import OuterloopNumerics

/// The random numbers of one proposal, in order: Philox, its stream named by the study's seed, a
/// purpose and the trial's number. Nothing else enters, so the same trial of the same study gets the
/// same numbers in every process.
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
      // The first 64 words of the trial's own stream; further ones from streams split off it.
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
