internal import OuterloopPlatform

// Where densities, models and distances live: logarithms on a log scale, the values themselves
// otherwise. On a grid each value owns the cell that reaches half a step to either side, so that all
// own equally long pieces:
//
//     start = low - step/2,  end = high + step/2;   on a log scale: their logarithms
//
// A grid on a log scale whose first value is at most half a step above zero keeps its low end. A
// single value is not widened.
extension NumericRange {
  /// The length of the range of coordinates; 0 for a single value.
  public var width: Double { end - start }

  /// The coordinate of a value; one outside of the range counts as the end next to it.
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
    // The ends exactly, whatever exp and log round.
    if u <= 0 || u >= 1 { return u <= 0 ? low : high }
    return value(atCoordinate: start + width * u)
  }

  /// Where the coordinate of `value` lies between the ends, 0 to 1; 1/2 if there is a single value.
  public func unit(of value: Double) -> Double {
    guard width > 0 else { return 0.5 }
    return Swift.min(Swift.max((coordinate(of: value) - start) / width, 0), 1)
  }
}
