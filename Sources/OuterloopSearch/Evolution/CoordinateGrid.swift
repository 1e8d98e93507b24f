internal import OuterloopStudy

/// The values of a gridded parameter, as positions in the unit interval, and the thresholds between them.
struct CoordinateGrid: Sendable {
  private enum Spacing: Sendable {
    case even(first: Double, step: Double)
    /// A grid of values on a log scale.
    case range(NumericRange)
  }

  /// At least 2.
  let count: Int
  private let spacing: Spacing

  /// `count` positions `first`, `first + step`, ...
  init(count: Int, first: Double, step: Double) {
    precondition(count >= 2)
    self.count = count
    spacing = .even(first: first, step: step)
  }

  /// Each of `count` values is at the centre of an equal piece of the interval.
  init(cells count: Int) {
    let width = 1 / Double(count)
    self.init(count: count, first: width / 2, step: width)
  }

  /// - Parameter range: with a step, and at least two values.
  init(_ range: NumericRange) {
    let count = range.count ?? 2
    precondition(count >= 2)
    self.count = count
    let width = 1 / Double(count)
    spacing = range.isLog ? .range(range) : .even(first: width / 2, step: width)
  }

  func place(_ index: Int) -> Double {
    switch spacing {
    case .even(let first, let step): first + Double(index) * step
    case .range(let range): range.unit(of: range.gridValue(index))
    }
  }

  /// Between values `index` and `index + 1`.
  func threshold(_ index: Int) -> Double {
    switch spacing {
    case .even: (place(index) + place(index + 1)) / 2
    case .range(let range):
      range.unit(of: (range.gridValue(index) + range.gridValue(index + 1)) / 2)
    }
  }

  /// The value whose piece `place` is in; the lower one for a position on a threshold.
  func index(of place: Double) -> Int {
    let guess: Double =
      switch spacing {
      case .even(let first, let step): ((place - first) / step + 0.5).rounded(.down)
      case .range(let range):
        ((range.value(atUnit: place) - range.low) / (range.step ?? 1)).rounded()
      }
    guard guess >= 0 else { return 0 }
    var index = guess >= Double(count - 1) ? count - 1 : Int(guess)
    // Rounding can be off by one.
    if index > 0, place <= threshold(index - 1) { index -= 1 }
    if index < count - 1, place > threshold(index) { index += 1 }
    return index
  }

  /// The thresholds below and above the value at `place`: for an end value, its only threshold twice.
  func thresholds(around place: Double) -> (below: Double, above: Double) {
    let index = index(of: place)
    return (
      threshold(min(max(index - 1, 0), count - 2)), threshold(min(max(index, 0), count - 2))
    )
  }
}
