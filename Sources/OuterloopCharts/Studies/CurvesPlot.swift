internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `curves`: values epoch by epoch, a line for each trial.
  public static let curves = StudyPlot(
    "curves", "values epoch by epoch, a line for each trial",
    applies: { figures, _ in figures.trials.contains { $0.reports.count > 1 } },
    .ofObjective { figures, place, _ in figures.curves(place) })
}

extension StudyFigures {
  /// Of more trials, the best and an even sample of the others are drawn.
  private static let mostCurves = 200
  private static let mostBest = 50

  /// The reports of trials, epoch by epoch, distinguished by the trials' states; the best trial, trained to
  /// the end or not, is drawn above the others. Vertical lines are the rungs of the study's scheduler.
  ///
  /// - Complexity: O(reports + n log n) for n trials.
  func curves(_ place: Int) -> SizedFigure {
    let objective = objectives[place]
    let curves = trials.map { trial in
      trial.reports.compactMap { report in
        report.values[objective.metric].map { (epoch: report.epoch, value: $0) }
      }
    }
    let axis = valueAxis(objective, curves.flatMap { $0.map(\.value) })
    let losses = zip(curves, trials).map { curve, trial in
      // The value of one fold says nothing about the next.
      guard let last = curve.last, !last.value.isNaN,
        trial.state == .complete || !specification.hasInstances
      else { return Double.infinity }
      return objective.loss(last.value)
    }
    let order = curves.indices.filter { !curves[$0].isEmpty }
      .sorted { (losses[$0], $0) < (losses[$1], $1) }
    let shown = Self.chosen(order)
    var named: Set<Int> = []
    var series: [LineChart.Series] = shown.dropFirst().reversed().map { trial in
      let style = Self.style(of: trials[trial].state)
      let name = named.insert(style.place).inserted ? style.name : ""
      var series = Self.series(curves[trial], axis, name: name, style: style.place, markers: false)
      series.trial = trials[trial].number
      return series
    }
    if let best = shown.first {
      var leading = Self.series(
        curves[best], axis, name: "best: trial \(trials[best].number)", style: 4, markers: true)
      leading.trial = trials[best].number
      series.append(leading)
    }
    let beyond = shown.count { trial in curves[trial].contains { axis.isBeyond($0.value) } }
    let rungs = specification.rungs
    let names = rungs.map(String.init).joined(separator: ", ")
    let remarks = [
      rungs.isEmpty ? "" : "rungs at epochs \(names)",
      shown.count < order.count
        ? "\(shown.count) of \(order.count) trials" : ValueAxis.remark(beyond),
    ]
    return SizedFigure(
      figure: LineChart(
        title: title("curves"), x: "epoch", y: axis.axis, series: series,
        marks: rungs.map(Double.init),
        remark: remarks.filter { !$0.isEmpty }.joined(separator: "; ")),
      width: 760, height: 420)
  }

  private static func chosen(_ order: [Int]) -> [Int] {
    guard order.count > mostCurves else { return order }
    let others = order.dropFirst(mostBest)
    let room = mostCurves - mostBest
    return order.prefix(mostBest) + (0..<room).map { others[mostBest + $0 * others.count / room] }
  }

  private static func style(of state: TrialState) -> (name: String, place: Int) {
    switch state {
    case .complete: ("complete", 0)
    case .pruned: ("pruned", 1)
    case .paused: ("paused", 3)
    case .failed: ("failed", 6)
    case .running, .waiting: ("running", 2)
    }
  }

  private static func series(
    _ curve: [(epoch: Int, value: Double)], _ axis: ValueAxis, name: String, style: Int,
    markers: Bool
  ) -> LineChart.Series {
    LineChart.Series(
      name, x: curve.map { Double($0.epoch) }, y: curve.map { axis.place($0.value) },
      markers: markers || curve.count == 1, style: style, dash: 0)
  }
}
