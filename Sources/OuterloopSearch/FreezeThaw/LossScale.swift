private import OuterloopPlatform

/// Losses as values to be made large, of mean 0 and variance 1 over what was observed, for a threshold that
/// needs a best conceivable value.
///
/// Nothing counts as worse than the median of the first losses that trials reported: how bad a diverged training
/// is says nothing about where the good ones are, and what has not improved on an average beginning is not worth
/// a model's effort. What is not a finite number counts as much. Values are rounded to 2^-32, so that unit
/// and origin of the loss do not show.
///
/// - Complexity: O(n log n) for n trials.
package struct LossScale: Sendable {
  /// The value of the median first loss, the worst there is.
  package let worst: Double
  /// Whether any two values differ.
  package let isInformative: Bool
  private let median: Double
  private let unit: Double
  private let location: Double
  private let deviation: Double

  /// - Parameters:
  ///   - first: the first loss of each trial; what is not finite is left out.
  ///   - all: the losses that are to have mean 0 and variance 1.
  package init(first: [Double], all: [Double]) {
    let sorted = first.filter(\.isFinite).sorted()
    let median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    let clipped = all.map { $0.isFinite ? min($0, median) : median }
    let least = clipped.min() ?? median
    let largest = max(abs(median), abs(least))
    // A power of two: exact, and far from overflow.
    let unit = largest > 0 ? scalbn(1, Int32(ilogb(largest))) : 1
    let (location, deviation) = OutputTransform.moments(clipped.map { $0 / unit })
    isInformative = deviation > 1e-13
    (self.median, self.unit, self.location) = (median, unit, location)
    self.deviation = isInformative ? deviation : 1
    worst = Self.rounded((location - median / unit) / self.deviation)
  }

  /// The trials whose first losses tell what an average beginning is: the first ones, which no model chose
  /// or only a little. Later ones are better and would move the mark.
  private static let references = 20

  /// The scale of what trials have reported.
  init(_ curves: [ObservedCurve]) {
    self.init(
      first: curves.prefix(Self.references).compactMap(\.first), all: curves.flatMap(\.losses))
  }

  package func value(_ loss: Double) -> Double {
    guard loss.isFinite, loss < median else { return worst }
    return Self.rounded((location - loss / unit) / deviation)
  }

  private static func rounded(_ value: Double) -> Double {
    (value * 0x1p32).rounded() * 0x1p-32
  }
}
