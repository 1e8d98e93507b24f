private import OuterloopPlatform

/// Losses as values to maximise, with mean 0 and variance 1 over the observations, for a threshold that
/// needs a best conceivable value.
///
/// Losses are clipped at a mark, a quantile of the first losses that trials reported, by default their median: how
/// bad a diverged training is says nothing about where the good ones are, and what has not improved on an average
/// start is not worth modelling. Non-finite losses count as the mark.
///
/// *Ratios.* Where losses have a floor c below all of them, the logarithm of their distance from it can be used, so that
/// a step from 0.2 to 0.1 counts as much as one from 0.4 to 0.2:
///
///     v = -log(u + delta),   u = (loss - least)/(mark - least),   delta = max((least - c)/(mark - least), 0.05)
///
/// Below the least loss observed, v continues as its tangent. Trainings that end far below their start, as most
/// networks do, are distinguished only this way; where losses decrease little, delta is large and v nearly linear.
/// The floor is 0 for positive losses, and for maximised metrics 1 for values up to 1 and 100 for values up to 100,
/// as for fractions and percentages; otherwise there is none, and v is linear.
///
/// Values are rounded to 2^-32, so that the unit of the loss has no effect, nor its origin where v is linear.
///
/// - Complexity: O(n log n) for n trials.
package struct LossScale: Sendable {
  /// The value of the mark, which is the worst.
  package let worst: Double
  /// Whether any two values differ.
  package let isInformative: Bool
  private let mark: Double
  private let unit: Double
  /// The least loss observed and how far it is to the mark, in these units; delta, infinite where v is linear.
  private let least: Double
  private let span: Double
  private let delta: Double
  private let location: Double
  private let deviation: Double

  private static let leastDelta = 0.05

  /// - Parameters:
  ///   - first: the first loss of each trial; non-finite ones are ignored.
  ///   - all: the losses to standardise.
  ///   - quantile: the quantile of the first losses at which they are clipped.
  ///   - byRatio: whether the logarithm is taken where there is a floor.
  package init(
    first: [Double], all: [Double], quantile: Double = 0.5, byRatio: Bool = false
  ) {
    let sorted = first.filter(\.isFinite).sorted()
    let place = min(Int(quantile * Double(sorted.count)), sorted.count - 1)
    let mark = sorted.isEmpty ? 0 : sorted[place]
    let clipped = all.map { $0.isFinite ? min($0, mark) : mark }
    let least = clipped.min() ?? mark
    let largest = max(abs(mark), abs(least))
    // A power of two: exact, and far from overflow.
    let unit = largest > 0 ? scalbn(1, Int32(ilogb(largest))) : 1
    let span = mark / unit - least / unit
    var delta = Double.infinity
    if byRatio, span > 0, let distance = Self.distanceFromFloor(least) {
      delta = max(distance / unit / span, Self.leastDelta)
    }
    (self.mark, self.unit, self.least) = (mark, unit, least / unit)
    (self.span, self.delta) = (span, delta)
    let bent = clipped.map { Self.bent($0 / unit, least / unit, span, delta) }
    let (location, deviation) = OutputTransform.moments(bent)
    isInformative = deviation > 1e-13
    self.location = location
    self.deviation = isInformative ? deviation : 1
    worst = Self.rounded(
      (location - Self.bent(mark / unit, least / unit, span, delta)) / self.deviation)
  }

  /// The distance from the presumed floor of the losses; nil: none is known.
  private static func distanceFromFloor(_ least: Double) -> Double? {
    if least > 0 { return least }
    let bound = least >= -1 ? 1.0 : 100
    return least >= -bound ? least + bound : nil
  }

  /// -v of a scaled loss.
  private static func bent(
    _ loss: Double, _ least: Double, _ span: Double, _ delta: Double
  ) -> Double {
    guard delta < .infinity else { return loss }
    let u = (loss - least) / span
    return u >= 0 ? log(u + delta) : log(delta) + u / delta
  }

  /// The number of trials that define an average start: the first ones, which the model hardly chose.
  /// Later ones are better and would shift the mark.
  private static let references = 20

  /// The scale of the trials' reports.
  init(_ curves: [ObservedCurve], quantile: Double = 0.5, byRatio: Bool = false) {
    self.init(
      first: curves.prefix(Self.references).compactMap(\.first), all: curves.flatMap(\.losses),
      quantile: quantile, byRatio: byRatio)
  }

  package func value(_ loss: Double) -> Double {
    guard loss.isFinite, loss < mark else { return worst }
    return Self.rounded((location - Self.bent(loss / unit, least, span, delta)) / deviation)
  }

  private static func rounded(_ value: Double) -> Double {
    (value * 0x1p32).rounded() * 0x1p-32
  }
}
