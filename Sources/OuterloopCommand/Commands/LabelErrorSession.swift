internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning

/// A search for wrong labels as a command runs it: with progress, Ctrl-C and a printed result.
struct LabelErrorSession {
  let job: LabelErrorJob
  let conversation: ConversationOptions
  let restart: Bool

  /// - Throws: a `Complaint` with status 130 when it was interrupted.
  func perform(_ progress: inout Progress) throws {
    Interrupts.watch()
    progress.say(
      "examining \(job.data.rows.count) rows of \(job.data.rows.classCount) classes,"
        + " seed \(job.settings.seed)")
    var live = progress
    let outcome: LabelErrorJob.Outcome
    do {
      outcome = try job.perform(
        restart: restart, shouldStop: { Interrupts.isRequested },
        progress: { fits in if live.isDue { live.show("model \(fits + 1)") } })
    } catch {
      live.clear()
      throw error
    }
    live.clear()
    progress = live
    switch outcome {
    case .finished(let report): try print(report)
    case .foundFinished(let report):
      progress.say("\(job.folder) holds the finished run (--restart to run it again)")
      try print(report)
    case .stopped:
      throw Complaint(
        "interrupted; nothing was written", hint: "begin again with: \(CommandText.again)",
        status: Interrupts.status)
    }
  }

  private func print(_ report: LabelErrorReport) throws {
    try Terminal.print(
      conversation.json ? JSONText.of(report) : LabelErrorSummary(report: report).text)
  }
}
