/// An interval of numbers, closed at both ends, with its scale and its grid.
///
/// With a step the values are `low, low + step, ...` up to the last one that is not above `high`;
/// `high` is moved down to it. Integers always have a step, 1 unless said otherwise. On a log scale
/// distances are those of logarithms; the grid stays a grid of the values themselves.
public struct NumericRange: Sendable, Hashable {
  public let low: Double
  public let high: Double
  public let isLog: Bool
  public let step: Double?

  /// - Throws: `SpaceError` for ends that are not finite or the wrong way round, a log scale that
  ///   reaches zero, or a step that is not positive.
  public init(_ low: Double, _ high: Double, log: Bool = false, step: Double? = nil) throws {
    guard low.isFinite, high.isFinite else {
      throw SpaceError("the ends \(low) and \(high) are not finite", "give two ordinary numbers")
    }
    guard low <= high else {
      throw SpaceError("the low end \(low) is above the high end \(high)", "exchange them")
    }
    guard !log || low > 0 else {
      throw SpaceError(
        "a log scale cannot start at \(low)", "start above 0, or leave the log scale out")
    }
    if let step {
      guard step.isFinite, step > 0 else {
        throw SpaceError("the step \(step) is not above 0", "give a positive step")
      }
      guard (high - low) / step < 9e15 else {
        throw SpaceError("the step \(step) is too small for the range", "give a larger step")
      }
    }
    self.low = low
    self.isLog = log
    self.step = step
    if let step {
      // A tolerance, so that 0...1 in steps of 0.1 has 11 values in spite of rounding.
      let count = ((high - low) / step + 1e-9).rounded(.down)
      self.high = Swift.min(high, low + count * step)
    } else {
      self.high = high
    }
  }

  /// How many values there are; nil without a grid, unless the ends coincide.
  public var count: Int? {
    if low == high { return 1 }
    return step.map { Int(((high - low) / $0).rounded()) + 1 }
  }

  /// The `index`-th value of the grid.
  public func gridValue(_ index: Int) -> Double {
    guard let step else { return low }
    return Swift.min(low + Double(index) * step, high)
  }

  /// The nearest value of the range.
  public func nearest(_ value: Double) -> Double {
    let inside = Swift.min(Swift.max(value, low), high)
    guard let step else { return inside }
    return gridValue(Int(((inside - low) / step).rounded()))
  }

  /// Whether `value` is one of the range's, to rounding.
  public func contains(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    let near = nearest(value)
    guard step != nil else { return near == value }
    return abs(near - value) <= 1e-9 * Swift.max(abs(low), abs(high), abs(value), 1e-300)
  }

  /// The range in which densities live: grid ends moved out by half a step, so that each grid value
  /// owns an equally long piece, and logarithms taken on a log scale.
  ///
  ///     a = low - step/2,  b = high + step/2;   log: (log a, log b)
  ///
  /// On a log scale a grid whose first value is at most half a step above zero keeps its low end.
  public var widened: (low: Double, high: Double) {
    let half = (step ?? 0) / 2
    let bottom = isLog && low - half <= 0 ? low : low - half
    return isLog ? (_log(bottom), _log(high + half)) : (bottom, high + half)
  }

  /// The quantile `u` in [0, 1] of the uniform distribution over the widened range.
  public func value(atUnit u: Double) -> Double {
    let (bottom, top) = widened
    let inside = bottom + (top - bottom) * u
    return nearest(isLog ? _exp(inside) : inside)
  }

  /// Where `value` lies in the widened range, 0 to 1; 1/2 if the range is a single point.
  public func unit(of value: Double) -> Double {
    let (bottom, top) = widened
    guard top > bottom else { return 0.5 }
    return Swift.min(Swift.max(((isLog ? _log(value) : value) - bottom) / (top - bottom), 0), 1)
  }
}
