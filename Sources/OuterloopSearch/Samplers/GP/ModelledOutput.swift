private import OuterloopPlatform
internal import OuterloopStudy

/// The output of one Gaussian process: the loss of an objective, the metric of a constraint, or the logarithm
/// of the cost.
enum ModelledOutput: Sendable, Hashable {
  case objective(Int)
  case constraint(Int)
  case cost

  /// Outputs of some rows, for a process.
  struct Rows: Sendable {
    /// The rows' indices, ascending.
    var places: [Int]
    /// Outputs of the rows, followed by those of trials of an earlier study.
    var outputs: [Double]
    /// Whether any two outputs differ.
    var isInformative: Bool
    /// The unit of an output in terms of the modelled quantity; known for the cost.
    var scale = 1.0
  }

  /// The outputs of those of the first `count` rows that fit in a model.
  ///
  /// - Parameter isBent: whether losses go through the transform of Yeo and Johnson.
  func rows(
    _ trials: ObservedTrials, _ count: Int, limit: Int, isBent: Bool
  ) -> Rows {
    let places = trials.places(count, limit: limit)
    switch self {
    case .objective(let objective):
      let losses = trials.losses(objective, count)
      let plain = OutputTransform(places.map { losses[$0] })
      let earlier = trials.earlier?.outputs[objective] ?? []
      guard isBent,
        let bent = YeoJohnson(fitting: plain.standardized)
          .standardized(plain.standardized)
      else {
        return Rows(
          places: places, outputs: plain.standardized + earlier,
          isInformative: plain.isInformative)
      }
      return Rows(
        places: places, outputs: bent.outputs + earlier, isInformative: plain.isInformative)
    case .constraint(let constraint):
      let known = places.filter { trials.rows[$0].excesses[constraint] != nil }
      let scaled = ExcessScale.scaled(known.compactMap { trials.rows[$0].excesses[constraint] })
      let isInformative = scaled.contains { $0 != scaled[0] }
      return Rows(places: known, outputs: scaled, isInformative: isInformative)
    case .cost:
      let known = places.filter { trials.rows[$0].logCost != nil }
      let costs = known.compactMap { trials.rows[$0].logCost }
      let (mean, deviation) = OutputTransform.moments(costs)
      guard deviation > 1e-9 else {
        return Rows(places: known, outputs: costs.map { _ in 0 }, isInformative: false)
      }
      return Rows(
        places: known,
        outputs: costs.map { (($0 - mean) / deviation * 0x1p32).rounded() * 0x1p-32 },
        isInformative: true, scale: (deviation * 0x1p32).rounded() * 0x1p-32)
    }
  }
}

extension ModelledOutput {
  /// The derivatives, at most `limit`, that were reported at those of the first `count` rows that fit in a
  /// model; none for outputs other than objectives.
  ///
  /// - Parameter leftOut: columns whose derivatives are ignored.
  func derivatives(
    _ trials: ObservedTrials, _ count: Int, of places: [Int], isBent: Bool, limit: Int,
    without leftOut: Set<DerivativeRows.Column>
  ) -> DerivativeRows {
    guard case .objective(let objective) = self, limit > 0 else { return .none }
    let slopes = places.map { trials.rows[$0].slopes }
    if slopes.allSatisfy(\.isEmpty) { return .none }
    let losses = trials.losses(objective, count)
    return SlopeChoice(
      losses: places.map { losses[$0] },
      slopes: slopes.map { $0.filter { !leftOut.contains($0.column) } }, isBent: isBent
    ).rows(limit: limit)
  }
}

/// Excesses over a bound as outputs of a Gaussian process: 0 remains the bound, the deviation is 1, and
/// values beyond the fences q1 - 1.5 (q3 - q1) and q3 + 1.5 (q3 - q1), which are not informative about the
/// location of the bound, are clipped to them, unless the fence is on the other side of the bound.
///
/// Rounded to 2^-32, so that the unit of the metric has no effect.
enum ExcessScale {
  static func scaled(_ excesses: [Double]) -> [Double] {
    let sizes = excesses.map { abs($0) }.filter(\.isFinite)
    let largest = sizes.max() ?? 0
    guard largest > 0 else { return excesses.map { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 } }
    // A power of two: exact, and far from overflow.
    let unit = scalbn(1, Int32(ilogb(largest)))
    var values = excesses.map { min(max($0 / unit, -2), 2) }
    let sorted = values.sorted()
    let (q1, q3) = (
      OutputTransform.quantile(sorted, 0.25), OutputTransform.quantile(sorted, 0.75)
    )
    if q3 > q1 {
      let (low, high) = (min(q1 - 1.5 * (q3 - q1), 0), max(q3 + 1.5 * (q3 - q1), 0))
      values = values.map { min(max($0, low), high) }
    }
    let deviation = OutputTransform.moments(values).deviation
    let scale = deviation > 1e-13 ? deviation : 1
    return values.map { ($0 / scale * 0x1p32).rounded() * 0x1p-32 }
  }
}
