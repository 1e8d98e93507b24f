private import OuterloopPlatform

/// Losses as values to be made large, of mean 0 and variance 1 over what was observed, for a threshold that
/// needs a best conceivable value.
///
/// Nothing counts as worse than a mark among the first losses that trials reported, their median unless a model asks
/// for another quantile: how bad a diverged training is says nothing about where the good ones are, and what has not
/// improved on an average beginning is not worth a model's effort. What is not a finite number counts as much.
///
/// *Ratios.* Where losses have a floor c below all of them, the logarithm of their distance from it can be taken, so that
/// from 0.2 to 0.1 is as much as from 0.4 to 0.2:
///
///     v = -log(u + delta),   u = (loss - least)/(mark - least),   delta = max((least - c)/(mark - least), 0.05)
///
/// v goes on as its tangent below the least loss observed. Trainings that end far below where they begin, as most
/// networks do, differ in nothing else; where losses fall little, delta is large and v nearly linear. The floor is 0
/// for losses above 0, and for metrics to be made large 1 up to 1 and 100 up to 100, as of shares and percentages;
/// beyond it there is none, and v is linear.
///
/// Values are rounded to 2^-32, so that the unit of the loss does not show, nor its origin where v is linear.
///
/// - Complexity: O(n log n) for n trials.
package struct LossScale: Sendable {
  /// The value of the mark, the worst there is.
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
  ///   - first: the first loss of each trial; what is not finite is left out.
  ///   - all: the losses that are to have mean 0 and variance 1.
  ///   - quantile: of the first losses, where the mark is.
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

  /// From the floor that losses seem to have; nil: none is known.
  private static func distanceFromFloor(_ least: Double) -> Double? {
    if least > 0 { return least }
    let bound = least >= -1 ? 1.0 : 100
    return least >= -bound ? least + bound : nil
  }

  /// -v, of a loss in units.
  private static func bent(
    _ loss: Double, _ least: Double, _ span: Double, _ delta: Double
  ) -> Double {
    guard delta < .infinity else { return loss }
    let u = (loss - least) / span
    return u >= 0 ? log(u + delta) : log(delta) + u / delta
  }

  /// The trials whose first losses tell what an average beginning is: the first ones, which no model chose
  /// or only a little. Later ones are better and would move the mark.
  private static let references = 20

  /// The scale of what trials have reported.
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
