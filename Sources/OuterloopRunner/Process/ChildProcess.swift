internal import COuterloopProcess
internal import OuterloopPlatform
internal import OuterloopStudy
internal import Synchronization

/// A running program in a process group of its own, and the queue of what it says.
///
/// A thread for each program (`ProcessWatch`) reads its output, keeps its limits and reaps it. The
/// program stays a zombie until its group has been ended, so that a signal never reaches a stranger
/// who got the same number; a library that reaps first cannot promise that. The asynchronous side
/// takes messages from the queue, one consumer at a time.
final class ChildProcess: Sendable {
  enum Message: Sendable {
    case line(ReportLine)
    /// The program has read the first part of the request: what follows may be about it, and what came
    /// before is not.
    case ready
    /// Whether the program has read that its trial is to stop, by the time that it is done or its grace is over.
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
    /// Someone asked.
    case order
  }

  /// What the watching thread has to do next.
  struct Orders {
    /// A request, without the end of its line.
    var request: [UInt8]?
    var closesInput = false
    /// That the trial is to stop, a whole line, and seconds of grace to be done with it.
    var stopLine: (line: [UInt8], grace: Double)?
    /// Seconds of grace, if the program is to stop.
    var stop: Double?
    var deadline: ContinuousClock.Instant?
    var log: TrialLog
    /// So many messages wait that no more output is to be read.
    var isCrowded = false
  }

  private struct State {
    var messages: [Message] = []
    var taken = 0
    /// How the program ended, once that message has been taken.
    var ending: Ending?
    var waiter: CheckedContinuation<Message, Never>?
    var orders: Orders
    /// The end of a pipe that wakes the thread; nil once that is over.
    var alarm: Int32?
  }

  static let crowd = 1000
  private let state: Mutex<State>

  private init(orders: Orders, alarm: Int32) {
    state = Mutex(State(orders: orders, alarm: alarm))
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

  /// All messages that wait, or the next if none does; at most a crowd.
  func nextBatch() async -> [Message] {
    var batch = [await next()]
    while batch.count < Self.crowd, let message = takeWaiting() { batch.append(message) }
    return batch
  }

  /// Takes what waits, without waiting for more.
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
      if state.orders.isCrowded {
        state.orders.isCrowded = false
        ring(state)
      }
    }
    return message
  }

  /// Takes messages until the program has ended. It may have: a batch can hold the last message.
  func finish() async -> Ending {
    while true {
      if let ending = state.withLock({ $0.ending }) { return ending }
      if case .ended(let ending) = await next() { return ending }
    }
  }

  /// Sends SIGTERM to the group, and SIGKILL after `grace` seconds. What is said until then still
  /// arrives.
  func stop(grace: Double) {
    order { $0.stop = min($0.stop ?? grace, grace) }
  }

  /// Reads what the child says by `body`; an error and a cancelled task stop the child, and its end is
  /// waited for.
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

  /// A trial begins: its request, a line without its end, goes to standard input. Once the program
  /// has begun to read it there is a message `.ready`, the line is ended, and what is printed goes to
  /// `log`.
  func begin(_ request: String, log: TrialLog, deadline: ContinuousClock.Instant?) {
    order { orders in
      orders.request = Array(request.utf8)
      orders.log = log
      orders.deadline = deadline
    }
  }

  /// The trial is to stop: writes a line to standard input that says so, unless the program is done with the
  /// trial. One that is not done within `grace` seconds is stopped. There is a message `.stopWasRead` then, or
  /// before the line with which the program is done.
  func askToStop(_ line: String, grace: Double) {
    order { $0.stopLine = (Array((line + "\n").utf8), grace) }
  }

  /// The trial is done: its time limit no longer counts.
  func rest() { order { $0.deadline = nil } }

  func closeInput() { order { $0.closesInput = true } }

  private func order(_ change: (inout Orders) -> Void) {
    state.withLock { state in
      change(&state.orders)
      Self.ring(state)
    }
  }

  private static func ring(_ state: State) {
    guard let alarm = state.alarm else { return }
    // A full pipe is alarm enough.
    _ = [UInt8(0)].withUnsafeBytes { CLibrary.writeFile(alarm, $0.baseAddress, 1) }
  }

  // MARK: The thread's side

  /// What to do; input and one-time orders are handed over once.
  func takeOrders() -> Orders {
    state.withLock { state in
      let orders = state.orders
      state.orders.request = nil
      state.orders.stopLine = nil
      return orders
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
      if state.messages.count - state.taken >= Self.crowd { state.orders.isCrowded = true }
      return nil
    }
    waiter?.resume(returning: message)
  }

  /// Nobody may ring any more: the pipe is about to be closed.
  func silence() { state.withLock { $0.alarm = nil } }
}

extension ChildProcess {
  /// Starts a program.
  /// - Throws: `StudyError` if that cannot be done: no trial could run.
  static func start(_ launch: Launch) async throws -> ChildProcess {
    let path = try Program.path(of: launch.words[0], in: launch.directory)
    var ends: [Int32] = [-1, -1]
    let trouble = outerloop_pipe(&ends)
    guard trouble == 0 else { throw ProcessWatch.noPipe(trouble) }
    _ = outerloop_nonblocking(ends[0])
    _ = outerloop_nonblocking(ends[1])
    let child = ChildProcess(
      orders: Orders(deadline: launch.deadline, log: launch.log), alarm: ends[1])
    let (alarmOut, alarmIn) = (ends[0], ends[1])
    // Started by the thread that watches it: the system ends it with that thread.
    return try await withCheckedThrowingContinuation { continuation in
      let isStarted = WatchThread.start {
        defer {
          child.silence()
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
