internal import OuterloopPlatform

/// A closed interval of positions on a parameter's axis: real numbers without a grid are their own
/// positions, all other values are numbered from 0 in the domain's order.
package struct Slice: Sendable, Hashable {
  package var low: Double
  package var high: Double

  package init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }

  package init(_ point: Double) { self.init(point, point) }

  package var isPoint: Bool { low == high }

  /// The smallest slice that holds both.
  func joined(_ other: Slice) -> Slice { Slice(min(low, other.low), max(high, other.high)) }
}

/// How the values of a parameter lie on its axis, and how probable they are: uniform on the scale of
/// the domain, as in random search.
package struct Axis: Sendable {
  private enum Kind: Sendable {
    case continuous(NumericRange)
    case grid(NumericRange)
    /// Even quantiles of a real range, for grids over it.
    case quantiles(NumericRange, count: Int)
    case list([ParameterValue])
  }

  private let domain: Domain
  private let kind: Kind
  package let whole: Slice
  /// Whether its numbers are whole, so that arithmetic on them is exact.
  let isWhole: Bool
  /// The scale: log of both ends on a log scale, else the places' own ends widened by half a place.
  private let bottom: Double
  private let length: Double
  private let isLog: Bool

  /// - Parameter resolution: if given, real numbers without a grid take so many values.
  package init(_ domain: Domain, resolution: Int? = nil) {
    self.domain = domain
    guard let range = domain.range else {
      let values = domain.choices ?? []
      kind = .list(values)
      whole = Slice(0, Double(Swift.max(values.count, 1) - 1))
      isWhole = values.allSatisfy { $0.number.map { Approximation($0).error == 0 } ?? true }
      (bottom, length, isLog) = (-0.5, Double(values.count), false)
      return
    }
    if case .int = domain { isWhole = true } else { isWhole = false }
    if let count = range.count ?? resolution {
      kind = range.count == nil ? .quantiles(range, count: count) : .grid(range)
      whole = Slice(0, Double(count - 1))
      isLog = range.isLog && range.count != nil
      (bottom, length) = isLog && count > 1 ? (range.start, range.width) : (-0.5, Double(count))
    } else {
      kind = .continuous(range)
      whole = Slice(range.low, range.high)
      isLog = range.isLog
      (bottom, length) = (range.start, range.width)
    }
  }

  package var isContinuous: Bool { if case .continuous = kind { true } else { false } }

  /// How many places there are; nil if they cannot be counted.
  func count(_ slice: Slice) -> Double? { isContinuous ? nil : slice.high - slice.low + 1 }

  /// The value at a place.
  package func value(_ place: Double) -> ParameterValue {
    switch kind {
    case .continuous: .float(place)
    case .grid(let range): domain.numeric(range.gridValue(Int(place)))
    case .list(let values): values[Int(place)]
    case .quantiles: .float(number(place))
    }
  }

  /// The number at a place; NaN for texts.
  private func number(_ place: Double) -> Double {
    switch kind {
    case .continuous: place
    case .grid(let range): range.gridValue(Int(place))
    case .list(let values): values[Int(place)].number ?? .nan
    case .quantiles(let range, let count):
      range.value(atUnit: count == 1 ? 0.5 : place / Double(count - 1))
    }
  }

  /// The place of a value; nil if it is not on the axis.
  package func place(of value: ParameterValue) -> Double? {
    switch kind {
    case .continuous(let range): value.number.flatMap { range.contains($0) ? $0 : nil }
    case .grid, .list: domain.index(of: value).map(Double.init)
    case .quantiles: nil
    }
  }

  /// The least and largest number of a slice; nil where there are texts, or too many choices to look
  /// through.
  func numbers(_ slice: Slice) -> (low: Double, high: Double)? {
    guard case .list(let values) = kind else { return (number(slice.low), number(slice.high)) }
    guard slice.high - slice.low < 256 else { return nil }
    var (low, high) = (Double.infinity, -Double.infinity)
    for index in Int(slice.low)...Int(slice.high) {
      guard let number = values[index].number else { return nil }
      (low, high) = (min(low, number), max(high, number))
    }
    return (low, high)
  }

  /// The values of a slice, if there are few.
  func candidates(_ slice: Slice) -> [ParameterValue]? {
    if case .list(let values) = kind {
      guard slice.high - slice.low < 256 else { return nil }
      return Array(values[Int(slice.low)...Int(slice.high)])
    }
    return slice.isPoint ? [value(slice.low)] : nil
  }
}

// Probabilities.
extension Axis {
  /// The ends of a slice on the scale; a place owns half the way to its neighbours.
  private func ends(_ slice: Slice) -> (low: Double, high: Double) {
    switch kind {
    case .continuous(let range) where range.isLog:
      (CLibrary.log(slice.low), CLibrary.log(slice.high))
    case .continuous: (slice.low, slice.high)
    case .grid(let range) where isLog && length > 0:
      (edge(below: slice.low, range), edge(below: slice.high + 1, range))
    case .grid, .quantiles, .list: (slice.low - 0.5, slice.high + 0.5)
    }
  }

  /// On a log scale, the end of the cell of a place.
  private func edge(below place: Double, _ range: NumericRange) -> Double {
    if place <= 0 { return bottom }
    if place > whole.high { return bottom + length }
    return CLibrary.log(range.gridValue(Int(place)) - (range.step ?? 0) / 2)
  }

  /// How probable a slice is; a place without extent counts as one.
  package func measure(_ slice: Slice) -> Double {
    guard length > 0 else { return 1 }
    let (low, high) = ends(slice)
    return max(high - low, 0) / length
  }

  /// Whether propagation goes on from a slice that replaced a wider one: after the loss of any value
  /// where values are few, of a good part where they are many.
  func isMuchSmaller(_ slice: Slice, than before: Slice) -> Bool {
    if let count = count(slice), count <= 1024 { return slice != before }
    return measure(slice) < 0.9 * measure(before)
  }

  /// The u-quantile of a slice, u in [0, 1].
  package func place(_ u: Double, in slice: Slice) -> Double {
    if slice.isPoint { return slice.low }
    let (low, high) = ends(slice)
    let position = low + (high - low) * u
    let place: Double
    switch kind {
    case .continuous: place = isLog ? CLibrary.exp(position) : position
    case .grid(let range) where isLog:
      place = Double(range.index(nearest: CLibrary.exp(position)))
    case .grid, .quantiles, .list: place = position.rounded()
    }
    return min(max(place, slice.low), slice.high)
  }

  /// Both halves of a slice; nil for what cannot be divided.
  package func halves(_ slice: Slice) -> (Slice, Slice)? {
    guard !slice.isPoint else { return nil }
    if isContinuous {
      let middle = place(0.5, in: slice)
      guard middle > slice.low, middle < slice.high else {
        // Two neighbours among the numbers of a computer.
        return slice.low.nextUp >= slice.high ? (Slice(slice.low), Slice(slice.high)) : nil
      }
      return (Slice(slice.low, middle), Slice(middle, slice.high))
    }
    let middle = min(max((place(0.5, in: slice)).rounded(.down), slice.low), slice.high - 1)
    return (Slice(slice.low, middle), Slice(middle + 1, slice.high))
  }
}
