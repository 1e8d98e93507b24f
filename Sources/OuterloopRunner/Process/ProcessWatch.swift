internal import COuterloopProcess
internal import OuterloopStudy

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What the thread of a program does: reads its output, writes its input, keeps its limits, ends its
/// group and reaps it.
struct ProcessWatch {
  private let child: ChildProcess
  private let limits: ProgramLimits
  private let vocabulary: ReportLine.Vocabulary
  private let pid: pid_t
  private let mark = ProgramMark()
  private let alarm: Int32
  private let clock = ContinuousClock()

  /// The streams; -1: closed.
  private var output, error: Int32
  private var input: Int32
  private var pending: [UInt8] = []
  private var lines = LineSplitter()
  private var errorTail = ErrorTail()
  private var strangers = Strangers()
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private var cause: ChildProcess.StopCause?
  /// When SIGKILL follows SIGTERM.
  private var killAt: ContinuousClock.Instant?
  private var isKilled = false
  /// Until when output is read after the program's end; nil: it runs.
  private var drainUntil: ContinuousClock.Instant?
  private var memoryAt: ContinuousClock.Instant
  /// How long to wait for the end of a program that has closed its streams.
  private var patience = 0.0

  static func noPipe(_ trouble: Int32) -> StudyError {
    StudyError(
      "no pipe to a program can be made: \(Files.trouble(trouble))",
      "raise the limit on open files (ulimit -n), or lower the number of parallel trials")
  }

  /// Starts the program.
  init(
    _ launch: ChildProcess.Launch, path: String, alarm: Int32, of child: ChildProcess
  ) throws {
    var opened: [Int32] = []
    func pipe() throws -> (read: Int32, write: Int32) {
      var ends: [Int32] = [-1, -1]
      let trouble = outerloop_pipe(&ends)
      guard trouble == 0 else { throw Self.noPipe(trouble) }
      opened += ends
      return (ends[0], ends[1])
    }
    do {
      let (outRead, outWrite) = try pipe()
      let (errorRead, errorWrite) = try pipe()
      let (inRead, inWrite) = try pipe()
      pid = try launch.spawn(path, mark, input: inRead, output: outWrite, error: errorWrite)
      for file in [inRead, outWrite, errorWrite] { closeFile(file) }
      (output, error, input) = (outRead, errorRead, inWrite)
    } catch {
      for file in opened { closeFile(file) }
      throw error
    }
    _ = outerloop_nonblocking(input)
    if !launch.hasInput {
      closeFile(input)
      input = -1
    }
    self.child = child
    self.alarm = alarm
    limits = launch.limits
    vocabulary = launch.vocabulary
    memoryAt = clock.now
  }

  /// Until the program and its group have ended.
  mutating func run() {
    while true {
      let orders = child.takeOrders()
      obey(orders)
      let now = clock.now
      keepLimits(orders, now)
      if drainUntil == nil, outerloop_has_ended(pid) != 0 {
        let grace = isKilled ? nil : killAt
        drainUntil = max(grace ?? now, now + .seconds(limits.drain))
      }
      if orders.isCrowded, let until = drainUntil {
        drainUntil = max(until, now + .seconds(limits.drain))
      }
      if let drainUntil {
        if (output < 0 && error < 0) || now >= drainUntil { break }
      } else if isKilled, let killAt, now > killAt + .seconds(10) {
        break  // Not even SIGKILL ends it now: a broken disk or driver holds it.
      }
      wait(orders, now)
    }
    end()
  }

  private mutating func obey(_ orders: ChildProcess.Orders) {
    if orders.isNewTrial { (errorTail, strangers) = (ErrorTail(), Strangers()) }
    pending += orders.input
    if let grace = orders.stop {
      if cause == nil {
        stop(.order, grace: grace)
      } else if let killAt {
        self.killAt = min(killAt, clock.now + .seconds(grace))
      }
    }
    if input >= 0, orders.closesInput, pending.isEmpty {
      closeFile(input)
      input = -1
    }
  }

