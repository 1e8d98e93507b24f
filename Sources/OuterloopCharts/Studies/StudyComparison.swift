public import OuterloopStudy

/// The best value so far of several studies, by the number of trials.
///
/// Studies whose names differ only in a trailing number, such as repetitions with several seeds, can be shown
/// as one: the median of their best values and the quartiles around it, as far as the shortest of them goes.
public struct StudyComparison: Sendable {
  private let chart: LineChart

  /// - Throws: `StudyError` if a study has no such objective, or one maximizes it and another minimizes it.
  /// - Complexity: O(n) for n trials in all.
  public init(
    _ studies: [StudyFigures], of metric: String, scale: AxisScale? = nil, joinsSeeds: Bool = false
  ) throws(StudyError) {
    var curves: [(name: String, best: [Double])] = []
    var objective: Objective?
    for study in studies {
      guard let place = study.objectives.firstIndex(where: { $0.metric == metric }) else {
        throw StudyError(
          "study `\(study.specification.name)` has no objective `\(metric)`",
          "compare studies of the same metric")
      }
      let own = study.objectives[place]
      guard objective == nil || objective == own else {
        throw StudyError(
          "`\(metric)` is minimized in one study and maximized in another",
          "compare studies that agree")
      }
      objective = own
      curves.append((study.specification.name, study.bestSoFar(place)))
    }
    guard let objective else { throw StudyError("no studies are named", "name at least one") }
    let groups = Self.groups(curves, joined: joinsSeeds)
    let values = groups.flatMap { $0.curves.flatMap { $0.filter(\.isFinite) } }
    let axis = ValueAxis(objective, values, scale: scale)
    chart = LineChart(
      title: "best \(StudyFigures.short(metric)) so far", x: "trial", y: axis.axis,
      series: groups.enumerated().map { place, group in
        Self.series(StudyFigures.short(group.name), group.curves, axis, style: place)
      })
  }

  /// The figure as an SVG document.
  public var svg: String { chart.svg(width: 860, height: 460) }

  /// Groups studies whose names are equal except for trailing digits.
  private static func groups(
    _ curves: [(name: String, best: [Double])], joined: Bool
  ) -> [(name: String, curves: [[Double]])] {
    var groups: [(name: String, curves: [[Double]])] = []
    for curve in curves {
      let stem = String(
        curve.name.reversed().drop(while: \.isNumber).drop { "-_ .".contains($0) }.reversed())
      let name = joined && !stem.isEmpty ? stem : curve.name
      if joined, let place = groups.firstIndex(where: { $0.name == name }) {
        groups[place].curves.append(curve.best)
      } else {
        groups.append((name, [curve.best]))
      }
    }
    for place in groups.indices where groups[place].curves.count > 1 {
      groups[place].name += " (\(groups[place].curves.count) studies)"
    }
    return groups
  }

  private static func series(
    _ name: String, _ curves: [[Double]], _ axis: ValueAxis, style: Int
  ) -> LineChart.Series {
    let count = curves.map(\.count).min() ?? 0
    let columns = (0..<count).map { trial in curves.map { $0[trial] }.sorted() }
    let quantile = { (sorted: [Double], share: Double) -> Double in
      guard sorted.allSatisfy(\.isFinite) else { return .nan }
      let place = share * Double(sorted.count - 1)
      let (low, high) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
      return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
    let isJoined = curves.count > 1
    let place = { (share: Double) in
      columns.map { column -> Double in
        let value = quantile(column, share)
        return value.isNaN ? .nan : axis.place(value)
      }
    }
    return LineChart.Series(
      name, x: (0..<count).map(Double.init), y: place(0.5), lower: isJoined ? place(0.25) : [],
      upper: isJoined ? place(0.75) : [], markers: false, isStepped: !isJoined, style: style,
      dash: style / 7)
  }
}
