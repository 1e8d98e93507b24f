internal import OuterloopPlatform

/// A closed interval of numbers, with its scale and its grid.
///
/// With a step the values are `low, low + step, ...` up to the last one that is not above `high`;
/// `high` is moved down to it. Integers always have a step, 1 by default. On a log scale distances
/// are those of logarithms; the grid stays a grid of the values themselves.
public struct NumericRange: Sendable, Hashable {
  /// The least value.
  public let low: Double
  /// The greatest value.
  public let high: Double
  /// Whether distances are those of logarithms.
  public let isLog: Bool
  /// The distance of neighbouring values; nil for every number of the range.
  public let step: Double?
  /// The ends of the range of coordinates (see ``coordinate(of:)``).
  public let start: Double
  /// The end of the range of coordinates.
  public let end: Double
  /// A power of ten by which `low` and `step` become integers. Grid values are computed from
  /// integers, so that 0...1 in steps of 0.1 contains 0.3 and not 0.30000000000000004.
  private let decimals: Double?

  /// Up to here, 2^53, every integer is a `Double`: the limit for the ends of integers and for the
  /// number of steps of a range.
  static let exactIntegers = 0x1p53

  /// - Throws: `SpaceError` for ends that are not finite, beyond 1e300 or in the wrong order, a log
  ///   scale that reaches zero, or a step that is not positive or too small for the numbers.
  public init(_ low: Double, _ high: Double, log: Bool = false, step: Double? = nil) throws {
    guard low.isFinite, high.isFinite else {
      throw SpaceError("the ends \(low) and \(high) are not finite", "give two finite numbers")
    }
    // Beyond, the length of a range and a step past its end could overflow.
    guard abs(low) <= 1e300, abs(high) <= 1e300 else {
      throw SpaceError("the range reaches beyond 1e300", "use a smaller range, or a scale factor")
    }
    guard low <= high else {
      throw SpaceError("the low end \(low) is above the high end \(high)", "exchange them")
    }
    guard !log || low > 0 else {
      throw SpaceError(
        "a log scale cannot start at \(low)", "start above 0, or leave the log scale out")
    }
    self.low = low
    self.isLog = log
    self.step = step
    guard let step else {
      self.high = high
      decimals = nil
      (start, end) = log ? (CLibrary.log(low), CLibrary.log(high)) : (low, high)
      return
    }
    guard step.isFinite, step > 0 else {
      throw SpaceError("the step \(step) is not above 0", "give a positive step")
    }
    let largest = Swift.max(abs(low), abs(high))
    let isExact = [low, high, step].allSatisfy {
      $0 == $0.rounded() && abs($0) <= Self.exactIntegers
    }
    guard (high - low) / step <= Self.exactIntegers, isExact || step >= 2 * largest.ulp else {
      throw SpaceError(
        "the step \(step) is too small for the range",
        "give a larger step: a range has 2^53 of them at most")
    }
    // A tolerance, so that 0...1 in steps of 0.1 has 11 values in spite of rounding: of the
    // quotient itself, and of the ends, measured in steps.
    let quotient = (high - low) / step
    let rounding = 1e-9 + 4 * quotient.ulp + (low.ulp + high.ulp) / step
    let last = (quotient + (isExact ? 0 : Swift.min(rounding, 0.3))).rounded(.down)
    decimals = Self.decimals(low, step, last)
    let top = Self.gridValue(
      last, low, step, decimals, isExact ? low.addingProduct(last, step) : high)
    self.high = top
    let half = low == top ? 0 : step / 2
    let bottom = log && low - half <= 0 ? low : low - half
    (start, end) = log ? (CLibrary.log(bottom), CLibrary.log(top + half)) : (bottom, top + half)
  }

  /// 10^k with the least k for which `low` and `step` are decimals of k places, so that all grid
  /// values are quotients of whole numbers below 2^53; nil if there is none.
  private static func decimals(_ low: Double, _ step: Double, _ last: Double) -> Double? {
    var scale = 1.0
    for _ in 0...22 {  // 10^22 is the last power that a Double holds exactly
      let (a, b) = ((low * scale).rounded(), (step * scale).rounded())
      guard abs(a) + last * b <= exactIntegers else { return nil }
      if a / scale == low, b / scale == step { return scale }
      scale *= 10
    }
    return nil
  }

