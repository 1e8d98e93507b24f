internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopStudy
internal import OuterloopText

/// How much a command prints while it works.
struct VerbosityOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON object instead of text.")
  var json = false

  @Flag(name: .customLong("no-progress"), help: "Do not report progress.")
  var isProgressHidden = false

  @OptionGroup var quiet: QuietOption
}

/// The output format of a command.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON instead of text.")
  var json = false

  @OptionGroup var quiet: QuietOption
}

/// For every command: whether only results and errors are printed.
struct QuietOption: ParsableArguments {
  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Say nothing but errors.")
  var isQuiet = false

  /// Takes effect immediately, for all messages.
  func validate() { if isQuiet { Terminal.silence() } }
}

/// Progress on standard error: one line that is rewritten on a terminal, otherwise a line from time
/// to time.
struct Progress {
  let isShown: Bool
  let isLive: Bool
  private var start = ContinuousClock.now
  private var first = 0
  private var lastLine: ContinuousClock.Instant?
  private var width = 0

  /// The time between two permanent lines; longer in work that takes hours.
  private var pause: Duration { max(.seconds(10), start.duration(to: .now) / 40) }
  /// The time between two updates of a rewritten line.
  private static let livePause = Duration.milliseconds(50)

  init(_ options: VerbosityOptions) {
    isShown = !Terminal.isQuiet && !options.isProgressHidden
    isLive = Terminal.isLive
  }

  /// Prints a permanent line.
  mutating func say(_ text: String) {
    clear()
    Terminal.say(text)
  }

  /// Starts the clock of the estimate, after `updates` updates.
  mutating func begin(at updates: Int) {
    start = .now
    first = updates
    lastLine = nil
  }

  /// Whether it is time for another line.
  var isDue: Bool {
    guard let lastLine else { return true }
    return lastLine.duration(to: .now) >= (isLive ? Self.livePause : pause)
  }

  /// Shows that `done` of `total` are done.
  mutating func update(_ done: Int, of total: Int, detail: String) {
    guard isShown, isDue || done == total else { return }
    let now = ContinuousClock.now
    var text = "update \(done)/\(total)"
    if !detail.isEmpty { text += "  \(detail)" }
    if done > first && done < total {
      let seconds = start.duration(to: now) / .seconds(1)
      let left = seconds / Double(done - first) * Double(total - done)
      text += "  eta \(Self.time(left))"
    }
    show(text)
  }

  /// Prints a temporary line on a terminal; elsewhere a permanent one.
  mutating func show(_ text: String) {
    guard isShown else { return }
    lastLine = .now
    let text = text.visible
    guard isLive else { return Terminal.say(text) }
    let fitting = String(text.prefix(max(10, Terminal.width - 1)))
    Terminal.rewriteLine(fitting, over: width)
    width = fitting.count
  }

  /// Removes the temporary line.
  mutating func clear() {
    guard width > 0 else { return }
    Terminal.rewriteLine("", over: width)
    width = 0
  }

  /// A measured duration: `0.4s`; from a few seconds on like `time`.
  static func lapse(_ seconds: Double) -> String {
    seconds < 9.95 ? NumberText.fixed(seconds, digits: 1) + "s" : time(seconds)
  }

  /// A duration as `12s`, `3m12s` or `2h05m`.
  static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "very long" }
    let whole = Int(seconds.rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return "\(whole / 60)m\(two(whole % 60))s" }
    return "\(whole / 3600)h\(two(whole % 3600 / 60))m"
  }
}
