package import OuterloopNumerics

/// Uniform numbers one by one: the stream of a key, drawn in blocks. Which number comes n-th depends
/// on the key alone, not on how many were expected.
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
