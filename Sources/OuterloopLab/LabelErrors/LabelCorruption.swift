internal import OuterloopNumerics

/// Labels that are made wrong on purpose, to measure how well they are found.
enum LabelCorruption {
  /// Moves exactly `round(share n)` of the labels, chosen by the seed, to a class chosen uniformly
  /// among the others; nil where that is none.
  static func corrupted(
    _ labels: [Int32], share: Double, classes: Int, seed: UInt64
  ) -> [Int32]? {
    let wrong = Int((share * Double(labels.count)).rounded())
    guard wrong > 0, classes > 1 else { return nil }
    let chosen = RandomKey(seed: seed, purpose: "corrupt").permutation(labels.count).prefix(wrong)
    let draws = RandomKey(seed: seed, purpose: "wrong class").bits(wrong)
    var result = labels
    for (index, draw) in zip(chosen, draws) {
      let shift = Int32((UInt64(draw) &* (UInt64(classes) - 1)) >> 32) + 1
      result[index] = (result[index] + shift) % Int32(classes)
    }
    return result
  }
}
