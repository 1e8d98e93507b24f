internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning
internal import OuterloopText

/// A cleaning job as a command runs it: with progress, Ctrl-C and a printed result.
struct CleaningSession {
  let job: CleaningJob
  let conversation: VerbosityOptions
  var restart = false

  /// - Throws: a `CommandError` with status 130 when it was interrupted.
  func perform(_ progress: inout Progress) throws -> CleaningReport {
    let settings = job.run.settings
    let total = settings.hyperSteps
    Interrupts.watch()
    var live = progress
    defer { progress = live }
    func received(_ event: CleaningJob.Event) {
      switch event {
      case .began(let updates):
        if updates > 0 {
          live.say("continuing after update \(updates) of \(total), stored in \(job.folder)")
        } else {
          live.say(
            "cleaning \(settings.train) examples by \(total) updates of \(settings.steps) steps,"
              + " seed \(settings.seed)")
        }
        live.begin(at: updates)
        if updates < total { live.update(updates, of: total, detail: "") }
      case .updated(let updates, let loss):
        live.update(
          updates, of: total, detail: "validation loss \(NumberText.fixed(loss, digits: 4))")
      case .finalTraining(let name): live.show("training the \(name) model")
      }
    }
    let outcome: CleaningJob.Outcome
    do {
      outcome = try job.perform(
        restart: restart, shouldStop: { Interrupts.isRequested }, onEvent: received)
    } catch {
      live.clear()
      throw error
    }
    live.clear()
    switch outcome {
    case .finished(let report): return report
    case .foundFinished(let report):
      live.say("\(job.folder) holds the finished run (--restart to run it again)")
      return report
    case .stopped(let updates):
      throw CommandError(
        "interrupted after update \(updates) of \(total), which is stored in \(job.folder)",
        hint: "continue with: \(CommandText.again)", status: Interrupts.status)
    }
  }

  func print(_ report: CleaningReport, _ progress: inout Progress) throws {
    try Terminal.print(
      conversation.json ? JSONText.of(report) : CleaningSummary(report: report).text)
    guard report.suspects.isEmpty else { return }
    progress.say(
      "\nhint: no weight fell below \(report.settings.threshold); for more suspects raise"
        + " --hyper-steps, --outer-rate or --threshold, or lower --total")
  }
}

/// A search for wrong labels as a command runs it: with progress, Ctrl-C and a printed result.
struct LabelErrorSession {
  let job: LabelErrorJob
  let conversation: VerbosityOptions
  let restart: Bool

  /// - Throws: a `CommandError` with status 130 when it was interrupted.
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
      throw CommandError(
        "interrupted; nothing was written", hint: "start again with: \(CommandText.again)",
        status: Interrupts.status)
    }
  }

  private func print(_ report: LabelErrorReport) throws {
    try Terminal.print(
      conversation.json ? JSONText.of(report) : LabelErrorSummary(report: report).text)
  }
}
