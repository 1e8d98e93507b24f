internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy

/// Runs the program of a study until its budget is spent, the space exhausted, or someone stops it.
struct StudyRun {
  let found: StudyChoice.Found
  let stored: StoredProgram
  let conversation: ConversationOptions
  /// The command that goes on.
  let again: String

  /// How it ended; the words are those of `--json`.
  enum Ending: Equatable {
    case budget, exhausted, timeout, stopped
    case failures(Breakdown)

    var word: String {
      switch self {
      case .budget: "budget"
      case .exhausted: "exhausted"
      case .timeout: "timeout"
      case .stopped: "stopped"
      case .failures: "failures"
      }
    }
  }

  func perform() async throws {
    let specification = found.specification
    let lines = TrialLines(found, conversation)
    var driver = StudyDriver(found.id, in: found.store, by: try found.method())
    driver.parallel = stored.parallel
    driver.name = WorkerName.own
    driver.leavesTime = true
    driver.failureLimit = stored.failureLimit
    if let lease = stored.lease { driver.lease = lease }
    try await WorkerName.releaseLost(found)
    let time = try await time()
    let deadline = time.map { ContinuousClock.now + .seconds(max(0, $0.limit - $0.spent)) }
    Interrupts.watch(runsPrograms: true)
    await lines.begin()
    let work: any TrialWork
    var close: () async -> Void = {}
    if stored.program.isPersistent {
      let programs = try PersistentWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits)
      (work, close) = (programs, programs.close)
    } else {
      work = try ProgramWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits)
    }
    let result: Result<Ending, any Error>
    do { result = .success(try await run(driver, work, lines, deadline)) } catch {
      result = .failure(await deletion() ?? error)
    }
    await close()
    // Also before an error is told: its line is not to hang on to another.
    await lines.finish()
    try await tell(try result.get(), lines)
  }

  /// Why nothing works any more, if someone has deleted the study. The store knows it by a number.
  private func deletion() async -> Complaint? {
    do {
      guard try await found.store.study(named: found.name) != found.id else { return nil }
    } catch { return nil }
    return Complaint(
      "study `\(found.name)` was deleted from \(found.place.path) while it ran",
      hint: "begin it anew: outerloop tune --help")
  }

  private func run(
    _ driver: StudyDriver, _ work: some TrialWork, _ lines: TrialLines,
    _ deadline: ContinuousClock.Instant?
  ) async throws -> Ending {
    // A trial that waits is not begun only to be stopped.
    if let deadline, ContinuousClock.now >= deadline { return .timeout }
    let task = Task {
      try await driver.run(work, isStopping: { Interrupts.isRequested }, notice: lines.notice)
    }
    return try await withThrowingTaskGroup(of: Ending?.self) { group in
      group.addTask {
        do {
          switch try await task.value {
          case .budget: return .budget
          case .exhausted: return .exhausted
          case .stopped: return .stopped
          case .broken(let breakdown): return .failures(breakdown)
          }
        } catch is CancellationError { return Interrupts.isUrgent ? .stopped : .timeout }
      }
      group.addTask {
        var nextLook = ContinuousClock.now + .seconds(5)
        while !Task.isCancelled {
          if ContinuousClock.now >= nextLook {
            try? await WorkerName.releaseLost(found)
            nextLook = .now + .seconds(5)
          }
          if Interrupts.isUrgent || deadline.map({ ContinuousClock.now >= $0 }) == true {
            task.cancel()
          }
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

  /// The time budget of the study, in seconds.
  private func time() async throws -> (limit: Double, spent: Double)? {
    guard let limit = found.specification.budget.seconds else { return nil }
    return (limit, try await found.store.history(of: found.id).busySeconds)
  }

  private func tell(_ ending: Ending, _ lines: TrialLines) async throws {
    let result = try await StudyResult(found)
    try Terminal.print(
      conversation.json
        ? JSONText.of(
          StudyRecord(result, store: found.place.path, ending: ending.word)) : result.text)
    lines.say("\n\(result.counts); logs in \(found.folders.path)")
    if case .stopped = ending {
      throw Complaint("stopped: \(result.counts)", hint: again, status: Interrupts.status)
    }
    if case .failures(let breakdown) = ending { throw BrokenProgram(breakdown, found).complaint }
    // Nothing but failures is no success.
    if result.summary.counts["complete"] == nil, let last = await lines.lastFailure {
      throw Complaint(
        "no trial is complete; the last failure: \(last.message)",
        hint: "its log is \(found.folders.log(ofTrial: last.trial))")
    }
    lines.say(try await next(ending, result))
  }

  /// What to do now.
  private func next(_ ending: Ending, _ result: StudyResult) async throws -> String {
    let name = found.place.naming(found.name)
    let resume = "outerloop resume\(name)"
    switch ending {
    case .timeout:
      // A clock that was set forward counts as time; then twice the limit might not be more.
      let time = try await time()
      let more = Seconds(value: 2 * max(time?.limit ?? 0, time?.spent ?? 0))
      return "the time is up; with more of it: \(resume) --timeout \(more)"
    case .budget:
      let more = found.specification.budget.larger(trials: result.summary.trials, epochs: .max)
      return "pictures: outerloop plot\(name); more trials: \(resume) \(more)"
    case .exhausted, .stopped, .failures:
      return "every configuration has been tried; pictures: outerloop plot\(name)"
    }
  }
}
