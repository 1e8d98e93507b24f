internal import COuterloopProcess
internal import OuterloopPlatform
internal import OuterloopStudy
internal import Synchronization

/// A running program in a process group of its own, and the queue of its messages.
///
/// A thread for each program (`ProcessWatch`) reads its output, enforces its limits and reaps it.
/// The program stays a zombie until its group has ended, so that a signal never reaches an
/// unrelated process that got the same number; a library that reaps first cannot guarantee that.
/// The asynchronous side takes messages from the queue, one consumer at a time.
final class ChildProcess: Sendable {
  enum Message: Sendable {
    case line(ReportLine)
    /// The program has read the first part of the request: what follows may be about it, and what came
    /// before is not.
    case ready
    /// Whether the program had read the stop line by the time it was done or its grace period was over.
    case stopWasRead(Bool)
    /// The last message.
    case ended(Ending)
  }

  /// How the program ended.
  struct Ending: Sendable {
    /// The exit status, or -N for signal N.
    var status: Int32
    /// Why it was stopped; nil: it ended by itself.
    var cause: StopCause?
    /// The last lines of its standard error.
    var errorTail: String
  }

  enum StopCause: Sendable, Hashable {
    case timeout
    /// Bytes in use.
    case memory(Int)
    /// Someone requested it.
    case order
  }

  /// What the watching thread should do next.
  struct Commands {
    /// A request, without the end of its line.
    var request: [UInt8]?
    var closesInput = false
    /// The line that asks the program to stop its trial, and seconds of grace to do so.
    var stopLine: (line: [UInt8], grace: Double)?
    /// Seconds of grace, if the program is to be terminated.
    var stop: Double?
    var deadline: ContinuousClock.Instant?
    var log: TrialLog
    /// So many messages are queued that no more output should be read.
    var isCrowded = false
  }

  private struct State {
    var messages: [Message] = []
    var taken = 0
    /// How the program ended, once that message has been taken.
    var ending: Ending?
    var waiter: CheckedContinuation<Message, Never>?
    var commands: Commands
    /// The end of a pipe that wakes the thread; nil once the thread has ended.
    var alarm: Int32?
  }

  static let crowd = 1000
  private let state: Mutex<State>

  private init(commands: Commands, alarm: Int32) {
    state = Mutex(State(commands: commands, alarm: alarm))
  }

  // MARK: The asynchronous side

  /// The next message. After `.ended` there is none.
  func next() async -> Message {
    await withCheckedContinuation { continuation in
      let message: Message? = state.withLock { state in
        guard state.taken < state.messages.count else {
          state.waiter = continuation
          return nil
        }
        return Self.takeMessage(&state)
      }
      if let message { continuation.resume(returning: message) }
    }
  }

  /// All queued messages, or the next one if the queue is empty; at most `crowd`.
  func nextBatch() async -> [Message] {
    var batch = [await next()]
    while batch.count < Self.crowd, let message = takeWaiting() { batch.append(message) }
    return batch
  }

  /// Takes a queued message, without waiting for one.
  func takeWaiting() -> Message? {
    state.withLock { $0.taken < $0.messages.count ? Self.takeMessage(&$0) : nil }
  }

  private static func takeMessage(_ state: inout State) -> Message {
    let message = state.messages[state.taken]
    state.taken += 1
    if case .ended(let ending) = message { state.ending = ending }
    if state.taken == state.messages.count {
      state.messages.removeAll(keepingCapacity: true)
      state.taken = 0
      if state.commands.isCrowded {
        state.commands.isCrowded = false
        wake(state)
      }
    }
    return message
  }

  /// Takes messages until the program has ended. It may have ended already: a batch can hold the
  /// last message.
  func finish() async -> Ending {
    while true {
      if let ending = state.withLock({ $0.ending }) { return ending }
      if case .ended(let ending) = await next() { return ending }
    }
  }

  /// Sends SIGTERM to the group, and SIGKILL after `grace` seconds. Output until then still
  /// arrives.
  func stop(grace: Double) {
    order { $0.stop = min($0.stop ?? grace, grace) }
  }

