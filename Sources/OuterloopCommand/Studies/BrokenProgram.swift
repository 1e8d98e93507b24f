internal import OuterloopRunner
internal import OuterloopStudy

extension CommandError {
  /// The error when a study stopped because its program fails, with the last lines of its log.
  init(_ breakdown: Breakdown, in found: StudyChoice.Found) {
    let count = breakdown.count
    let trials = count == 1 ? "a trial failed" : "\(count) trials in a row failed"
    let text =
      (breakdown.isFirst ? "the first \(count) trials failed the same way" : trials)
      + ", so the study was stopped: \(TrialProgress.oneLine(breakdown.message))"
    let log = found.folders.log(ofTrial: breakdown.trial)
    let end = found.folders.logEnd(ofTrial: breakdown.trial, lines: 10)
    let details = ["", "\(log) ends with"] + end.map { "  \($0)" }
    self.init(
      text, details: end.isEmpty ? nil : details.joined(separator: "\n"),
      hint:
        "when the program is fixed: outerloop retry\(found.naming) --failed; "
        + "--max-failures 0 never stops")
  }
}
