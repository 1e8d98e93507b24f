internal import OuterloopPlatform
internal import OuterloopStudy
internal import OuterloopText
internal import Synchronization

/// The two streams of a command: data on standard output, messages on standard error.
///
/// Control characters in names, messages and logs never reach a terminal: they are shown as JSON
/// escapes, `\u001b`. Data that goes to a file or another program stays as it is.
enum Terminal {
  private static let quiet = Atomic<Bool>(false)

  /// Whether only errors are printed.
  static var isQuiet: Bool { quiet.load(ordering: .relaxed) }

  static func silence() { quiet.store(true, ordering: .relaxed) }

  /// Opens a placeholder for closed standard streams: otherwise the next file that is opened,
  /// perhaps a store, would get the descriptor, and messages would be written into it. Writing
  /// still fails.
  static func occupyClosedStreams() {
    while true {
      let file = open("/dev/null", O_RDONLY)
      guard (0...STDERR_FILENO).contains(file) else {
        close(file)
        return
      }
    }
  }

  /// Writes data and a line break.
  /// - Throws: `CommandError` if it cannot be written, as on a full disk.
  static func print(_ text: String) throws { try printPart(text + "\n") }

  /// Writes data without a line break.
  static func printPart(_ text: String) throws {
    try printPart(isShown ? Array(text.visibleLines.utf8) : Array(text.utf8))
  }

  /// Writes bytes as they are; the caller makes sure that a terminal may show them.
  static func printPart(_ bytes: [UInt8]) throws {
    guard CLibrary.writeAll(bytes[...], to: STDOUT_FILENO) else {
      // The reader, such as `| head -1`, has enough.
      if errno == EPIPE { return }
      throw CommandError(
        "standard output: \(String(cString: strerror(errno)))",
        hint:
          "the work itself is done; `outerloop best` shows what a study found, other commands can "
          + "be run again")
    }
  }

  /// Writes a message; a closed stream is not an error.
  static func say(_ text: String) {
    guard !isQuiet else { return }
    _ = CLibrary.writeAll(Array((text.visibleLines + "\n").utf8)[...], to: STDERR_FILENO)
  }

  /// Writes a message over a line of progress that somebody else may be showing.
  static func sayOverProgress(_ text: String) {
    if isLive { rewriteLine("", over: max(0, width - 1)) }
    say(text)
  }

  /// Writes an error, even in quiet mode.
  static func report(_ failure: CommandError) {
    _ = CLibrary.writeAll(
      Array((failure.text(color: hasColor) + "\n").utf8)[...], to: STDERR_FILENO)
  }

  /// Replaces the current line, `width` characters wide, by `text`.
  static func rewriteLine(_ text: String, over width: Int) {
    guard !isQuiet else { return }
    let padding = String(repeating: " ", count: max(0, width - text.count))
    _ = CLibrary.writeAll(
      Array("\r\(text)\(padding)\(text.isEmpty ? "\r" : "")".utf8)[...], to: STDERR_FILENO)
  }

  /// Whether standard output is a terminal.
  static let isShown = isatty(STDOUT_FILENO) == 1

  /// Whether standard error is a terminal that can rewrite a line.
  static let isLive = isatty(STDERR_FILENO) == 1 && CLibrary.environment("TERM") != "dumb"

  /// Whether to use colour on standard error.
  static let hasColor = isLive && (CLibrary.environment("NO_COLOR") ?? "").isEmpty

  /// The size of the terminal of standard output, 80 by 24 if unknown.
  static var shownWidth: Int { size(of: STDOUT_FILENO).map { Int($0.ws_col) } ?? 80 }
  static var shownHeight: Int { size(of: STDOUT_FILENO).map { Int($0.ws_row) } ?? 24 }

  private static func size(of file: Int32) -> winsize? {
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    return size
  }

  /// The width of the terminal, 80 if unknown.
  static var width: Int {
    size(of: STDERR_FILENO).map { Int($0.ws_col) } ?? 80
  }

  /// Whether the variable holds bytes that are not valid UTF-8, which decoding would change.
  static func isUnreadable(_ name: String) -> Bool {
    getenv(name).map { String(validatingCString: $0) == nil } ?? false
  }
}
