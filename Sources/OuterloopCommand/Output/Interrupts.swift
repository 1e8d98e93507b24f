internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Ctrl-C, and the polite signal to end: the first asks, the second ends the process at once.
enum Interrupts {
  private static let count = Atomic<Int>(0)
  private static let signal = Atomic<Int>(Int(SIGINT))

  /// Whether someone asked to stop.
  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// The exit status that says so: 130 for Ctrl-C.
  static var status: Int32 { 128 + Int32(signal.load(ordering: .relaxed)) }

  /// Writing beyond a limit on file sizes, or to a pipe that nobody reads any more, is to be an
  /// error, not the end of the work.
  static func prepare() {
    for number in [SIGXFSZ, SIGPIPE] { ignore(number) }
  }

  /// Takes the signals over for work that ends well when asked.
  static func watch() {
    // What the handler uses is made here: in a handler nothing may be allocated.
    _ = (isRequested, status, Terminal.isLive)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      handle(number) { Interrupts.received($0) }
      sigaddset(&signals, number)
    }
    // A parent that blocks them hands that on.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func received(_ number: Int32) {
    signal.store(Int(number), ordering: .relaxed)
    if count.add(1, ordering: .relaxed).newValue > 1 { _exit(128 + number) }
    let text: StaticString =
      Terminal.isLive
      ? "\nstopping after this update; once more to stop at once\n"
      : "stopping after this update; once more to stop at once\n"
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  private static func handle(_ number: Int32, _ action: @escaping @convention(c) (Int32) -> Void) {
    #if canImport(Glibc)
      _ = Glibc.signal(number, action)
    #elseif canImport(Musl)
      _ = Musl.signal(number, action)
    #else
      _ = Darwin.signal(number, action)
    #endif
  }

  private static func ignore(_ number: Int32) {
    #if canImport(Glibc)
      _ = Glibc.signal(number, SIG_IGN)
    #elseif canImport(Musl)
      _ = Musl.signal(number, SIG_IGN)
    #else
      _ = Darwin.signal(number, SIG_IGN)
    #endif
  }
}
