internal import OuterloopPlatform

/// The range of a numeric parameter as the kernels of a density see it.
///
/// A value of the user becomes a *coordinate*: its logarithm if the domain is logarithmic, itself
/// otherwise. On a grid every value stands for the cell reaching half a step to either side, so the
/// range of coordinates is that of [low - step/2, high + step/2]; kernels have a mass on every cell
/// there, and a density on the plain range otherwise (in log space without a Jacobian, which
/// cancels in a ratio of two densities). On a log scale the cell of a low end at most half a step
/// above zero begins at that end.
package struct NumericDomain: Sendable, Hashable {
  package let low: Double
  /// The largest value; on a grid the last point that is not above the given bound.
  package let high: Double
  /// The distance of grid points, nil for a continuous range.
  package let step: Double?
  package let isLogarithmic: Bool
  /// The ends of the range of coordinates.
  package let start: Double
  package let end: Double

  /// - Throws: ``NumericDomainError`` for bounds that are not finite and ordered, a step that is
  ///   not positive, or a logarithm of something not positive.
  package init(
    low: Double, high: Double, step: Double? = nil, isLogarithmic: Bool = false
  ) throws(NumericDomainError) {
    guard low.isFinite, high.isFinite, low <= high, (high - low).isFinite else {
      throw .bounds(low: low, high: high)
    }
    var last = high
    if let step {
      guard step > 0, step.isFinite else { throw .step(step) }
      // A bound that should be on the grid may miss it by rounding.
      last = low + ((high - low) / step + 1e-9).rounded(.down) * step
    }
    let half = (step ?? 0) / 2
    guard !isLogarithmic || low > 0 else { throw .logarithm(low: low) }
    self.low = low
    self.high = last
    self.step = step
    self.isLogarithmic = isLogarithmic
    start = isLogarithmic ? log(low - half > 0 ? low - half : low) : low - half
    end = isLogarithmic ? log(last + half) : last + half
  }

  /// The levels 0..<levels of an ordinal parameter: the grid of its indices. levels >= 1.
  package init(levels: Int) {
    precondition(levels >= 1)
    low = 0
    high = Double(levels - 1)
    step = 1
    isLogarithmic = false
    start = -0.5
    end = high + 0.5
  }

  /// The length of the range of coordinates; 0 if a continuous range is a single value.
  package var width: Double { end - start }

  /// How many grid points there are; nil for a continuous range.
  package var gridCount: Int? {
    guard let step else { return nil }
    let count = ((high - low) / step).rounded() + 1
    return count < 0x1p62 ? Int(count) : Int.max
  }

  /// The coordinate of a value; values outside the range count as its nearest end.
  package func coordinate(of value: Double) -> Double {
    let inside = min(max(value, low), high)
    return isLogarithmic ? log(inside) : inside
  }

  /// The value of a coordinate, on the grid and inside the range.
  package func value(at coordinate: Double) -> Double {
    let plain = isLogarithmic ? exp(coordinate) : coordinate
    guard let step else { return min(max(plain, low), high) }
    let onGrid = low + ((plain - low) / step).rounded(.toNearestOrEven) * step
    return min(max(onGrid, low), high)
  }

  /// The cell of a grid value, in coordinates.
  package func cell(of value: Double) -> (left: Double, right: Double) {
    let half = (step ?? 0) / 2
    guard isLogarithmic else { return (value - half, value + half) }
    return (value - half > 0 ? log(value - half) : start, log(value + half))
  }

  /// The index of a value on the grid.
  package func slot(of value: Double) -> Int {
    let place = ((min(max(value, low), high) - low) / (step ?? 1)).rounded(.toNearestOrEven)
    return Int(place)
  }

  /// The value of the slot-th grid point.
  package func value(slot: Int) -> Double { min(low + Double(slot) * (step ?? 1), high) }
}

/// Why a range is not a domain.
package enum NumericDomainError: Error, Equatable, CustomStringConvertible {
  case bounds(low: Double, high: Double)
  case step(Double)
  case logarithm(low: Double)

  package var description: String {
    switch self {
    case .bounds(let low, let high):
      "a range from \(low) to \(high) is not one; give finite bounds, the lower first"
    case .step(let step):
      "a step of \(step) is not one; give a positive number, or none for a continuous range"
    case .logarithm(let low): "a logarithmic range needs positive values: raise low = \(low)"
    }
  }
}

/// What a density is over: a numeric range (ordinals too, by their index) or unordered choices.
package enum ParameterDomain: Sendable, Hashable {
  case numeric(NumericDomain)
  /// Choices 0..<count, count >= 1, as whole numbers in a `Double`.
  case categorical(count: Int)
}
