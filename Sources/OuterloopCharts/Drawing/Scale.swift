internal import OuterloopText

/// A map from data values to fractions of an axis, linear or logarithmic.
///
/// The limits are always usable: finite, distinct, and positive on a logarithmic scale.
struct Scale: Sendable, Hashable {
  let kind: AxisScale
  let lower: Double
  let upper: Double
  /// Whether ticks between whole numbers would mean nothing: epochs, counts.
  var isWhole = false

  /// Values of a magnitude beyond these limits are treated as infinite, or as zero.
  static let magnitudes = 1e-280...1e280

  /// A scale that shows all usable values.
  ///
  /// - Parameters:
  ///   - range: limits to use instead, if they are valid.
  ///   - padding: empty space at each end, as a share of the length; none where `range` is used.
  init(
    showing values: some Sequence<Double>, kind: AxisScale, range: ClosedRange<Double>? = nil,
    padding: Double = 0.04
  ) {
    self.kind = kind
    if let range, Scale.canShow(range.lowerBound, kind), Scale.canShow(range.upperBound, kind),
      Scale.apart(range.lowerBound, range.upperBound)
    {
      (lower, upper) = (range.lowerBound, range.upperBound)
      return
    }
    var low = Double.infinity
    var high = -Double.infinity
    isWhole = kind == .linear
    for value in values where Scale.canShow(value, kind) {
      if isWhole, value != value.rounded() { isWhole = false }
      low = min(low, value)
      high = max(high, value)
    }
    guard low <= high else {
      (lower, upper) = kind == .log ? (0.1, 10) : (0, 1)
      isWhole = false
      return
    }
    switch kind {
    case .log:
      let room = max((Mathematics.log10(high) - Mathematics.log10(low)) * padding, 0.02)
      let apart = high / low > 1 + 1e-9
      let ends = apart ? room : 0.5
      lower = Scale.tenTo(Mathematics.log10(low) - ends)
      upper = Scale.tenTo(Mathematics.log10(high) + ends)
    case .linear:
      if Scale.apart(low, high) {
        let room = (high - low) * padding
        (lower, upper) = (low - room, high + room)
      } else {
        let magnitude = max(abs(low), abs(high))
        let room = magnitude < Scale.magnitudes.lowerBound ? 1 : magnitude * 0.1
        (lower, upper) = (low - room, high + room)
      }
    }
  }

  /// Whether a value can be shown on a scale of this kind.
  static func canShow(_ value: Double, _ kind: AxisScale) -> Bool {
    guard value.isFinite, abs(value) <= magnitudes.upperBound else { return false }
    return kind == .linear || value >= magnitudes.lowerBound
  }

  func canShow(_ value: Double) -> Bool { Scale.canShow(value, kind) }

  /// 0 at the lower limit, 1 at the upper; outside 0...1 beyond the limits, but never far enough to
  /// overflow coordinates. Zero for values that cannot be shown.
  func fraction(_ value: Double) -> Double {
    guard canShow(value) else { return 0 }
    let raw: Double
    switch kind {
    case .linear: raw = (value - lower) / (upper - lower)
    case .log:
      let start = Mathematics.log10(lower)
      raw = (Mathematics.log10(value) - start) / (Mathematics.log10(upper) - start)
    }
    return raw.isFinite ? max(-200, min(200, raw)) : 0
  }

  /// The value at a fraction of the way.
  func value(at fraction: Double) -> Double {
    switch kind {
    case .linear: lower + (upper - lower) * fraction
    case .log:
      Scale.tenTo(
        Mathematics.log10(lower) + (Mathematics.log10(upper) - Mathematics.log10(lower)) * fraction)
    }
  }

  /// Whether two limits can be distinguished in a picture; closer ones are lost in rounding.
  private static func apart(_ low: Double, _ high: Double) -> Bool {
    high - low > max(abs(low), abs(high)) * 1e-11 && high - low > magnitudes.lowerBound
  }

  private static func tenTo(_ exponent: Double) -> Double {
    let whole = exponent.rounded(.down)
    return PowersOfTen.power(Int(whole)) * Mathematics.tenTo(fraction: exponent - whole)
  }
}