  /// Runs `body`, which reads the child's messages; an error or a cancelled task stops the child and
  /// waits for its end.
  func withStop<Result: Sendable>(
    grace: Double, isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> sending Result
  ) async throws -> sending Result {
    try await withTaskCancellationHandler {
      do {
        return try await body()
      } catch {
        stop(grace: grace)
        _ = await finish()
        throw error
      }
    } onCancel: {
      stop(grace: grace)
    }
  }

  /// Begins a trial: writes its request, a line without its line break, to standard input. Once the
  /// program has begun to read it, a message `.ready` is posted, the line break is written, and
  /// output goes to `log`.
  func begin(_ request: String, log: TrialLog, deadline: ContinuousClock.Instant?) {
    order { commands in
      commands.request = Array(request.utf8)
      commands.log = log
      commands.deadline = deadline
    }
  }

  /// Asks the program to stop the trial: writes a stop line to standard input, unless the program is done with
  /// the trial. A program that is not done within `grace` seconds is terminated. A message `.stopWasRead`
  /// comes then, or before the line with which the program is done.
  func askToStop(_ line: String, grace: Double) {
    order { $0.stopLine = (Array((line + "\n").utf8), grace) }
  }

  /// The trial is done: its time limit no longer counts.
  func rest() { order { $0.deadline = nil } }

  func closeInput() { order { $0.closesInput = true } }

  private func order(_ change: (inout Commands) -> Void) {
    state.withLock { state in
      change(&state.commands)
      Self.wake(state)
    }
  }

  private static func wake(_ state: State) {
    guard let alarm = state.alarm else { return }
    // A full pipe wakes the thread anyway.
    _ = [UInt8(0)].withUnsafeBytes { CLibrary.writeFile(alarm, $0.baseAddress, 1) }
  }

  // MARK: The watching thread

  /// What to do; input and one-time commands are handed over once.
  func takeCommands() -> Commands {
    state.withLock { state in
      let commands = state.commands
      state.commands.request = nil
      state.commands.stopLine = nil
      return commands
    }
  }

  func post(_ message: Message) {
    let waiter = state.withLock { state -> CheckedContinuation<Message, Never>? in
      if let waiter = state.waiter {
        state.waiter = nil
        if case .ended(let ending) = message { state.ending = ending }
        return waiter
      }
      state.messages.append(message)
      if state.messages.count - state.taken >= Self.crowd { state.commands.isCrowded = true }
      return nil
    }
    waiter?.resume(returning: message)
  }

  /// The thread can no longer be woken: the pipe is about to be closed.
  func disableWake() { state.withLock { $0.alarm = nil } }
}

extension ChildProcess {
  /// Starts a program.
  /// - Throws: `StudyError` if it cannot be started: no trial could run.
  static func start(_ launch: Launch) async throws -> ChildProcess {
    let path = try Program.path(of: launch.words[0], in: launch.directory)
    var ends: [Int32] = [-1, -1]
    let code = outerloop_pipe(&ends)
    guard code == 0 else { throw ProcessWatch.pipeError(code) }
    _ = outerloop_nonblocking(ends[0])
    _ = outerloop_nonblocking(ends[1])
    let child = ChildProcess(
      commands: Commands(deadline: launch.deadline, log: launch.log), alarm: ends[1])
    let (alarmOut, alarmIn) = (ends[0], ends[1])
    // Started by the thread that watches it: the system ends it with that thread.
    return try await withCheckedThrowingContinuation { continuation in
      let isStarted = WatchThread.start {
        defer {
          child.disableWake()
          _ = CLibrary.closeFile(alarmOut)
          _ = CLibrary.closeFile(alarmIn)
        }
        do {
          var watch = try ProcessWatch(launch, path: path, alarm: alarmOut, of: child)
          continuation.resume(returning: child)
          watch.run()
        } catch {
          continuation.resume(throwing: error)
        }
      }
      if !isStarted {
        _ = CLibrary.closeFile(alarmOut)
        _ = CLibrary.closeFile(alarmIn)
        continuation.resume(
          throwing: StudyError("no thread can be started", "lower the number of parallel trials"))
      }
    }
  }
}
