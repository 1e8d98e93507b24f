internal import OuterloopStudy

extension StudyFigures {
  /// Over each value the share of finished trials that are complete with at most that value, for this
  /// study and others. Trials that failed or were pruned count, so that their curve ends below 1.
  ///
  /// - Throws: `StudyError` if another study has no such objective.
  func distribution(_ place: Int, comparedWith others: [StudyFigures]) throws(StudyError) -> Sized {
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
    let axis = ValueAxis(objective, curves.flatMap(\.values))
    let about = "distribution of \(Self.short(objective.metric))"
    return Sized(
      figure: LineChart(
        title: others.isEmpty ? title(about) : about, x: axis.axis,
        y: Axis("share of finished trials", range: 0...1.02),
        series: curves.map { curve in
          var series = LineChart.Series.distribution(
            others.isEmpty ? "" : curve.name, of: curve.values)
          // The last step goes on to the right edge.
          if let share = series.y.last, let end = axis.axis.range?.upperBound,
            end > series.x.last ?? end
          {
            series.x.append(end)
            series.y.append(share)
          }
          return series
        }))
  }

  /// The values of all finished trials, NaN for those without a result.
  private func finished(_ place: Int) -> [Double] {
    trials.filter(\.state.isFinished).map { $0.result(place) ?? .nan }
  }
}
