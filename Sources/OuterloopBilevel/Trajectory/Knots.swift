/// States of a trajectory that are kept, the others being interpolated: M + 1 knots
/// `0 = k_0 < ... < k_M = T`, by their number M. More than T are T.
public enum Knots: Sendable, Hashable, CustomStringConvertible {
  /// At equal numbers of steps. `.steps(1)` is the line from the first state to the last.
  case steps(Int)
  /// At equal lengths of the path of the weights (of the whole state, where it is not known what
  /// the weights are), so that a training that slows down has more knots at its beginning. The
  /// length is known at the end of training, which is run twice.
  case arcLength(Int)

  /// M
  public var count: Int {
    switch self {
    case .steps(let count), .arcLength(let count): count
    }
  }

  public var description: String {
    switch self {
    case .steps(let count): "steps(\(count))"
    case .arcLength(let count): "arcLength(\(count))"
    }
  }

  /// k_j = floor(j T / M).
  /// - Complexity: O(M).
  static func uniform(_ count: Int, steps: Int) -> [Int] {
    let segments = Swift.min(count, steps)
    return (0...segments).map { $0 * steps / segments }
  }

  /// Where the path has come nearest to j / M of its length, with at least a step between knots.
  /// - Parameter lengths: the path's length from the start to steps 0...T; uniform knots if the
  ///   last
  ///   is 0 or not finite.
  /// - Complexity: O(T).
  static func equalArcs(_ count: Int, lengths: [Double]) -> [Int] {
    let steps = lengths.count - 1
    let segments = Swift.min(count, steps)
    guard lengths[steps] > 0, lengths[steps].isFinite else { return uniform(count, steps: steps) }
    var knots = [0]
    var t = 0
    for knot in 1..<Swift.max(segments, 1) {
      let target = lengths[steps] * Double(knot) / Double(segments)
      while lengths[t] < target { t += 1 }
      let isBefore = t > 0 && target - lengths[t - 1] < lengths[t] - target
      let nearest = isBefore ? t - 1 : t
      knots.append(Swift.min(Swift.max(nearest, knots[knot - 1] + 1), steps - (segments - knot)))
    }
    return knots + [steps]
  }
}

/// What the buffers of an optimizer are between knots.
public enum KnotVelocity: String, Sendable, Hashable, CustomStringConvertible {
  /// On the line between the buffers at the knots, as the weights are on theirs. For every
  /// optimizer.
  case interpolated
  /// The slope of the line that the weights are on: what heavy ball's momentum is on a straight
  /// path.
  case slope

  public var description: String { rawValue }
}
