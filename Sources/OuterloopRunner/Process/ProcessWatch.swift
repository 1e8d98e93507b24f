internal import COuterloopProcess
internal import OuterloopPlatform
internal import OuterloopStudy

/// The watching thread of a program: reads its output, writes its input, enforces its limits,
/// terminates its group and reaps it.
///
/// A request is written in two parts, the line and its end. Once the first part has left the pipe, a
/// program that reads line by line is reading again, so everything it printed before is in the output
/// pipe; and it can answer only once the second part is there. This is the boundary between what
/// belongs to a request and what does not.
struct ProcessWatch {
  private let child: ChildProcess
  private let limits: ProgramLimits
  private let pid: pid_t
  private let mark = ProgramMark()
  private let alarm: Int32
  private let clock = ContinuousClock()

  /// The streams; -1: closed.
  private var output, error: Int32
  private var input: Int32
  /// The other end of it, which says how much is unread.
  private var unread: Int32
  private var pending: [UInt8] = []
  /// How often it was checked whether the request has been read; nil: no request is waiting.
  private var looks: Int?
  /// When the grace period of a trial that was asked to stop is over; nil: none was.
  private var stopsBy: ContinuousClock.Instant?
  private var log: TrialLog
  private var hasHadTrial = false
  /// Whether what is printed belongs to a trial.
  private var isUnderWay: Bool
  private var lines = LineSplitter()
  private var reader: LineReader
  private var errorTail = ErrorTail()
  private var outputLog = LogStream()
  private var errorLog = LogStream()
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private var cause: ChildProcess.StopCause?
  /// When SIGKILL follows SIGTERM.
  private var killAt: ContinuousClock.Instant?
  private var isKilled = false
  /// Until when output is read after the program has exited; nil: it is running.
  private var drainUntil: ContinuousClock.Instant?
  private var memoryAt: ContinuousClock.Instant
  /// How long to wait for the exit of a program that has closed its streams.
  private var patience = 0.0

  static func pipeError(_ code: Int32) -> StudyError {
    StudyError(
      "no pipe to a program can be made: \(Files.systemMessage(code))",
      "raise the limit on open files (ulimit -n), or lower the number of parallel trials")
  }

  /// Starts the program.
  init(
    _ launch: ChildProcess.Launch, path: String, alarm: Int32, of child: ChildProcess
  ) throws {
    var opened: [Int32] = []
    func pipe() throws -> (read: Int32, write: Int32) {
      var ends: [Int32] = [-1, -1]
      let code = outerloop_pipe(&ends)
      guard code == 0 else { throw Self.pipeError(code) }
      opened += ends
      return (ends[0], ends[1])
    }
    do {
      let (outRead, outWrite) = try pipe()
      let (errorRead, errorWrite) = try pipe()
      let (inRead, inWrite) = try pipe()
      pid = try launch.spawn(path, mark, input: inRead, output: outWrite, error: errorWrite)
      for file in [outWrite, errorWrite] { _ = CLibrary.closeFile(file) }
      (output, error, input, unread) = (outRead, errorRead, inWrite, inRead)
    } catch {
      for file in opened { _ = CLibrary.closeFile(file) }
      throw error
    }
    _ = outerloop_nonblocking(input)
    if !launch.hasInput {
      _ = CLibrary.closeFile(input)
      _ = CLibrary.closeFile(unread)
      (input, unread) = (-1, -1)
    }
    self.child = child
    self.alarm = alarm
    limits = launch.limits
    log = launch.log
    isUnderWay = !launch.hasInput
    reader = LineReader(launch.vocabulary)
    memoryAt = clock.now
  }

  /// Runs until the program and its group have ended.
  mutating func run() {
    while true {
      let commands = child.takeCommands()
      apply(commands)
      let now = clock.now
      enforceLimits(commands, now)
      if drainUntil == nil, outerloop_has_ended(pid) != 0 {
        let grace = isKilled ? nil : killAt
        drainUntil = max(grace ?? now, now + .seconds(limits.drain))
      }
      if commands.isCrowded, let until = drainUntil {
        drainUntil = max(until, now + .seconds(limits.drain))
      }
      if let drainUntil {
        if (output < 0 && error < 0) || now >= drainUntil { break }
      } else if isKilled, let killAt, now > killAt + .seconds(10) {
        break  // Not even SIGKILL ends it now: a broken disk or driver holds it.
      }
      wait(commands, now)
      if looks != nil, pending.isEmpty { look(commands) }
    }
    end()
  }

