public import OuterloopStudy
internal import OuterloopText
internal import Synchronization

/// Runs trials one after another in a program that stays alive, without restarting it for each:
/// useful where startup takes longer than a trial.
///
/// The program reads a request line (the JSON of OUTERLOOP_TRIAL, and an `"id"`) on standard input,
/// prints report lines, and then `{"done": true}`; a trial that failed ends with `{"done": true,
/// "error": "what"}`. There is one program for each trial that runs at the same time, each in its
/// own slot. When all work is done, standard input is closed, at which the program should exit.
///
/// A value never counts for a trial other than the one it was measured in:
///
/// - A line may echo the request's `"id"` (or `"trial"`). A line that names another request is
///   ignored.
/// - Other lines count for the request in progress. A request is in progress once the program has read
///   the first part of its line: whatever was printed before that does not belong to it. A program that
///   reads one line at a time and prints from one thread has by then printed everything about the
///   previous trial; other programs should echo the id.
/// - `done` ends a trial. A program that prints outside a request, answers another request, or is
///   done without a result is terminated and replaced, so that nothing left in its buffers can be
///   misattributed.
///
/// A request to stop a trial is also a line on standard input, `{"stop":true,"trial":7,"id":"..."}`. A program
/// that reads while it trains then finishes the trial and stays alive. One that does not finish within the grace
/// period is terminated; if it had not even read the line, later programs are terminated at once.
///
/// A program that exits during a trial, whatever its exit status, is restarted and gets the same request;
/// after `tries` exits during one trial, the trial fails. A trial that hits its time or memory limit
/// fails at once, and its program is terminated.
public final class PersistentWork: TrialWork {
  private let program: Program
  private let command: CommandTemplate
  private let setting: ProgramSetting
  private let tries: Int
  private let state = Mutex(State())

  private struct State {
    /// Programs that wait for a request, by slot.
    var idle: [Int: [ChildProcess]] = [:]
    var requests = 0
    /// Whether the program reads standard input while it trains; nil: not known yet.
    var listens: Bool?
  }

  /// - Parameters:
  ///   - folders: where the trials' files are stored.
  ///   - tries: how many program exits a trial may cause before it fails.
  ///   - resources: what the programs of each slot may use; further slots have no resources assigned.
  /// - Throws: `StudyError` for a program that cannot be started, or limits that cannot be
  ///   enforced.
  public init(
    _ program: Program, of specification: StudySpecification, in folders: TrialFolders,
    limits: ProgramLimits = ProgramLimits(), tries: Int = 2,
    resources: [SlotResources] = []
  ) throws {
    command = try CommandTemplate(program, for: specification.space)
    try program.checkExecutable(for: specification.space)
    self.program = program
    self.tries = max(tries, 1)
    setting = try ProgramSetting(specification, folders, limits, resources)
  }

