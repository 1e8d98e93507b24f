internal import OuterloopRunner
internal import OuterloopStudy

/// What is said when a study stopped because its program fails.
struct BrokenProgram {
  private let breakdown: Breakdown
  private let found: StudyChoice.Found

  init(_ breakdown: Breakdown, _ found: StudyChoice.Found) {
    self.breakdown = breakdown
    self.found = found
  }

  /// Lines of the log that are shown.
  private static let lines = 10

  var complaint: Complaint {
    let count = breakdown.count
    let trials = count == 1 ? "a trial failed" : "\(count) trials in a row failed"
    let text =
      (breakdown.isFirst ? "the first \(count) trials failed the same way" : trials)
      + ", so the study was stopped: \(TrialLines.oneLine(breakdown.message))"
    let log = found.folders.log(ofTrial: breakdown.trial)
    let end = found.folders.logEnd(ofTrial: breakdown.trial, lines: Self.lines)
    let details = ["", "\(log) ends with"] + end.map { "  \($0)" }
    return Complaint(
      text, details: end.isEmpty ? nil : details.joined(separator: "\n"),
      hint:
        "when the program is mended: outerloop retry\(found.place.naming(found.name)) --failed; "
        + "--max-failures 0 goes on whatever fails")
  }
}
