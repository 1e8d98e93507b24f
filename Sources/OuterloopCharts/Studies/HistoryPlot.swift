internal import OuterloopStudy

extension StudyPlot {
  /// The plot `history`: values trial by trial, and the best so far.
  public static let history = StudyPlot(
    "history", "values trial by trial, and the best so far",
    .ofStudy { figures, places in figures.history(places) })
}

extension StudyFigures {
  /// Values by trial number, distinguished by the trial's state, and the best feasible complete
  /// value so far; one panel per objective.
  ///
  /// Trials that were stopped early or are running are drawn at their last report. Failed ones have
  /// no value: they are drawn at the bad edge.
  func history(_ places: [Int]) -> SizedFigure {
    let about = title("history")
    if places.count == 1 {
      return SizedFigure(figure: historyPanel(places[0], title: about), width: 760, height: 420)
    }
    return SizedFigure(
      figure: SmallMultiples(
        title: about, figures: places.map { historyPanel($0, title: "") }, columns: 1),
      width: 760, height: 40 + 320 * Double(places.count))
  }

  private struct Mark {
    var state: String
    var name: String
    var style: Int
    var marker: Int
  }

  /// More would overlap.
  private static let mostMarks = 20_000

  private static func remark(_ shown: Int, of count: Int, _ beyond: Int) -> String {
    let parts = [shown < count ? "\(shown) of \(count) trials" : "", ValueAxis.remark(beyond)]
    return parts.filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// Complete trials that violate a constraint are distinguished from the others.
  private static let broken = "broken"

  private static let marks = [
    Mark(state: "complete", name: "complete", style: 0, marker: 0),
    Mark(state: broken, name: "breaks a constraint", style: 5, marker: 1),
    Mark(state: "pruned", name: "pruned, last report", style: 1, marker: 2),
    Mark(state: "paused", name: "paused, last report", style: 3, marker: 3),
    Mark(state: "running", name: "running, last report", style: 2, marker: 4),
    Mark(state: "failed", name: "failed", style: 6, marker: 5),
  ]

  /// The value of a trial: its result, or its last report; nil for failed ones.
  func value(of trial: Trial, at place: Int) -> Double? {
    switch trial.state {
    case .complete: trial.result(place)
    case .pruned, .paused, .running:
      trial.reports.last { $0.values[objectives[place].metric] != nil }?
        .values[objectives[place].metric]
    case .failed, .waiting: nil
    }
  }

  private func historyPanel(_ place: Int, title: String) -> Scatter {
    let values = trials.map { value(of: $0, at: place) }
    let axis = valueAxis(objectives[place], values.compactMap(\.self))
    var groups = Self.marks.map {
      Scatter.Group($0.name, x: [], y: [], style: $0.style, marker: $0.marker)
    }
    // Failures have a mark of their own.
    var edges = Self.marks.map {
      Scatter.Group("", x: [], y: [], style: $0.style, marker: $0.marker, isOpen: true)
    }
    var beyond = 0
    let shown = (0..<min(trials.count, Self.mostMarks)).map {
      trials.count > Self.mostMarks ? $0 * (trials.count - 1) / (Self.mostMarks - 1) : $0
    }
    for (trial, value) in shown.map({ (trials[$0], values[$0]) }) {
      let state =
        trial.state == .complete && !specification.isFeasible(trial)
        ? Self.broken : trial.state.name
      guard let mark = Self.marks.firstIndex(where: { $0.state == state }) else {
        continue
      }
      // No report yet is no failure.
      if value == nil, !trial.state.isFinished { continue }
      let isBeyond = value.map(axis.isBeyond) ?? true
      if isBeyond { beyond += 1 }
      if isBeyond, trial.state.reason == nil {
        edges[mark].x.append(Double(trial.number))
        edges[mark].y.append(axis.place(value))
        edges[mark].trials.append(trial.number)
      } else {
        groups[mark].x.append(Double(trial.number))
        groups[mark].y.append(axis.place(value))
        groups[mark].trials.append(trial.number)
      }
    }
    edges.removeAll { $0.x.isEmpty }
    if !edges.isEmpty { edges[0].name = ValueAxis.edge }
    return Scatter(
      title: title, x: "trial", y: axis.axis, groups: groups.filter { !$0.x.isEmpty } + edges,
      curves: bestSoFar(place, axis), remark: Self.remark(shown.count, of: trials.count, beyond))
  }

  private func bestSoFar(_ place: Int, _ axis: ValueAxis) -> [LineChart.Series] {
    var curve = LineChart.Series(
      "best so far", x: [], y: [], markers: false, isStepped: true, style: 4)
    for (trial, best) in zip(trials, bestSoFar(place)) where !best.isNaN {
      curve.x.append(Double(trial.number))
      curve.y.append(axis.place(best))
    }
    return curve.x.count > 1 ? [curve] : []
  }

  /// The best feasible complete value up to each trial; NaN before the first.
  func bestSoFar(_ place: Int) -> [Double] {
    var best = Double.nan
    return trials.map { trial in
      if let value = trial.result(place), !value.isNaN, specification.isFeasible(trial),
        best.isNaN || objectives[place].loss(value) < objectives[place].loss(best)
      {
        best = value
      }
      return best
    }
  }
}

extension Trial {
  /// The value of the objective at this index, if the trial is complete and has one.
  func result(_ place: Int) -> Double? {
    guard state == .complete, let values, values.indices.contains(place) else { return nil }
    return values[place]
  }
}