  private static func gridValue(
    _ index: Double, _ low: Double, _ step: Double, _ decimals: Double?, _ high: Double
  ) -> Double {
    // Rounded once: whole numbers up to 2^53 are exact, however long the range is.
    guard let decimals else { return Swift.min(low.addingProduct(index, step), high) }
    return ((low * decimals).rounded() + index * (step * decimals).rounded()) / decimals
  }

  /// How many values there are; nil without a grid, unless the ends coincide.
  public var count: Int? {
    if low == high { return 1 }
    return step.map { Int(((high - low) / $0).rounded()) + 1 }
  }

  /// The `index`-th value of the grid.
  public func gridValue(_ index: Int) -> Double {
    guard let step, low < high else { return low }
    return Self.gridValue(Double(index), low, step, decimals, high)
  }

  /// The nearest value of the range; NaN has none and stays NaN.
  public func nearest(_ value: Double) -> Double {
    if value.isNaN { return value }
    return step == nil ? inside(value) : gridValue(index(nearest: value))
  }

  /// The grid index of the value nearest to `value`; 0 without a grid.
  public func index(nearest value: Double) -> Int {
    guard let step, low < high, !value.isNaN else { return 0 }
    let inside = inside(value)
    // Differences beyond 2^53 are exact as integers only.
    if high - low > Self.exactIntegers, let low = Int(exactly: low), let step = Int(exactly: step),
      let whole = Int(exactly: inside)
    {
      return (2 * (whole - low) + step) / (2 * step)
    }
    return Int(((inside - low) / step).rounded())
  }

  private func inside(_ value: Double) -> Double { Swift.min(Swift.max(value, low), high) }

  /// Whether `value` is one of the range's; on a grid to a millionth of a step.
  public func contains(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    let near = nearest(value)
    guard let step else { return near == value }
    return abs(near - value) <= Swift.max(step * 1e-6, Swift.min(2 * near.ulp, step / 4))
  }
}

// The coordinates in which densities, models and distances are defined: logarithms on a log scale,
// the values themselves otherwise. On a grid each value owns the cell that reaches half a step to
// either side, so that all cells have the same length:
//
//     start = low - step/2,  end = high + step/2;   on a log scale: their logarithms
//
// A grid on a log scale whose first value is at most half a step above zero keeps its low end. A
// single value is not widened.
extension NumericRange {
  /// The length of the range of coordinates; 0 for a single value.
  public var width: Double { end - start }

  /// The coordinate of a value; one outside of the range counts as the nearest end.
  public func coordinate(of value: Double) -> Double {
    let inside = Swift.min(Swift.max(value, low), high)
    return isLog ? log(inside) : inside
  }

  /// The value nearest to a coordinate.
  public func value(atCoordinate coordinate: Double) -> Double {
    nearest(isLog ? exp(coordinate) : coordinate)
  }

  /// The cell of a value of the grid, in coordinates; without a grid it has no length.
  public func cell(of value: Double) -> (left: Double, right: Double) {
    let half = low == high ? 0 : (step ?? 0) / 2
    guard isLog else { return (value - half, value + half) }
    return (value - half > 0 ? log(value - half) : start, log(value + half))
  }

  /// The quantile `u` in [0, 1] of the uniform distribution over the coordinates.
  public func value(atUnit u: Double) -> Double {
    // The exact ends, despite rounding in exp and log.
    if u <= 0 || u >= 1 { return u <= 0 ? low : high }
    return value(atCoordinate: start + width * u)
  }

  /// Where the coordinate of `value` lies between the ends, 0 to 1; 1/2 if there is a single value.
  public func unit(of value: Double) -> Double {
    guard width > 0 else { return 0.5 }
    return Swift.min(Swift.max((coordinate(of: value) - start) / width, 0), 1)
  }
}