  public func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    let trial = try setting.prepare(request, keepsReports: false)
    defer {
      setting.folders.removeEmpty(ofTrial: request.trial)
      withExtendedLifetime(trial.lock) {}
    }
    do {
      try await answer(request, trial, to: reports)
      trial.log.rest()
    } catch {
      // The output is worth keeping now.
      trial.log.keep()
      throw error
    }
  }

  private func answer(
    _ request: TrialRequest, _ trial: ProgramSetting.Prepared, to reports: any ReportSink
  ) async throws {
    let deadline = setting.deadline
    let echo = Echo(id: nextID(request), trial: "\(request.trial)")
    let line = trial.request.json(checkpoint: trial.checkpoint, id: echo.id)
    var ended = 0
    func count(_ what: String, _ detail: String = "", way: String = "") throws {
      ended += 1
      trial.log.note(what + detail)
      guard ended == tries else { return }
      let times = tries > 1 ? " \(tries) times" : ""
      throw TrialFailure(.error, what + times + detail, way: what + way)
    }
    while true {
      try Task.checkCancellation()
      let reused = await takeIdle(request.slot)
      let child = if let reused { reused } else { try await start(request.slot, trial.log) }
      child.begin(line, log: trial.log, deadline: deadline)
      var reporter = Reporter(trial, to: reports)
      let (answer, isStopped) = try await converse(with: child, echo, &reporter)
      if isStopped {
        await leave(child, after: answer, request.slot, trial.log)
        throw CancellationError()
      }
      switch answer {
      case .done(let done):
        try await settle(done, child, request.slot, trial.log, &reporter)
        return
      case .outside(let text):
        _ = await end(child)
        let what = "the program printed \(text) outside of a request"
        // Output from the previous trial is not this one's fault.
        if reused != nil {
          trial.log.note("\(what); another one is started")
        } else {
          try count(what)
        }
      case .foreign(let what):
        _ = await end(child)
        try count(what)
      case .ended(let ending):
        try await reporter.close()
        if let failure = try setting.failure(ending), failure.reason != .error { throw failure }
        // An idle program may have exited before it saw the request.
        if reused != nil, reporter.isSilent { continue }
        try count(
          "the program ended during the trial", ", \(ending.text)", way: ending.way)
      }
    }
  }

  /// The program is done with a trial: decides whether the trial has a result and whether the
  /// program can be reused.
  private func settle(
    _ done: Done, _ child: ChildProcess, _ slot: Int, _ log: TrialLog, _ reporter: inout Reporter
  ) async throws {
    var failure: TrialFailure?
    if let error = done.error {
      try await reporter.close()
      failure = TrialFailure(.error, error)
    } else {
      do { try await reporter.finish(objectives: setting.objectives) } catch let error
        as TrialFailure
      { failure = error }
    }
    // Its result may still arrive now, or sit in its buffers until the next trial.
    let isDoubtful = failure != nil && done.error == nil && !done.isEchoed
    var surplus = done.surplus
    if (surplus != nil || isDoubtful) && !done.isEnded {
      let late = await end(child)
      surplus = surplus ?? late
    } else if !done.isEnded {
      child.rest()
      state.withLock { $0.idle[slot, default: []].append(child) }
    }
    if let surplus {
      log.note("the program printed \(surplus) after it was done; another one is started")
    }
    guard var failure else { return }
    if isDoubtful, reporter.isSilent {
      failure.way = "it was done and had reported nothing"
      if surplus != nil {
        failure.message = "it said {\"done\": true} before it had reported; print that line last"
      }
    }
    throw failure
  }

  /// The trial has stopped: its program is kept for another one if it reported that it was done and printed
  /// nothing since.
  private func leave(
    _ child: ChildProcess, after answer: Answer, _ slot: Int, _ log: TrialLog
  ) async {
    switch answer {
    // A program that exited by itself prints nothing more.
    case .done(let done) where done.isEnded: break
    case .done(let done) where done.surplus == nil && !done.mayMisreadStop:
      child.rest()
      log.rest()
      state.withLock { $0.idle[slot, default: []].append(child) }
    case .ended: log.note("the program was ended, as its trial is to stop")
    case .done, .outside, .foreign: _ = await end(child)
    }
  }

  /// Ends the idle programs: closes their standard input; those that keep running get SIGTERM and
  /// then SIGKILL.
  public func close() async {
    let programs = state.withLock { state in
      defer { state.idle = [:] }
      return state.idle.values.flatMap(\.self)
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

  /// Ends a program. What it still prints about a trial is returned for a message and does not
  /// count.
  private func end(_ child: ChildProcess) async -> String? {
    child.stop(grace: setting.limits.hurriedGrace)
    var said: String?
    while true {
      switch await child.next() {
      case .ended: return said
      case .line(let line): if line.isReport { said = line.summary }
      case .ready, .stopWasRead: break
      }
    }
  }

  private func start(_ slot: Int, _ log: TrialLog) async throws -> ChildProcess {
    try await ChildProcess.start(
      ChildProcess.Launch(
        words: command.words(slot: slot), directory: program.directory, environment: [:],
        resources: setting.resources.of(slot: slot), hasInput: true,
        vocabulary: setting.vocabulary(isPersistent: true), limits: setting.limits,
        log: log, deadline: nil))
  }

  /// An idle program of this slot. One that printed something unasked is terminated; one that has
  /// exited is dropped.
  private func takeIdle(_ slot: Int) async -> ChildProcess? {
    while let child = state.withLock({ $0.idle[slot]?.popLast() }) {
      var isAlive = true
      var isQuiet = true
      while let message = child.takeWaiting() {
        switch message {
        case .ended: isAlive = false
        case .line(let line): if line.isReport { isQuiet = false }
        case .ready, .stopWasRead: break
        }
      }
      guard isAlive else { continue }
      if isQuiet { return child }
      _ = await end(child)
    }
    return nil
  }

  /// Unique among all requests of this and other processes.
  private func nextID(_ request: TrialRequest) -> String {
    let number = state.withLock { state in
      state.requests += 1
      return state.requests
    }
    return "\(request.trial)-\(request.attempt)-\(number)-\(Self.mark)"
  }

  private static let mark = String(UInt64.random(in: 0..<1 << 40), radix: 36)
}

// MARK: One request and its answer

extension PersistentWork {
  /// What an answer may echo.
  private struct Echo {
    var id: String
    var trial: String

    /// The line that tells a program to stop.
    var stop: String { "{\"stop\":true,\"trial\":\(trial),\"id\":\(id.jsonString)}" }

    /// Why a line is not an answer to this request.
    func objection(to line: ReportLine) -> String? {
      if let id = line.id, id != self.id {
        return "the program answered a request with \"id\" \(id.jsonString), not this one"
      }
      if let trial = line.trial, trial != self.trial {
        return "the program answered for trial \(trial), not this one"
      }
      return nil
    }
  }

  private struct Done {
    var error: String?
    /// Whether the line named its request.
    var isEchoed = false
    /// Output after it.
    var surplus: String?
    /// Whether the program has exited too.
    var isEnded = false
    /// Whether the program may read the stop line as its next request.
    var mayMisreadStop = false
  }

  private enum Answer {
    case done(Done)
    case ended(ChildProcess.Ending)
    /// A line that belongs to no request.
    case outside(String)
    /// A line that names another request.
    case foreign(String)
  }

  /// Forwards what the program reports until it is done. To stop a trial, the program is sent a stop line if
  /// it may read it, and is terminated otherwise.
  private func converse(
    with child: ChildProcess, _ echo: Echo, _ reporter: inout Reporter
  ) async throws -> (Answer, isStopped: Bool) {
    var current = reporter
    defer { reporter = current }
    return try await child.withStop(grace: setting.limits.hurriedGrace) {
      var isReady = false
      var isStopped = false
      var wasRead: Bool?
      while true {
        var (lines, answer) = Self.sort(await child.nextBatch(), echo, &isReady, &wasRead)
        let goesOn = try await current.take(lines)
        if !goesOn, !isStopped {
          isStopped = true
          if answer == nil {
            guard state.withLock({ $0.listens }) != false else { throw CancellationError() }
            child.askToStop(echo.stop, grace: setting.limits.grace)
          }
        }
        guard answer != nil else { continue }
        if let wasRead { learn(&answer, wasRead) }
        if let answer { return (answer, isStopped) }
      }
    }
  }

  /// Records whether programs of this kind read while they train, as seen with one that was asked
  /// to stop.
  private func learn(_ answer: inout Answer?, _ wasRead: Bool) {
    state.withLock { state in
      switch answer {
      case .done(var done):
        if wasRead { state.listens = true }
        done.mayMisreadStop = state.listens != true
        answer = .done(done)
      case .ended where !wasRead: state.listens = false
      default: break
      }
    }
  }

  /// The lines that belong to the request, and its completion if that is among the messages.
  private static func sort(
    _ messages: [ChildProcess.Message], _ echo: Echo, _ isReady: inout Bool, _ wasRead: inout Bool?
  ) -> ([ReportLine], Answer?) {
    var lines: [ReportLine] = []
    var done: Done?
    for message in messages {
      switch message {
      case .ready: isReady = true
      case .stopWasRead(let isRead): wasRead = isRead
      case .ended(let ending):
        guard done != nil else { return (lines, .ended(ending)) }
        done?.isEnded = true
      case .line(let line) where done != nil:
        if line.isReport { done?.surplus = line.summary }
      case .line(let line) where !isReady:
        if line.isReport { return (lines, .outside(line.summary)) }
        lines.append(line)
      case .line(let line):
        if let objection = echo.objection(to: line) { return (lines, .foreign(objection)) }
        lines.append(line)
        if line.isDone { done = Done(error: line.error, isEchoed: line.id != nil) }
      }
    }
    return (lines, done.map(Answer.done))
  }
}

extension ReportLine {
  /// What kind of line it is, in a message.
  fileprivate var summary: String {
    if isDone { return "{\"done\": true}" }
    return values.isEmpty && notNumbers.isEmpty ? "a line with \"epoch\"" : "a report"
  }
}
