public import OuterloopStudy

/// Runs each trial as a process of its own.
///
/// The program gets its values by the placeholders in its command, and as a JSON file named by the
/// environment variable OUTERLOOP_TRIAL; it reports by lines on standard output. See
/// `Documentation/tuning-a-program.md` for the contract.
///
/// How a trial ends, in this order:
///
///     the time or memory limit was hit    failed(timeout), failed(memory)
///     exit status other than 0, a signal  failed(error), with the end of standard error
///     no report, or a value that is no number  failed(invalid)
///
/// A program that cannot be started at all is a `StudyError`: no trial could run.
public struct ProgramWork: TrialWork {
  private let program: Program
  private let command: CommandTemplate
  private let setting: ProgramSetting

  /// - Parameters:
  ///   - folders: where the trials' files are stored.
  ///   - resources: what the programs of each slot may use; further slots have no resources assigned.
  /// - Throws: `StudyError` for a program that cannot be started, or limits that cannot be
  ///   enforced.
  public init(
    _ program: Program, of specification: StudySpecification, in folders: TrialFolders,
    limits: ProgramLimits = ProgramLimits(), resources: [SlotResources] = []
  ) throws {
    command = try CommandTemplate(program, for: specification.space)
    try program.checkExecutable(for: specification.space)
    self.program = program
    setting = try ProgramSetting(specification, folders, limits, resources)
  }

  public func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    try Task.checkCancellation()
    let trial = try setting.prepare(request)
    defer { withExtendedLifetime(trial.lock) {} }
    let request = trial.request
    let text = request.json(checkpoint: trial.checkpoint)
    try Files.write(text + "\n", to: trial.requestPath)
    let child = try await ChildProcess.start(
      ChildProcess.Launch(
        words: command.words(for: request, checkpoint: trial.checkpoint),
        directory: program.directory, environment: ["OUTERLOOP_TRIAL": trial.requestPath],
        resources: setting.resources.of(slot: request.slot), hasInput: false,
        vocabulary: setting.vocabulary(isPersistent: false),
        limits: setting.limits, log: trial.log, deadline: setting.deadline))
    defer { trial.log.close() }
    var reporter = Reporter(trial, to: reports)
    let ending = try await child.withStop(grace: setting.limits.hurriedGrace) {
      while true {
        var ending: ChildProcess.Ending?
        var lines: [ReportLine] = []
        for message in await child.nextBatch() {
          switch message {
          case .ended(let one): ending = one
          case .line(let line): lines.append(line)
          case .ready, .stopWasRead: break
          }
        }
        guard try await reporter.take(lines) else { throw CancellationError() }
        if let ending { return ending }
      }
    }
    try await reporter.close()
    if let failure = try setting.failure(ending) { throw failure }
    try await reporter.finish(objectives: setting.objectives)
  }
}

/// The settings that all trials of a program share.
struct ProgramSetting: Sendable {
  let objectives: [Objective]
  let folders: TrialFolders
  let limits: ProgramLimits
  let resources: [SlotResources]
  private let clock = ContinuousClock()

  init(
    _ specification: StudySpecification, _ folders: TrialFolders, _ limits: ProgramLimits,
    _ resources: [SlotResources] = []
  ) throws {
    guard limits.memory == nil || GroupMemory.isKnown else {
      throw StudyError(
        "this system does not tell how much memory a program uses", "leave the memory limit out")
    }
    objectives = specification.objectives
    self.folders = folders
    self.limits = limits
    self.resources = resources
  }

  func vocabulary(isPersistent: Bool) -> ReportLine.Vocabulary {
    ReportLine.Vocabulary(
      objectives: Set(objectives.map(\.metric)), isPersistent: isPersistent)
  }

  var deadline: ContinuousClock.Instant? { limits.seconds.map { clock.now + .seconds($0) } }

  /// A trial's files.
  struct Prepared {
    /// The request, starting at the epoch of an intact checkpoint.
    var request: TrialRequest
    var kept: KeptCheckpoints
    var requestPath, checkpoint: String
    var log: TrialLog
    /// Keeps others from removing the files. Nil: a file system without locks.
    var lock: FolderLock?
  }

  /// - Parameter keepsReports: whether the log is kept if it holds nothing but reports.
  func prepare(_ request: TrialRequest, keepsReports: Bool = true) throws -> Prepared {
    let checkpoint = folders.checkpoint(ofTrial: request.trial)
    try Files.makeFolder(checkpoint)
    let lock = FolderLock.take(folders.folder(ofTrial: request.trial), .shared)
    let log = TrialLog(
      folders.log(ofTrial: request.trial), limit: limits.log, keepsReports: keepsReports)
    if request.attempt > 1 { log.note("attempt \(request.attempt)") }
    let kept = KeptCheckpoints(in: folders.folder(ofTrial: request.trial))
    var request = request
    request.from = kept.usable(through: request.from) { log.note($0) }
    return Prepared(
      request: request, kept: kept,
      requestPath: folders.request(ofTrial: request.trial), checkpoint: checkpoint, log: log,
      lock: lock)
  }

  /// The failure that an ending means, reports aside.
  /// - Throws: `CancellationError` if someone stopped the program.
  func failure(_ ending: ChildProcess.Ending) throws -> TrialFailure? {
    switch ending.cause {
    case .order: throw CancellationError()
    case .timeout:
      return TrialFailure(.timeout, "it ran longer than \(limits.seconds ?? 0) s")
    case .memory(let bytes):
      return TrialFailure(
        .memory,
        "it used \(Self.megabytes(bytes)) MB of memory, more than the "
          + "\(Self.megabytes(limits.memory ?? 0)) MB it may use")
    case nil: break
    }
    guard ending.status != 0 else { return nil }
    return TrialFailure(.error, ending.text, way: ending.way)
  }

  private static func megabytes(_ bytes: Int) -> Int { (bytes + 500_000) / 1_000_000 }
}

extension ChildProcess.Ending {
  /// `exit status 3: Traceback ...`.
  var text: String { errorTail.isEmpty ? how : "\(how): \(errorTail)" }

  /// What it has in common with other endings of the kind: the last line of standard error, which
  /// usually states the cause.
  var way: String { "\(how): \(errorTail.split(separator: "\n").last ?? "")" }

  private var how: String {
    status < 0
      ? "ended by signal \(-status)\(Self.name(ofSignal: -status))" : "exit status \(status)"
  }

  private static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 8: "SIGFPE",
      9: "SIGKILL, perhaps for lack of memory", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM",
    ]
    return names[number].map { " (\($0))" } ?? ""
  }
}