  private mutating func keepLimits(_ orders: ChildProcess.Orders, _ now: ContinuousClock.Instant) {
    if cause == nil, drainUntil == nil {
      if let deadline = orders.deadline, now >= deadline { stop(.timeout, grace: limits.grace) }
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

  /// Waits for output, room for input, an order, or the next limit; then reads and writes.
  private mutating func wait(_ orders: ChildProcess.Orders, _ now: ContinuousClock.Instant) {
    var seconds = 0.1  // how soon an end is noticed if another process holds the streams open
    if output < 0 && error < 0 {
      seconds = patience
      patience = min(0.02, patience * 2 + 0.000_5)
    }
    for limit in [killAt, drainUntil, cause == nil ? orders.deadline : nil] {
      if let limit, limit > now { seconds = min(seconds, now.duration(to: limit) / .seconds(1)) }
    }
    let writes = input >= 0 && !pending.isEmpty
    var files = [
      pollfd(fd: alarm, events: Int16(POLLIN), revents: 0),
      pollfd(fd: orders.isCrowded ? -1 : output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: error, events: Int16(POLLIN), revents: 0),
      pollfd(fd: writes ? input : -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&files, nfds_t(files.count), Int32((seconds * 1000).rounded(.up))) > 0 else {
      return
    }
    if files[0].revents != 0 { hush() }
    if files[3].revents != 0 { send() }
    if files[2].revents != 0 { readError(orders.log) }
    if files[1].revents != 0 { readOutput(orders.log) }
  }

  private mutating func hush() {
    let alarm = alarm
    _ = buffer.withUnsafeMutableBytes { read(alarm, $0.baseAddress, $0.count) }
  }

  private mutating func send() {
    let input = input
    let count = pending.withUnsafeBytes { systemWrite(input, $0.baseAddress, $0.count) }
    if count > 0 {
      pending.removeFirst(count)
    } else if count < 0, errno != EAGAIN, errno != EINTR {
      // It does not listen any more; that it ends too is seen elsewhere.
      closeFile(input)
      (self.input, pending) = (-1, [])
    }
  }

  private mutating func readOutput(_ log: TrialLog) {
    let count = fill(\.output)
    log.write(buffer[..<count])
    var strangers = strangers
    let (child, vocabulary) = (child, vocabulary)
    lines.take(buffer[..<count]) { Self.handle($0, vocabulary, &strangers, child) }
    self.strangers = strangers
    if output < 0 { finishLines() }
  }

  private mutating func finishLines() {
    var strangers = strangers
    let (child, vocabulary) = (child, vocabulary)
    lines.finish { Self.handle($0, vocabulary, &strangers, child) }
    self.strangers = strangers
  }

  private static func handle(
    _ line: ArraySlice<UInt8>, _ vocabulary: ReportLine.Vocabulary, _ strangers: inout Strangers,
    _ child: ChildProcess
  ) {
    if let report = ReportLine(line, vocabulary) ?? strangers.next(line) {
      child.post(.line(report))
    }
  }

  private mutating func readError(_ log: TrialLog) {
    let count = fill(\.error)
    log.write(buffer[..<count])
    errorTail.take(buffer[..<count])
  }

  /// Reads what there is into the buffer and says how many bytes; closes the stream at its end.
  private mutating func fill(_ file: WritableKeyPath<ProcessWatch, Int32>) -> Int {
    let number = self[keyPath: file]
    let count = buffer.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) }
    if count > 0 { return count }
    if count < 0, errno == EINTR || errno == EAGAIN { return 0 }
    closeFile(number)
    self[keyPath: file] = -1
    return 0
  }

  /// Ends what is left of the group while its number is still taken, and what has left the group,
  /// then forgets it.
  private mutating func end() {
    kill(-pid, SIGKILL)
    mark.end(besides: pid)
    for file in [output, error, input] where file >= 0 { closeFile(file) }
    if output >= 0 { finishLines() }
    let isGone = outerloop_has_ended(pid) != 0
    let status = isGone ? outerloop_reap(pid) : -SIGKILL
    child.silence()
    child.post(
      .ended(ChildProcess.Ending(status: status, cause: cause, errorTail: errorTail.text)))
    if !isGone { _ = outerloop_reap(pid) }
  }
}
