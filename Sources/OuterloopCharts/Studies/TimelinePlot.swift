internal import OuterloopStudy

extension StudyPlot {
  /// The plot `timeline`: which worker ran what when.
  public static let timeline = StudyPlot(
    "timeline", "which worker ran what when", .ofStudy { figures, _ in figures.timeline() })
}

extension StudyFigures {
  /// Attempts as bars in the lanes of their workers, from the first attempt on, coloured by how they
  /// ended; in the bars the numbers of the trials.
  func timeline() -> SizedFigure {
    let start = trials.flatMap(\.attempts).map(\.started).filter(\.isFinite).min() ?? 0
    var latest = start
    var bars: [(worker: String, bar: Timeline.Span)] = []
    for trial in trials {
      for (index, attempt) in trial.attempts.enumerated() {
        let ending = Self.ending(of: trial, attempt: index)
        // Clocks that jump back must not give bars of negative length.
        let end = ending.ended.map { max($0, attempt.started) }
        latest = max(latest, end ?? attempt.started)
        var bar = Timeline.Span(
          lane: 0, start: attempt.started - start, end: end.map { $0 - start }, state: ending.state,
          label: "\(trial.number)")
        bar.trial = trial.number
        bars.append((attempt.worker, bar))
      }
    }
    bars.sort { $0.bar.start < $1.bar.start }
    // Lanes in the order in which workers appear.
    var lanes: [String] = []
    var laneOf: [String: Int] = [:]
    let unit = TimeUnit(seconds: latest - start)
    let spans = bars.map { worker, bar in
      var bar = bar
      if laneOf[worker] == nil {
        laneOf[worker] = lanes.count
        lanes.append(worker)
      }
      bar.lane = laneOf[worker] ?? 0
      bar.start /= unit.seconds
      bar.end = bar.end.map { $0 / unit.seconds }
      return bar
    }
    return SizedFigure(
      figure: Timeline(
        title: title("timeline"), x: Axis("\(unit.name) since the first attempt"), y: "worker",
        lanes: lanes, states: Self.states, spans: spans),
      width: 860, height: min(2400, 190 + 30 * Double(max(2, lanes.count))))
  }

  private static let states: [Timeline.State] = [
    .init("complete", style: 0), .init("pruned", style: 1), .init("paused", style: 3),
    .init("running", style: 2), .init("failed", style: 6), .init("lost or cancelled", style: 4),
  ]

  /// How an attempt ended, as an index into `states`, and when.
  private static func ending(of trial: Trial, attempt index: Int) -> (state: Int, ended: Double?) {
    let attempt = trial.attempts[index]
    let isLast = index == trial.attempts.count - 1
    if let reason = attempt.reason {
      return (reason.isCausedByConfiguration ? 4 : 5, attempt.ended ?? attempt.started)
    }
    if isLast, trial.state == .running { return (3, nil) }
    let end = attempt.ended ?? (isLast ? trial.ended : trial.attempts[index + 1].started)
    guard isLast else { return (2, end ?? attempt.started) }
    switch trial.state {
    case .complete: return (0, end ?? attempt.started)
    case .pruned: return (1, end ?? attempt.started)
    default: return (2, end ?? attempt.started)
    }
  }

  /// A readable unit for a time span.
  private struct TimeUnit {
    let name: String
    let seconds: Double

    init(seconds: Double) {
      switch seconds {
      case ..<300: (name, self.seconds) = ("seconds", 1)
      case ..<10_800: (name, self.seconds) = ("minutes", 60)
      case ..<259_200: (name, self.seconds) = ("hours", 3600)
      default: (name, self.seconds) = ("days", 86_400)
      }
    }
  }
}
