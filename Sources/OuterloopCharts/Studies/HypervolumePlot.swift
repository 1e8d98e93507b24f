internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `hypervolume`: what the Pareto front dominates, trial by trial.
  public static let hypervolume = StudyPlot(
    "hypervolume", "what the Pareto front dominates, trial by trial",
    applies: { _, objectives in objectives > 1 },
    .ofStudy { figures, places throws(StudyError) in try figures.hypervolume(places) })
}

extension StudyFigures {
  /// The hypervolume of the front of the complete trials up to each trial, as a fraction of the final
  /// one. The reference point is a tenth beyond the worst finite loss of each objective.
  ///
  /// - Complexity: O(n log n) for n trials and a hypervolume for every trial that enters the front.
  func hypervolume(_ places: [Int]) throws(StudyError) -> SizedFigure {
    guard places.count > 1 else {
      throw StudyError(
        "a hypervolume of one objective is its best value", "look at the history")
    }
    var curve = LineChart.Series("", x: [], y: [], markers: false, isStepped: true, style: 0)
    do {
      let shown = trials.filter { trial in places.allSatisfy { trial.result($0) != nil } }
      let losses = shown.map { trial in
        places.map { objectives[$0].loss(trial.result($0) ?? .nan) }
      }
      let reference = places.indices.map { column in
        let finite = losses.map { $0[column] }.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        return high + 0.1 * max(high - low, 1e-9 * abs(high), 1e-300)
      }
      var front: [[Double]] = []
      var volumes: [Double] = []
      for row in losses {
        let isBeaten = front.contains { rival in zip(rival, row).allSatisfy { $0 <= $1 } }
        if !isBeaten, row.allSatisfy(\.isFinite) {
          front.removeAll { rival in zip(row, rival).allSatisfy { $0 <= $1 } }
          front.append(row)
          volumes.append(
            try ObjectivePoints(front, objectives: places.count).hypervolume(reference: reference))
        } else {
          volumes.append(volumes.last ?? 0)
        }
      }
      let last = volumes.last ?? 0
      for (trial, volume) in zip(shown, volumes) {
        curve.x.append(Double(trial.number))
        curve.y.append(last > 0 ? volume / last : 0)
      }
    } catch {
      throw StudyError("the hypervolume cannot be computed: \(error)", "look at the front")
    }
    return SizedFigure(
      figure: LineChart(
        title: title("hypervolume of the front"), x: "trial",
        y: Axis("share of the last hypervolume", range: 0...1.02), series: [curve]),
      width: 760, height: 420)
  }
}