  private mutating func apply(_ commands: ChildProcess.Commands) {
    if let request = commands.request {
      pending += request
      looks = 0
    }
    if let (line, grace) = commands.stopLine, isUnderWay {
      pending += line
      stopsBy = clock.now + .seconds(grace)
    }
    if let grace = commands.stop {
      if cause == nil {
        stop(.order, grace: grace)
      } else if let killAt {
        self.killAt = min(killAt, clock.now + .seconds(grace))
      }
    }
    if input >= 0, commands.closesInput, pending.isEmpty {
      _ = CLibrary.closeFile(input)
      _ = CLibrary.closeFile(unread)
      (input, unread) = (-1, -1)
    }
  }

  /// Checks whether the program has read the first part of its request; if so, the request is in
  /// progress.
  private mutating func look(_ commands: ChildProcess.Commands) {
    guard outerloop_unread(unread) <= 0 else {
      looks = (looks ?? 0) + 1
      return
    }
    looks = nil
    // What was printed before is in the pipes.
    for _ in 0..<Self.pipeful where isReadable(output) { readOutput() }
    for _ in 0..<Self.pipeful where isReadable(error) { readError() }
    finishLines()
    errorLog.finish(in: log)
    log = commands.log
    isUnderWay = true
    reader.begin()
    if hasHadTrial { errorTail = ErrorTail() }
    hasHadTrial = true
    child.post(.ready)
    pending = [UInt8(ascii: "\n")]
    send()
  }

  /// The number of reads that empty a pipe, whose size is limited: a program that prints without
  /// end does not block this loop.
  private static let pipeful = 64

  private func isReadable(_ file: Int32) -> Bool {
    guard file >= 0 else { return false }
    var files = [pollfd(fd: file, events: Int16(POLLIN), revents: 0)]
    return poll(&files, 1, 0) > 0
  }

  private mutating func enforceLimits(
    _ commands: ChildProcess.Commands, _ now: ContinuousClock.Instant
  ) {
    if cause == nil, drainUntil == nil {
      if let deadline = commands.deadline, now >= deadline { stop(.timeout, grace: limits.grace) }
      if let stopsBy, now >= stopsBy {
        child.post(.stopWasRead(isInputRead))
        stop(.order, grace: limits.hurriedGrace)
      }
      if let limit = limits.memory, now >= memoryAt {
        memoryAt = now + .milliseconds(250)
        if let used = GroupMemory.bytes(of: pid, ifAbove: limit) {
          stop(.memory(used), grace: limits.grace)
        }
      }
    }
    if let killAt, !isKilled, now >= killAt {
      kill(-pid, SIGKILL)
      mark.end(besides: pid)
      isKilled = true
    }
  }

  private mutating func stop(_ cause: ChildProcess.StopCause, grace: Double) {
    self.cause = cause
    killAt = clock.now + .seconds(grace)
    kill(-pid, SIGTERM)
    mark.ask(besides: pid)
  }

