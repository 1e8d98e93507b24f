internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `rungs`: which trial was trained how far, and when.
  public static let rungs = StudyPlot(
    "rungs", "which trial was trained how far, and when",
    applies: { figures, _ in figures.log?.entries.contains { $0.epoch > 1 } ?? false },
    .ofStudy { figures, _ throws(StudyError) in try figures.rungs() })
}

extension StudyFigures {
  /// The largest number of levels shown where a scheduler has no rungs.
  private static let mostLevels = 6
  /// How many rows there are room for.
  private static let mostRows = 10_000

  /// A row for each trial, in it a mark at every rung that it reached, at the number of epochs that the study
  /// had trained by then: a promotion is a mark of the next colour further to the right in the same row. Where
  /// the scheduler has no rungs, they are the powers of 3, or of a larger base that gives six of them.
  ///
  /// - Throws: `StudyError` if the pictures were made without a training log.
  /// - Complexity: O(reports).
  func rungs() throws(StudyError) -> SizedFigure {
    let log = try trainingLog()
    let levels = levels
    var groups = levels.enumerated().map { index, epoch in
      Scatter.Group("epoch \(epoch)", x: [], y: [], style: index, marker: index)
    }
    // The next level of each trial, and the span in which it was trained.
    var next: [Int: Int] = [:]
    var stretches: [Int: ClosedRange<Double>] = [:]
    for entry in log.entries where entry.trial < Self.mostRows {
      let place = Double(entry.spent.epochs)
      let start = stretches[entry.trial]?.lowerBound ?? place
      stretches[entry.trial] = min(start, place)...max(start, place)
      var level = next[entry.trial] ?? 0
      let before = level
      while level < levels.count, levels[level] <= entry.epoch { level += 1 }
      guard level > before else { continue }
      next[entry.trial] = level
      groups[level - 1].x.append(place)
      groups[level - 1].y.append(Double(entry.trial))
    }
    // One line with a gap after each trial.
    var line = LineChart.Series("", x: [], y: [], markers: false, style: 5, dash: 0)
    for (trial, stretch) in stretches.sorted(by: { $0.key < $1.key }) {
      line.x += [stretch.lowerBound, stretch.upperBound, .nan]
      line.y += [Double(trial), Double(trial), .nan]
    }
    let best = specification.incumbent(of: trials)
      .map { [ReferenceLine(Double($0.number), "best: trial \($0.number)")] }
    let rows = trials.count
    return SizedFigure(
      figure: Scatter(
        title: title("who was trained how far"), x: Axis(Self.spentLabel), y: "trial",
        groups: groups.filter { !$0.x.isEmpty }, curves: line.x.isEmpty ? [] : [line],
        references: best ?? [],
        remark: rows > Self.mostRows ? "the first \(Self.mostRows) of \(rows) trials" : ""),
      width: 760, height: min(900, 360 + 3 * Double(rows)))
  }

  static let spentLabel = "epochs trained, over all trials"

  private var levels: [Int] {
    let rungs = specification.rungs
    guard rungs.isEmpty else { return rungs }
    let most = max(specification.epochs, trials.map(\.epoch).max() ?? 1)
    var factor = 3
    while true {
      var levels = [1]
      while let last = levels.last, last <= most / factor { levels.append(last * factor) }
      if levels.count <= Self.mostLevels { return levels }
      factor += 1
    }
  }
}
