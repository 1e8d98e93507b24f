private import OuterloopPlatform
internal import OuterloopStudy

/// A derivative of a trial's loss with respect to a coordinate of the model, as reported by the
/// trial.
struct ReportedSlope: Sendable, Hashable {
  let column: DerivativeRows.Column
  /// With respect to the coordinate's position in 0...1.
  let value: Double

  /// Those of a trial's last report: finite ones, with respect to active numbers. With the position u =
  /// (x - start)/width of a number, or of its logarithm on a log scale,
  ///
  ///     df/du = width df/dx,   df/du = width x df/dx on a log scale.
  ///
  /// Other reported derivatives are ignored.
  static func all(
    of trial: Trial, _ coordinates: SpaceCoordinates, _ objective: Objective
  ) -> [ReportedSlope] {
    guard case .complete = trial.state, let gradient = trial.lastReport?.gradient,
      !gradient.isEmpty
    else { return [] }
    return coordinates.coordinates.compactMap { coordinate in
      let parameter = coordinates.space.parameters[coordinate.index]
      guard let range = coordinate.domain.range, range.width > 0,
        let number = trial.assignment.values[coordinate.index]?.number,
        let derivative = gradient[parameter.name]
      else { return nil }
      let value = objective.loss(derivative) * range.width * (range.isLog ? number : 1)
      guard value.isFinite else { return nil }
      return ReportedSlope(
        column: .init(group: coordinate.group, column: coordinate.column), value: value)
    }
  }
}

/// Selects reported derivatives for a model, in its units.
///
/// Rows cost as much as trials, so there is a limit. Trials are taken alternately from the best and from
/// the newest; of each the steepest derivatives, at most a tenth of the limit, so that several trials are
/// always represented. Winsorised losses have no derivative, and derivatives steeper than the shortest
/// length-scale allows are dropped.
struct SlopeChoice {
  let losses: [Double]
  let slopes: [[ReportedSlope]]
  let isBent: Bool

  /// In standard deviations of the losses over a parameter's full range: four standard deviations of the
  /// slope at a length-scale of 0.025, sqrt(5/3)/0.025 each.
  private static let steepest = 200.0

  /// Derivative rows by index of the loss and column.
  func rows(limit: Int) -> DerivativeRows {
    let transform = OutputTransform(losses)
    guard transform.isInformative else { return .none }
    let bends = isBent ? bendSlopes(transform.standardized) : nil
    var taken: [DerivativeRows.Row] = []
    for place in order() where taken.count < limit {
      var own = slopes[place].compactMap { slope -> DerivativeRows.Row? in
        guard let plain = transform.derivative(slope.value, at: place) else { return nil }
        let value = plain * (bends?[place] ?? 1)
        guard abs(value) <= Self.steepest else { return nil }
        return DerivativeRows.Row(
          point: place, by: slope.column, value: value)
      }
      own.sort { (-abs($0.value), $0.by) < (-abs($1.value), $1.by) }
      taken += own.prefix(min(max(limit / 10, 1), limit - taken.count))
    }
    return DerivativeRows(taken)
  }

  private func bendSlopes(_ plain: [Double]) -> [Double]? {
    YeoJohnson(fitting: plain).standardized(plain)?.slopes
  }

  /// Best, newest, second best, second newest and so on.
  private func order() -> [Int] {
    let known = losses.indices.filter { !slopes[$0].isEmpty }
    let best = known.sorted { (losses[$0], $0) < (losses[$1], $1) }
    let newest = known.reversed()
    var seen: Set<Int> = []
    return zip(best, newest).flatMap { [$0, $1] }.filter { seen.insert($0).inserted }
  }
}
