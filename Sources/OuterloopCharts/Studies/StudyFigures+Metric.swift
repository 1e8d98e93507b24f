public import OuterloopStudy

extension StudyFigures {
  /// The same study as if a metric were its only objective: the value of a complete trial is its last report.
  /// Pictures of the training log are based on the study's own objectives and cannot be drawn.
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
