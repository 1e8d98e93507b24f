public import OuterloopStudy
internal import Synchronization

/// Trials that a program answers one after the other, without starting anew for each: worth it where
/// starting takes longer than a trial.
///
/// The program reads a request line (the JSON of OUTERLOOP_TRIAL) on standard input, prints report
/// lines, and then `{"done": true}`; a trial that failed ends with
/// `{"done": true, "error": "what"}`. As many programs run as trials do at once. At the end of the
/// work standard input is closed, which is to end the program.
///
/// A program that ends during a trial, whatever its exit status, is started again and gets the same
/// request; when it has ended `tries` times during one trial, the trial has failed. A trial that hits its
/// time or memory limit has failed at once, and its program with it.
public final class PersistentWork: TrialWork {
  private let program: Program
  private let setting: ProgramSetting
  private let tries: Int
  /// Programs that wait for a request.
  private let idle = Mutex<[ChildProcess]>([])

  /// - Parameters:
  ///   - folders: where the trials' files go.
  ///   - tries: how many programs a trial may bring down.
  /// - Throws: `StudyError` for a program that cannot be started, and limits that cannot be kept.
  public init(
    _ program: Program, of specification: StudySpecification, in folders: TrialFolders,
    limits: ProgramLimits = ProgramLimits(), tries: Int = 2
  ) throws {
    _ = try program.check(for: specification.space)
    try program.checkExecutable()
    self.program = program
    self.tries = max(tries, 1)
    setting = try ProgramSetting(specification, folders, limits)
  }

  public func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    let trial = try setting.prepare(request)
    let deadline = setting.deadline
    var ended = 0
    while true {
      try Task.checkCancellation()
      let reused = takeIdle()
      let child = if let reused { reused } else { try await start(trial.log) }
      child.begin(trial.request + "\n", log: trial.log, deadline: deadline)
      var reporter = Reporter(
        request, to: reports, checkpoints: trial.checkpoint, log: trial.log)
      switch try await converse(with: child, &reporter) {
      case .done(let error):
        child.rest()
        idle.withLock { $0.append(child) }
        if let error { throw TrialFailure(.error, error) }
        return try reporter.finish(objectives: setting.objectives)
      case .ended(let ending):
        if let failure = try setting.failure(ending), failure.reason != .error { throw failure }
        // One that had waited may have ended before it saw the request.
        if reused != nil, reporter.isSilent { continue }
        ended += 1
        let what = "the program ended during the trial"
        trial.log.note("\(what), \(ending.text)")
        if ended == tries {
          let times = tries > 1 ? " \(tries) times" : ""
          throw TrialFailure(.error, "\(what)\(times), \(ending.text)")
        }
      }
    }
  }

  /// Ends the programs that wait: their standard input is closed; what goes on all the same gets
  /// SIGTERM and then SIGKILL.
  public func close() async {
    let programs = idle.withLock { programs in
      defer { programs = [] }
      return programs
    }
    await withTaskGroup { group in
      for child in programs {
        child.closeInput()
        group.addTask { [limits = setting.limits] in
          let isLate = Task {
            try await Task.sleep(for: .seconds(limits.grace))
            child.stop(grace: limits.hurriedGrace)
          }
          _ = await child.finish()
          isLate.cancel()
        }
      }
    }
  }

  private enum Answer {
    case done(error: String?)
    case ended(ChildProcess.Ending)
  }

  private func converse(
    with child: ChildProcess, _ reporter: inout Reporter
  ) async throws -> Answer {
    var current = reporter
    defer { reporter = current }
    return try await withTaskCancellationHandler {
      do {
        while true {
          switch await child.next() {
          case .ended(let ending): return .ended(ending)
          case .line(let line):
            guard try await current.take(line) else { throw CancellationError() }
            if line.isDone { return .done(error: line.error) }
          }
        }
      } catch {
        child.stop(grace: setting.limits.hurriedGrace)
        _ = await child.finish()
        throw error
      }
    } onCancel: {
      child.stop(grace: setting.limits.hurriedGrace)
    }
  }

  /// A program that waits. What it said unasked is dropped; one that has ended is forgotten.
  private func takeIdle() -> ChildProcess? {
    while let child = idle.withLock({ $0.popLast() }) {
      var isAlive = true
      while let message = child.takeWaiting() {
        if case .ended = message { isAlive = false }
      }
      if isAlive { return child }
    }
    return nil
  }

  private func start(_ log: TrialLog) async throws -> ChildProcess {
    try await ChildProcess.start(
      ChildProcess.Launch(
        words: try program.plainWords,
        directory: program.directory, environment: [:], hasInput: true,
        vocabulary: setting.vocabulary(isPersistent: true), limits: setting.limits, log: log,
        deadline: nil))
  }
}
