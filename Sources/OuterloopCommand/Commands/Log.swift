internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop log`
struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Print or follow what the program of a trial printed.",
    discussion: """
      Everything but its reports, standard error included. To a terminal control characters are shown \
      as \\u001b; a file or another program gets the log as it is. JSON keys: study, trial, state, log \
      (path, null if nothing was printed), text.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(parsing: .unconditional, help: ArgumentHelp("The trial's number.", valueName: "n"))
  var trial: Int

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Only its last n lines.", valueName: "n"))
  var last: Int?

  @Flag(
    name: .shortAndLong, help: "Keep printing until the trial has ended.")
  var follow = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study: String
    var trial: Int
    var state: String
    @OrNull var log: String?
    var text: String
  }

  func validate() throws {
    if trial < 0 { throw ValidationError("--trial \(trial) is below 0") }
    if let last, last < 1 { throw ValidationError("--last \(last) is below 1") }
    if follow, output.json {
      throw ValidationError("--follow prints text as it comes; leave --json out")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let path = found.folders.log(ofTrial: trial)
    let state = try await found.trial(trial).state
    if output.json { return try printJSON(found, LogFile(path), state) }
    var printer = LogPrinter()
    var place = 0
    if let last, let file = LogFile(path) {
      place = file.size
      try printer.print(Array((file.end(lines: last) + "\n").utf8))
    }
    guard follow else {
      guard let file = LogFile(path) else {
        return Terminal.say("trial \(trial), which is \(state.name), has printed nothing")
      }
      try printer.printRest(of: file, after: &place)
      return try printer.finish()
    }
    try await follow(path, found, &printer, &place)
  }

  private func printJSON(
    _ found: StudyChoice.Found, _ file: LogFile?, _ state: TrialState
  ) throws {
    var text = ""
    if let file {
      if let last {
        text = try file.end(lines: last)
      } else {
        text = String(decoding: try file.bytes(after: 0, limit: max(1, file.size)), as: UTF8.self)
      }
    }
    try Terminal.print(
      JSONText.of(
        Record(
          study: found.name, trial: trial, state: state.name, log: file?.path, text: text)))
  }

  /// Follows the log until the trial has ended and everything is printed. Waits for a trial that will
  /// run again, but not for one whose worker is lost.
  private func follow(
    _ path: String, _ found: StudyChoice.Found, _ printer: inout LogPrinter, _ place: inout Int
  ) async throws {
    while true {
      // Read before the last read of the file, so that output in between is printed too.
      let state = try await found.trial(trial).state
      let isStale = try await StaleTrials.of(found).contains(trial)
      if let file = LogFile(path) {
        // The file was restarted.
        if file.size < place { place = 0 }
        try printer.printRest(of: file, after: &place)
      }
      if state.isFinished || isStale {
        try printer.finish()
        return Terminal.say(
          "trial \(trial) is \(isStale ? "stale: its worker is lost" : state.name)")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }
}

/// Prints a log: as it is to a file or program, to a terminal without control characters, except line
/// breaks, tabs, and carriage returns, with which programs show progress.
struct LogPrinter {
  /// The first bytes of an incomplete character.
  private var rest: [UInt8] = []

  mutating func printRest(of file: LogFile, after place: inout Int) throws {
    while case let bytes = try file.bytes(after: place), !bytes.isEmpty {
      place += bytes.count
      try print(bytes)
    }
  }

  mutating func print(_ bytes: [UInt8]) throws {
    guard Terminal.isShown else { return try Terminal.printPart(bytes) }
    let all = rest + bytes
    let whole = all.count - Self.unfinished(all)
    rest = Array(all[whole...])
    try show(all[..<whole])
  }

  mutating func finish() throws {
    try show(rest[...])
    rest = []
  }

  private func show(_ bytes: ArraySlice<UInt8>) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    try Terminal.printPart(Array(text.escaped(sparing: ["\n", "\t", "\r"]).utf8))
  }

  /// The number of bytes of an incomplete character at the end.
  static func unfinished(_ bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let byte = bytes[bytes.count - count]
      if byte & 0xc0 == 0x80 { continue }
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return length > count ? count : 0
    }
    return 0
  }
}
