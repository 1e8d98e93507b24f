internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import OuterloopTuning

/// Runs the program of a study until its budget is spent, the space exhausted, or someone stops it.
struct StudyRun {
  var found: StudyChoice.Found
  let stored: StoredProgram
  let conversation: VerbosityOptions
  /// The command that continues the study.
  let again: String
  /// The total number of trials requested now, if any.
  var asked: Int?
  /// The trials that were requeued; nil unless requested.
  var retried: [Int]?
  /// Where the results are written at the end; nil: nowhere.
  var results: ResultsFolder?

  /// How it ended; the words are those of `--json`.
  enum Ending: Equatable {
    case budget, exhausted, timeout, stopped
    /// A rule of the study ended it, for this reason.
    case rule(String)
    case failures(Breakdown)

    var word: String {
      switch self {
      case .budget: "budget"
      case .exhausted: "exhausted"
      case .timeout: "timeout"
      case .stopped: "stopped"
      case .rule: "rule"
      case .failures: "failures"
      }
    }

    /// Why a rule ended it.
    var reason: String? { if case .rule(let reason) = self { reason } else { nil } }
  }

  func perform() async throws {
    let specification = found.specification
    let lines = TrialProgress(found, conversation)
    var driver = StudyDriver(found.id, in: found.store, by: try found.method())
    driver.parallel = stored.parallel
    driver.name = WorkerName.own
    driver.leavesTime = true
    driver.failureLimit = stored.failureLimit
    if let lease = stored.lease { driver.lease = lease }
    let runners = try await found.runners()
    // A live process renews its leases: if they have expired, the clock may have been changed.
    if runners.hasExpiredProcesses { driver.grace = driver.lease }
    let spent = try await BudgetUse(found)
    let budget = FollowedBudget(found, spent: spent.seconds)
    announce(spent, runners, lines)
    Interrupts.watch(runsPrograms: true, again: again)
    await lines.begin()
    let resources = try stored.resources()
    let work: any TrialWork
    var close: () async -> Void = {}
    if stored.program.isPersistent {
      let programs = try PersistentWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits,
        resources: resources)
      (work, close) = (programs, programs.close)
    } else {
      work = try ProgramWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits,
        resources: resources)
    }
    let stoppable = InterruptibleWork(work) { Interrupts.isUrgent }
    let keeper = CheckpointKeeper(stored.keep, found, lines)
    let result: Result<Ending, any Error>
    do { result = .success(try await run(driver, stoppable, lines, keeper, budget)) } catch {
      result = .failure(await deletion() ?? error)
    }
    await close()
    await keeper?.collect()
    // Also before an error is printed, so that it starts on a new line.
    await lines.finish()
    _ = await budget.look()
    var ended = self
    ended.found.specification.budget = await budget.budget
    try await ended.tell(try result.get(), lines)
  }

  /// Prints what is unusual: that nothing is left to start, or that others run the study too.
  private func announce(_ spent: BudgetUse, _ runners: Runners, _ lines: TrialProgress) {
    if let company = runners.company { lines.say(company) }
    guard let total = found.specification.budget.trials, total <= spent.trials,
      spent.open == 0 || asked != nil
    else { return }
    let done = spent.trials - spent.open
    var text = done == 1 ? "1 trial is done" : "\(done) trials are done"
    if spent.open > 0 { text += ", \(spent.open) more begun or waiting" }
    text += ", the total is \(total): " + (spent.open > 0 ? "no other is begun" : "nothing to run")
    guard let further = further(spent) else { return lines.say(text) }
    let options = found.specification.budget.enlarged(after: spent, by: further)
    lines.say(
      "\(text); for \(further) more: \(resume) \(options)"
        + (options.hasPrefix("--trials") && !options.contains(" --")
          ? ", or --more \(further)" : ""))
  }

  private var resume: String { "outerloop resume\(found.naming)" }

  /// How many more trials to suggest: as many as were requested; nil: twice as many as there are.
  private func further(_ spent: BudgetUse) -> Int? {
    if let asked, asked > 0, asked <= spent.trials { return asked }
    return spent.trials > 0 ? spent.trials : nil
  }

  /// The error if someone has deleted the study, in which case every operation fails.
  private func deletion() async -> CommandError? {
    do {
      guard try await found.store.study(named: found.name) != found.id else { return nil }
    } catch { return nil }
    return CommandError(
      "study `\(found.name)` was deleted from \(found.place.name) while it ran",
      hint: "start a new one: outerloop tune --help")
  }

  private func run(
    _ driver: StudyDriver, _ work: some TrialWork, _ lines: TrialProgress,
    _ keeper: CheckpointKeeper?,
    _ budget: FollowedBudget
  ) async throws -> Ending {
    // A waiting trial is not started only to be stopped.
    if await budget.isTimeUp { return .timeout }
    let task = Task {
      try await driver.run(work, isStopping: { Interrupts.isRequested }, notice: lines.notice)
    }
    return try await withThrowingTaskGroup(of: Ending?.self) { group in
      group.addTask {
        do {
          switch try await task.value {
          case .budget: return .budget
          case .exhausted: return .exhausted
          case .rule(let reason): return .rule(reason)
          case .stopped: return .stopped
          case .broken(let breakdown): return .failures(breakdown)
          }
        } catch is CancellationError { return Interrupts.isUrgent ? .stopped : .timeout }
      }
      group.addTask {
        while let keeper, !Task.isCancelled {
          await keeper.look()
          try? await Task.sleep(for: .milliseconds(200))
        }
        return nil
      }
      group.addTask {
        var nextLook = ContinuousClock.now + .seconds(1)
        while !Task.isCancelled {
          if ContinuousClock.now >= nextLook {
            await refreshStatus(lines, budget)
            nextLook = .now + .seconds(lines.isIdle ? 1 : 5)
          }
          let isTimeUp = await budget.isTimeUp
          if Interrupts.isUrgent || isTimeUp { task.cancel() }
          await lines.refresh()
          try? await Task.sleep(for: .milliseconds(50))
        }
        return nil
      }
      defer { group.cancelAll() }
      while let one = try await group.next() { if let one { return one } }
      return .stopped
    }
  }

  /// Releases the trials of processes that have exited, and prints what an idle process is waiting
  /// for and what others have changed.
  private func refreshStatus(_ lines: TrialProgress, _ budget: FollowedBudget) async {
    if let changed = await budget.look() { lines.follow(changed) }
    guard let runners = try? await found.runners(), !Interrupts.isRequested else { return }
    lines.wait(runners)
  }

  private func tell(_ ending: Ending, _ lines: TrialProgress) async throws {
    let result = try await StudyResult(found)
    let resultsError = await writeResults()
    try Terminal.print(
      conversation.json
        ? JSONText.of(
          StudyRecord(
            result, store: found.place.name, ending: ending.word, reason: ending.reason,
            retried: retried, output: results?.path))
        : result.text)
    let place = resultsError == nil ? results.map { "; results in \($0.path)" } ?? "" : ""
    lines.say("\n\(result.counts); logs in \(found.folders.path)\(place)")
    if case .stopped = ending {
      throw CommandError("stopped: \(result.counts)", hint: again, status: Interrupts.status)
    }
    if case .failures(let breakdown) = ending { throw CommandError(breakdown, in: found) }
    if let resultsError { throw resultsError }
    guard result.summary.counts[.complete] != nil || result.leading != nil else {
      throw try await failure(ending, lines)
    }
    lines.say(try await next(ending))
  }

  /// Writes the results, however the run ended; an error is printed after the result itself.
  private func writeResults() async -> CommandError? {
    guard let results else { return nil }
    do { _ = try await found.write(results) } catch {
      var resultsError = CommandError(error)
      resultsError.hint =
        "the study is whole; write its results by outerloop export\(found.naming) --format results "
        + "--out FOLDER"
      return resultsError
    }
    return nil
  }

  /// Why the study has no result.
  private func failure(_ ending: Ending, _ lines: TrialProgress) async throws -> CommandError {
    var failure = await lines.lastFailure
    if failure == nil {
      let failed = try await found.trials(
        TrialQuery(states: [.failed], limit: 1, newestFirst: true, reports: false))
      failure = failed.first.map { trial in
        TrialProgress.Failure(
          trial: trial.number,
          message: trial.message.map(TrialProgress.oneLine) ?? trial.state.reason?.rawValue ?? "")
      }
    }
    if let failure {
      return CommandError(
        "no trial is complete; the last failure: \(failure.message)",
        hint: "its log is \(found.folders.log(ofTrial: failure.trial)); once its cause is gone: "
          + "outerloop retry\(found.naming) --failed")
    }
    let spent = try await BudgetUse(found)
    switch ending {
    case .timeout:
      return CommandError(
        "no trial is complete: the time was up before", hint: try await next(.timeout))
    case .budget, .stopped, .failures:
      let why =
        spent.trials == 0
        ? "the budget allows none" : "the budget is spent (\(spent.trials) trials)"
      return CommandError(
        "no trial is complete: \(why)",
        hint: "\(resume) \(found.specification.budget.enlarged(after: spent))")
    case .rule(let reason):
      return CommandError("no trial is complete: \(reason)", hint: try await next(ending))
    case .exhausted:
      return CommandError(
        "no trial is complete, and every configuration has been tried",
        hint: "see outerloop trials\(found.naming)")
    }
  }

  /// The next step, for the message.
  private func next(_ ending: Ending) async throws -> String {
    let spent = try await BudgetUse(found)
    let budget = found.specification.budget
    let pictures = "pictures: outerloop plot\(found.naming)"
    switch ending {
    case .timeout:
      return
        "the time is up; with more of it: \(resume) \(budget.enlarged(after: countingTimeout(spent)))"
    case .rule(let reason):
      return "the study ends early: \(reason.visible); to go on all the same: \(resume) "
        + budget.enlarged(after: spent)
    case .budget where try await isExhausted(spent), .exhausted, .stopped, .failures:
      return "every configuration has been tried; \(pictures)"
    case .budget:
      let options = budget.enlarged(after: spent, by: further(spent))
      return "\(pictures); more trials: \(resume) \(options)"
    }
  }

  /// The budget used, with the time limit as spent: this process's clock may be ahead of the store's
  /// record.
  private func countingTimeout(_ spent: BudgetUse) -> BudgetUse {
    var spent = spent
    spent.seconds = max(spent.seconds, found.specification.budget.seconds ?? 0)
    return spent
  }

  /// Whether a larger budget would bring no new trial. Not determined in long studies, where it
  /// takes too long.
  private func isExhausted(_ spent: BudgetUse) async throws -> Bool {
    guard spent.trials <= 5000 else { return false }
    let source = try await TrialSource(found.id, in: found.store, by: found.method())
    // If a sampler finds no more feasible configurations, a larger budget does not help either.
    return (try? await source.isExhausted()) ?? true
  }
}