  /// Waits for output, room for input, a command, or the next limit; then reads and writes.
  private mutating func wait(_ commands: ChildProcess.Commands, _ now: ContinuousClock.Instant) {
    var seconds = 0.1  // how soon an end is noticed if another process holds the streams open
    if output < 0 && error < 0 {
      seconds = patience
      patience = min(0.02, patience * 2 + 0.000_5)
    }
    if let looks, pending.isEmpty {
      // Most programs are waiting for it already; others may take a minute to start.
      if looks < 100 { usleep(10) }
      seconds = looks < 100 ? 0 : min(seconds, 0.001 * Double(min(looks - 99, 20)))
    }
    for limit in [
      killAt, drainUntil, cause == nil ? commands.deadline : nil,
      cause == nil ? stopsBy : nil,
    ] {
      if let limit, limit > now { seconds = min(seconds, now.duration(to: limit) / .seconds(1)) }
    }
    let writes = input >= 0 && !pending.isEmpty
    var files = [
      pollfd(fd: alarm, events: Int16(POLLIN), revents: 0),
      pollfd(fd: commands.isCrowded ? -1 : output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: error, events: Int16(POLLIN), revents: 0),
      pollfd(fd: writes ? input : -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&files, nfds_t(files.count), Int32((seconds * 1000).rounded(.up))) > 0 else {
      if seconds >= Self.quietSeconds { finishLog() }
      return
    }
    if files[0].revents != 0 { drainAlarm() }
    if files[3].revents != 0 { send() }
    // The relative order of output on the two streams since the last read is lost.
    if files[2].revents != 0 { readError() }
    if files[1].revents != 0 { readOutput() }
  }

  private mutating func drainAlarm() {
    let alarm = alarm
    _ = buffer.withUnsafeMutableBytes { read(alarm, $0.baseAddress, $0.count) }
  }

  private mutating func send() {
    let input = input
    let count = pending.withUnsafeBytes { CLibrary.writeFile(input, $0.baseAddress, $0.count) }
    if count > 0 {
      pending.removeFirst(count)
    } else if count < 0, errno != EAGAIN, errno != EINTR {
      // It no longer reads; its exit is handled elsewhere.
      _ = CLibrary.closeFile(input)
      _ = CLibrary.closeFile(unread)
      (self.input, unread, pending) = (-1, -1, [])
    }
  }

  /// Seconds without output after which an incomplete line is written as it is.
  private static let quietSeconds = 0.05

  private mutating func finishLog() {
    errorLog.finish(in: log)
    outputLog.finish(in: log)
  }

  private mutating func readOutput() {
    let count = fill(\.output)
    outputLog.take(buffer[..<count], to: log)
    var lines = lines
    self.lines = LineSplitter()
    lines.take(buffer[..<count]) { handle($0) }
    self.lines = lines
    if output < 0 { finishLines() }
  }

  private mutating func finishLines() {
    outputLog.finish(in: log)
    var lines = lines
    self.lines = LineSplitter()
    lines.finish { handle($0) }
    self.lines = lines
  }

  private mutating func handle(_ line: LineSplitter.Line) {
    let report = reader.read(line)
    if !isUnderWay || !LineReader.isReportOnly(report, line) { log.keep() }
    guard let report else { return }
    if report.isDone, stopsBy != nil {
      child.post(.stopWasRead(isInputRead))
      stopsBy = nil
    }
    child.post(.line(report))
    if report.isDone { isUnderWay = false }
  }

  private var isInputRead: Bool { pending.isEmpty && outerloop_unread(unread) <= 0 }

  private mutating func readError() {
    let count = fill(\.error)
    if error < 0 { errorLog.finish(in: log) }
    guard count > 0 else { return }
    errorLog.take(buffer[..<count], to: log)
    log.keep()
    errorTail.take(buffer[..<count])
  }

  /// Reads available output into the buffer and returns the number of bytes; closes the stream at
  /// its end.
  private mutating func fill(_ file: WritableKeyPath<ProcessWatch, Int32>) -> Int {
    let number = self[keyPath: file]
    let count = buffer.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) }
    if count > 0 { return count }
    if count < 0, errno == EINTR || errno == EAGAIN { return 0 }
    _ = CLibrary.closeFile(number)
    self[keyPath: file] = -1
    return 0
  }

  /// Ends what is left of the group while its number is still taken, and the processes that have
  /// left the group; then reaps the program.
  private mutating func end() {
    kill(-pid, SIGKILL)
    mark.end(besides: pid)
    for file in [output, error, input, unread] where file >= 0 { _ = CLibrary.closeFile(file) }
    if output >= 0 { finishLines() }
    errorLog.finish(in: log)
    let isGone = outerloop_has_ended(pid) != 0
    let status = isGone ? outerloop_reap(pid) : -SIGKILL
    child.disableWake()
    child.post(
      .ended(ChildProcess.Ending(status: status, cause: cause, errorTail: errorTail.text)))
    if !isGone { _ = outerloop_reap(pid) }
  }
}

/// A thread that may block, outside the pool that runs asynchronous code. It blocks all signals:
/// handlers run elsewhere, and writing to a closed pipe is an error instead of ending the process.
package enum WatchThread {
  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// False if the system cannot create a thread.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let box = Unmanaged.passRetained(Box(body))
    let code = outerloop_thread(
      { context in
        guard let context else { return }
        Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
      }, box.toOpaque())
    if code != 0 { box.release() }
    return code == 0
  }
}
