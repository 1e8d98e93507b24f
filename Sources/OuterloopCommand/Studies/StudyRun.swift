internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Runs the program of a study until its budget is spent, the space exhausted, or someone stops it.
struct StudyRun {
  let found: StudyChoice.Found
  let stored: StoredProgram
  let conversation: ConversationOptions
  /// The command that goes on.
  let again: String

  /// How it ended; the words are those of `--json`.
  enum Ending: String { case budget, exhausted, timeout, stopped }

  func perform() async throws {
    let specification = found.specification
    let lines = TrialLines(found, conversation)
    var driver = StudyDriver(found.id, in: found.store, by: try found.method())
    driver.parallel = stored.parallel
    driver.name = WorkerName.own
    driver.leavesTime = true
    if let lease = stored.lease { driver.lease = lease }
    try await WorkerName.releaseLost(found)
    let deadline = try await deadline()
    Interrupts.watch(runsPrograms: true)
    await lines.begin()
    let ending: Ending
    if stored.program.isPersistent {
      let work = try PersistentWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits)
      ending = try await closing(work) { try await run(driver, work, lines, deadline) }
    } else {
      let work = try ProgramWork(
        stored.program, of: specification, in: found.folders, limits: stored.limits)
      ending = try await run(driver, work, lines, deadline)
    }
    await lines.finish()
    try await tell(ending, lines)
  }

  private func closing<T>(
    _ work: PersistentWork, _ body: () async throws -> T
  ) async throws -> T {
    do {
      let result = try await body()
      await work.close()
      return result
    } catch {
      await work.close()
      throw error
    }
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

  /// When the time budget of the study is spent.
  private func deadline() async throws -> ContinuousClock.Instant? {
    guard let limit = found.specification.budget.seconds else { return nil }
    let spent = try await found.store.history(of: found.id).busySeconds
    return .now + .seconds(max(0, limit - spent))
  }

  private func tell(_ ending: Ending, _ lines: TrialLines) async throws {
    let result = try await StudyResult(found)
    try Terminal.print(
      conversation.json
        ? JSONText.of(
          StudyRecord(result, store: found.place.path, ending: ending.rawValue)) : result.text)
    lines.say("\n\(result.counts); logs in \(found.folders.path)")
    switch ending {
    case .stopped:
      throw Complaint("stopped: \(result.counts)", hint: again, status: Interrupts.status)
    case .timeout: lines.say("the time is up; with more of it: \(again) --timeout TIME")
    case .budget, .exhausted: break
    }
    // Nothing but failures is no success.
    if result.summary.counts["complete"] == nil, let last = await lines.lastFailure {
      throw Complaint(
        "no trial is complete; the last failure: \(last.message)",
        hint: "its log is \(found.folders.log(ofTrial: last.trial))")
    }
  }
}

/// The names of workers, `HOST:PROCESS`, and those of this machine that are no more. In a container
/// with process numbers of its own the host is `HOST/CONTAINER`: numbers elsewhere say nothing here.
enum WorkerName {
  static var own: String { "\(host):\(getpid())" }

  private static let host = hostName + (container.map { "/\($0)" } ?? "")

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The number of a namespace for processes that is not the machine's first, which has a fixed one.
  private static var container: String? {
    var link = [CChar](repeating: 0, count: 64)
    guard readlink("/proc/self/ns/pid", &link, link.count - 1) > 0 else { return nil }
    let number = link.filter { (48...57).contains($0) }.map { Character(UnicodeScalar(UInt8($0))) }
    return String(number) == "4026531836" ? nil : String(number)
  }

  /// Lets trials run again at once whose process on this machine has ended, instead of waiting for
  /// their leases to run out.
  static func releaseLost(_ found: StudyChoice.Found) async throws {
    let running = try await found.store.trials(
      of: found.id, matching: TrialQuery(states: ["running"], reports: false))
    for trial in running {
      guard let worker = trial.attempts.last?.worker, isGone(worker) else { continue }
      _ = try await found.store.append(
        [found.specification.endOfLost(trial)], to: trial.number, of: found.id)
    }
  }

  private static func isGone(_ worker: String) -> Bool {
    guard worker.hasPrefix(host + ":") else { return false }
    let number = worker.dropFirst(host.utf8.count + 1).prefix { $0.isNumber }
    guard let process = pid_t(number), process > 0 else { return false }
    return kill(process, 0) != 0 && errno == ESRCH
  }
}
