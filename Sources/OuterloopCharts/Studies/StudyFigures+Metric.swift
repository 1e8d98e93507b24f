public import OuterloopStudy

extension StudyFigures {
  /// The same study as if a metric were its only objective: a complete trial is worth what it reported of it last.
  /// Pictures of what was trained when know only the study's own objectives, and cannot be drawn.
  ///
  /// - Complexity: O(n) for n trials.
  public func showing(_ objective: Objective) -> StudyFigures {
    var shown = specification
    shown.objectives = [objective]
    var figures = StudyFigures(
      shown,
      trials.map { trial in
        var trial = trial
        let value = trial.lastReport?.values[objective.metric]
        trial.values = trial.values == nil ? nil : value.map { [$0] }
        return trial
      })
    figures.scale = scale
    figures.detail = detail
    return figures
  }
}
