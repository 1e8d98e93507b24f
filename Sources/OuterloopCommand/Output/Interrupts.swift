internal import OuterloopPlatform
internal import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP: the first requests a stop, the second ends the process at once. Work
/// that runs programs gets two requests first, since it has to end the programs.
enum Interrupts {
  private static let count = Atomic<Int>(0)
  private static let signal = Atomic<Int>(Int(SIGINT))
  private static let runsPrograms = Atomic<Bool>(false)
  private static let isSilent = Atomic<Bool>(false)
  /// The message at the third signal: bytes that live as long as the process.
  private static let farewellAddress = Atomic<Int>(0)
  private static let farewellCount = Atomic<Int>(0)

  /// Whether someone asked to stop.
  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Whether someone asked to stop at once: a second Ctrl-C, or SIGTERM.
  static var isUrgent: Bool { count.load(ordering: .relaxed) > 1 }

  /// The corresponding exit status: 130 for Ctrl-C.
  static var status: Int32 { 128 + Int32(signal.load(ordering: .relaxed)) }

  /// Makes writing beyond a file size limit, or to a closed pipe, an error instead of the end of the
  /// process. Resets SIGCHLD, so that the exit status of programs is available even if the parent
  /// process ignores it.
  static func prepare() {
    for number in [SIGXFSZ, SIGPIPE] { handle(number, SIG_IGN) }
    handle(SIGCHLD, SIG_DFL)
  }

  /// Handles the signals for work that can stop cleanly.
  ///
  /// - Parameters:
  ///   - runsPrograms: the work checks `isUrgent` too; the third signal ends the process.
  ///   - again: the command that continues the work.
  ///   - isSilent: nothing is printed, where nothing is lost by stopping.
  static func watch(runsPrograms: Bool = false, again: String = "", isSilent: Bool = false) {
    self.runsPrograms.store(runsPrograms, ordering: .relaxed)
    self.isSilent.store(isSilent, ordering: .relaxed)
    let farewell = "leaving at once; to continue: \(again)\n"
    farewellCount.store(farewell.utf8.count, ordering: .relaxed)
    farewellAddress.store(Int(bitPattern: strdup(farewell)), ordering: .relaxed)
    // What the handler uses is initialized here: a signal handler must not allocate.
    _ = (isRequested, status, Terminal.isLive, Terminal.isQuiet)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = handle(number) { Interrupts.received($0) }
      // Under `nohup`, the process should survive the end of the terminal.
      if number == SIGHUP,
        unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      {
        handle(number, SIG_IGN)
      }
      sigaddset(&signals, number)
    }
    // A signal mask is inherited from the parent.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func received(_ number: Int32) {
    let programs = runsPrograms.load(ordering: .relaxed)
    // A terminal that closes may send SIGHUP more than once. Cluster schedulers send SIGTERM to all
    // processes of a job, and its script may forward it: work that is stopping already should be able to
    // finish.
    if number == SIGHUP, programs ? isUrgent : isRequested { return }
    if number == SIGTERM, programs, isUrgent { return }
    signal.store(Int(number), ordering: .relaxed)
    // The sender of a signal other than Ctrl-C will not wait for trials to finish.
    let calls = programs && number != SIGINT ? 2 : 1
    let before = count.add(calls, ordering: .relaxed).oldValue
    if before > (programs ? 1 : 0) {
      if programs { announceStop() }
      _exit(128 + number)
    }
    if !programs {
      say("stopping after this update; press again to stop at once\n")
    } else if before + calls == 1 {
      say("finishing the running trials; press again to stop them\n")
    } else {
      say("stopping the running trials\n")
    }
  }

  private static func announceStop() {
    if Terminal.isLive { _ = write(STDERR_FILENO, "\n", 1) }
    let address = farewellAddress.load(ordering: .relaxed)
    if let bytes = UnsafeRawPointer(bitPattern: address) {
      _ = write(STDERR_FILENO, bytes, farewellCount.load(ordering: .relaxed))
    }
  }

  private static func say(_ text: StaticString) {
    guard !Terminal.isQuiet, !isSilent.load(ordering: .relaxed) else { return }
    if Terminal.isLive { _ = write(STDERR_FILENO, "\n", 1) }
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  private typealias Handler = CLibrary.SignalHandler

  /// Returns the previous handler.
  @discardableResult
  private static func handle(_ number: Int32, _ action: Handler?) -> Handler? {
    CLibrary.handleSignal(number, action)
  }
}
