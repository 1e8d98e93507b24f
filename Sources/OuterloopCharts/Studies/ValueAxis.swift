internal import OuterloopStudy
internal import OuterloopText

/// The axis of an objective's values: logarithmic where they are positive and span decades, and
/// robust to a few values that are far worse than the others.
///
/// With losses t_i = ±v_i (on a log axis ±log10 v_i), sorted, and their quartiles q1 and q3, the axis
/// ends at the largest t_i <= q3 + 4 (q3 - q1). For normal values that is about six standard
/// deviations: only outliers are cut.
struct ValueAxis {
  let objective: Objective
  /// With a range: values outside are drawn at its edge.
  let axis: Axis
  private let range: ClosedRange<Double>
  /// How far inside the limits values at the edge are drawn, so that their marks are complete.
  private static let padding = 0.09

  /// - Complexity: O(n log n).
  ///
  /// - Parameter wanted: the scale, where it can show the values; nil chooses by them.
  init(
    _ objective: Objective, _ values: [Double], label: String? = nil, scale wanted: AxisScale? = nil
  ) {
    self.objective = objective
    let finite = values.filter { Scale.canShow($0, .linear) }
    let isPositive = finite.allSatisfy { Scale.canShow($0, .log) }
    let kept = ValueAxis.withoutOutliers(finite, objective, isLog: isPositive && wanted != .linear)
    let (low, high) = (kept.min() ?? 0, kept.max() ?? 0)
    let canBeLog = isPositive && low > 0
    let kind: AxisScale =
      canBeLog && wanted.map { $0 == .log } ?? (high / low >= 30) ? .log : .linear
    let scale = Scale(showing: kept, kind: kind, padding: ValueAxis.padding)
    range = scale.lower...scale.upper
    axis = Axis(label ?? ValueAxis.label(objective), scale: kind, range: range)
  }

  /// The metric and its direction.
  static func label(_ objective: Objective) -> String {
    "\(StudyFigures.short(objective.metric)) (\(objective.direction.rawValue))"
  }

  private static func withoutOutliers(
    _ values: [Double], _ objective: Objective, isLog: Bool
  ) -> [Double] {
    guard values.count >= 8 else { return values }
    let loss = { (value: Double) in
      objective.loss(isLog ? Mathematics.log10(value) : value)
    }
    let losses = values.map(loss).sorted()
    let (q1, q3) = (losses[losses.count / 4], losses[losses.count * 3 / 4])
    guard q3 > q1 else { return values }
    let limit = q3 + 4 * (q3 - q1)
    return values.filter { loss($0) <= limit }
  }

  /// Whether the value is drawn at the edge.
  func isBeyond(_ value: Double) -> Bool {
    !Scale.canShow(value, axis.scale) || !range.contains(value)
  }

  /// Where the value is drawn: at itself, or at the edge it is beyond; at the bad edge if it is NaN
  /// or unknown.
  func place(_ value: Double?) -> Double {
    let scale = Scale(showing: [], kind: axis.scale, range: range)
    let edges = (scale.value(at: 0.03), scale.value(at: 0.97))
    guard let value, !value.isNaN else {
      return objective.direction == .minimize ? edges.1 : edges.0
    }
    if !isBeyond(value) { return value }
    return value < range.lowerBound ? edges.0 : edges.1
  }

  /// The legend entry for trials at the edge.
  static let edge = "beyond the axis"

  /// The note about trials at the edge.
  static func remark(_ count: Int) -> String {
    guard count > 0 else { return "" }
    return
      "\(NumberText.count(count, "trial")) at the edge: beyond the axis, or without a finite value"
  }
}
