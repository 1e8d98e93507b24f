internal import OuterloopPlatform
internal import OuterloopRunner
internal import Synchronization

/// The lines of standard input, read by a thread of their own. They end with the input, with SIGTERM, and when the
/// process that started this one has ended: children that it left behind may hold the pipe open. A long request does
/// not keep the process alive after that.
enum RequestLines {
  /// The largest size of a request.
  static let limit = 64 << 20

  private static let isAsked = Atomic<Bool>(false)
  /// Milliseconds between checks for the parent process.
  private static let pause: Int32 = 200
  /// Seconds that a running request has to finish after SIGTERM or the exit of the parent.
  private static let grace: UInt32 = 5

  /// Installs the signal handlers and starts reading. Called once.
  static func begin() -> AsyncStream<ArraySlice<UInt8>> {
    // SIGHUP and Ctrl-C reach all processes of the terminal: the client decides.
    CLibrary.handleSignal(SIGINT) { _ in }
    CLibrary.handleSignal(SIGHUP) { _ in }
    CLibrary.handleSignal(SIGTERM) { _ in RequestLines.isAsked.store(true, ordering: .relaxed) }
    let (stream, continuation) = AsyncStream.makeStream(of: ArraySlice<UInt8>.self)
    let isStarted = WatchThread.start {
      let parent = getppid()
      func isWanted() -> Bool { !isAsked.load(ordering: .relaxed) && getppid() == parent }
      read(while: isWanted) { continuation.yield($0) }
      continuation.finish()
      // A client that has closed the input may be waiting for replies. If the client is gone, its trials are
      // lost, like those of any lost worker.
      while isWanted() { poll(nil, 0, pause) }
      sleep(grace)
      _exit(1)
    }
    if !isStarted { continuation.finish() }
    return stream
  }

  private static func read(while isWanted: () -> Bool, _ take: (ArraySlice<UInt8>) -> Void) {
    var pending: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while isWanted() {
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&input, 1, pause)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = CLibrary.readFile(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return }
      var rest = chunk[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        take(pending.isEmpty ? ArraySlice(Array(rest[..<end])) : ArraySlice(pending + rest[..<end]))
        pending.removeAll()
        rest = rest[(end + 1)...]
      }
      pending += rest
      if pending.count > limit { return }
    }
  }
}
