internal import OuterloopPlatform
internal import Synchronization

/// Ctrl-C, the polite signal to end, and the end of the terminal: the first asks, the second ends the
/// process at once. Work that runs programs is asked twice before: it has them to end.
enum Interrupts {
  private static let count = Atomic<Int>(0)
  private static let signal = Atomic<Int>(Int(SIGINT))
  private static let runsPrograms = Atomic<Bool>(false)
  private static let isSilent = Atomic<Bool>(false)
  /// What is said at the third signal: bytes that live as long as the process.
  private static let farewellAddress = Atomic<Int>(0)
  private static let farewellCount = Atomic<Int>(0)

  /// Whether someone asked to stop.
  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Whether someone asked to stop at once: a second Ctrl-C, or SIGTERM.
  static var isUrgent: Bool { count.load(ordering: .relaxed) > 1 }

  /// The exit status that says so: 130 for Ctrl-C.
  static var status: Int32 { 128 + Int32(signal.load(ordering: .relaxed)) }

  /// Writing beyond a limit on file sizes, or to a pipe that nobody reads any more, is to be an
  /// error, not the end of the work. How programs ended is to be told, also where whoever started this
  /// process does not want to know that of its own.
  static func prepare() {
    for number in [SIGXFSZ, SIGPIPE] { handle(number, SIG_IGN) }
    handle(SIGCHLD, SIG_DFL)
  }

  /// Takes the signals over for work that ends well when asked.
  ///
  /// - Parameters:
  ///   - runsPrograms: the work looks at `isUrgent` too; the third signal ends the process.
  ///   - again: the command that goes on after that.
  ///   - isSilent: nothing is said, as where nothing is lost by ending.
  static func watch(runsPrograms: Bool = false, again: String = "", isSilent: Bool = false) {
    self.runsPrograms.store(runsPrograms, ordering: .relaxed)
    self.isSilent.store(isSilent, ordering: .relaxed)
    let farewell = "leaving at once; to continue: \(again)\n"
    farewellCount.store(farewell.utf8.count, ordering: .relaxed)
    farewellAddress.store(Int(bitPattern: strdup(farewell)), ordering: .relaxed)
    // What the handler uses is made here: in a handler nothing may be allocated.
    _ = (isRequested, status, Terminal.isLive, Terminal.isQuiet)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = handle(number) { Interrupts.received($0) }
      // `nohup` means that the end of the terminal is to be survived.
      if number == SIGHUP,
        unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      {
        handle(number, SIG_IGN)
      }
      sigaddset(&signals, number)
    }
    // A parent that blocks them hands that on.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func received(_ number: Int32) {
    let programs = runsPrograms.load(ordering: .relaxed)
    // A terminal that ends says so more than once. Schedulers of clusters send SIGTERM to all processes of
    // a job, and its script may hand it on: work that is stopping already is to come to its end.
    if number == SIGHUP, programs ? isUrgent : isRequested { return }
    if number == SIGTERM, programs, isUrgent { return }
    signal.store(Int(number), ordering: .relaxed)
    // Who sends another signal than Ctrl-C will not wait for trials to finish.
    let calls = programs && number != SIGINT ? 2 : 1
    let before = count.add(calls, ordering: .relaxed).oldValue
    if before > (programs ? 1 : 0) {
      if programs { sayFarewell() }
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

  private static func sayFarewell() {
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

  /// Returns what handled it before.
  @discardableResult
  private static func handle(_ number: Int32, _ action: Handler?) -> Handler? {
    CLibrary.handleSignal(number, action)
  }
}
