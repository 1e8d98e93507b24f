internal import OuterloopStudy
internal import OuterloopText

extension StudyPlot {
  /// The plot `distribution`: the share of trials up to each value.
  public static let distribution = StudyPlot(
    "distribution", "the share of trials up to each value", comparesStudies: true,
    .ofObjective { figures, place, others throws(StudyError) in
      try figures.distribution(place, comparedWith: others)
    })
}

extension StudyFigures {
  /// For each value, the fraction of finished trials that are complete with at most that value, for
  /// this study and others. Trials that failed or were pruned count, so that their curve ends below
  /// 1.
  ///
  /// - Throws: `StudyError` if another study has no such objective.
  func distribution(_ place: Int, comparedWith others: [StudyFigures]) throws(StudyError)
    -> SizedFigure
  {
    let objective = objectives[place]
    var curves: [(name: String, values: [Double])] = [(specification.name, finished(place))]
    for other in others {
      guard let there = other.objectives.firstIndex(where: { $0.metric == objective.metric }) else {
        throw StudyError(
          "study `\(other.specification.name)` has no objective `\(objective.metric)`",
          "compare studies of the same metric")
      }
      curves.append((other.specification.name, other.finished(there)))
    }
    let axis = valueAxis(objective, curves.flatMap(\.values))
    let about = "distribution of \(Self.short(objective.metric))"
    var series = curves.map { curve in
      var series = LineChart.Series.distribution(
        others.isEmpty ? "" : curve.name, of: curve.values)
      // The last step extends to the right edge.
      if let share = series.y.last, let end = axis.axis.range?.upperBound,
        end > series.x.last ?? end
      {
        series.x.append(end)
        series.y.append(share)
      }
      return series
    }
    series += Self.edges(curves.map(\.values), axis)
    return SizedFigure(
      figure: LineChart(
        title: others.isEmpty ? title(about) : about, x: axis.axis,
        y: Axis("share of finished trials", range: 0...1.02), series: series,
        remark: Self.remark(curves, axis)))
  }

  /// Marks where curves leave the axis because values lie beyond it.
  private static func edges(_ curves: [[Double]], _ axis: ValueAxis) -> [LineChart.Series] {
    guard let range = axis.axis.range else { return [] }
    var marks: [LineChart.Series] = []
    for (index, values) in curves.enumerated() {
      let share = { (count: Int) in Double(count) / Double(max(values.count, 1)) }
      let (below, within) = (
        values.count { $0 < range.lowerBound }, values.count { $0 <= range.upperBound }
      )
      let isLeft = below > 0
      guard isLeft || values.contains(where: { $0 > range.upperBound }) else { continue }
      marks.append(
        LineChart.Series(
          marks.isEmpty ? "goes on beyond the axis" : "",
          x: [isLeft ? range.lowerBound : range.upperBound], y: [share(isLeft ? below : within)],
          markers: true, style: index, dash: 0))
    }
    return marks
  }

  /// How many trials of each curve are beyond the axis.
  private static func remark(
    _ curves: [(name: String, values: [Double])], _ axis: ValueAxis
  ) -> String {
    let counts = curves.map { ($0.name, $0.values.count(where: axis.isBeyond)) }.filter { $0.1 > 0 }
    guard let first = counts.first else { return "" }
    let trials = counts.enumerated().map { place, item in
      let count = place == 0 ? NumberText.count(item.1, "trial") : "\(item.1)"
      return curves.count == 1 ? count : "\(count) of \(short(item.0))"
    }.joined(separator: ", ")
    return
      "\(trials) \(counts.count == 1 && first.1 == 1 ? "is" : "are") beyond the axis, or without "
      + "a finite value"
  }

  /// The values of all finished trials, NaN for those without a result.
  private func finished(_ place: Int) -> [Double] {
    trials.filter(\.state.isFinished).map { $0.result(place) ?? .nan }
  }
}
