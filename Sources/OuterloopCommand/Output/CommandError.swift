internal import ArgumentParser
internal import OuterloopFiles
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopPostgres
internal import OuterloopText

/// What went wrong, what to do about it, and the exit status.
struct CommandError: Error, Equatable {
  /// On one line: line breaks in names are shown as `\n`.
  var what: String
  /// Lines below it, such as the end of a log.
  var details: String?
  var hint: String?
  var status: Int32 = 1

  init(_ what: String, details: String? = nil, hint: String?, status: Int32 = 1) {
    self.what = what
    self.details = details
    self.hint = hint
    self.status = status
  }

  /// Wraps an error of the libraries.
  init(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    // The remedies here are the command's own.
    case let error as FileError where error.cause == .exists:
      self.init(error.statement, hint: "add --force to replace it, or name another file")
    case let error as LabError where error.cause == .setting:
      self.init(error.statement, hint: error.remedy, status: 64)
    case let error as any ExplainedError:
      self.init(error.statement, hint: error.remedy.isEmpty ? nil : error.remedy)
    case is CancellationError: self.init("interrupted", hint: nil, status: 130)
    default: self.init("\(error)", hint: nil)
    }
  }

  /// The text for standard error.
  func text(color: Bool) -> String {
    let mark = color ? "\u{1B}[1;31merror:\u{1B}[0m" : "error:"
    let details = details.map { "\n" + $0.visibleLines } ?? ""
    let hint = hint.map { "\n\nhint: \($0.visible)" } ?? ""
    // A message may quote the command line.
    return PostgresAddress.withoutPasswords("\(mark) \(what.visible)\(details)\(hint)")
  }

  /// Ends the process as the error asks: help and versions on standard output with status 0, wrong
  /// usage with 64, everything else with the failure's own status.
  static func exit(for error: any Error) -> Never {
    CLibrary.exitProcess(report(error))
  }

  private static func report(_ error: any Error) -> Int32 {
    // Nothing is wrong, and nothing is left to print.
    if let code = error as? ExitCode { return code.rawValue }
    if error is CommandError || !isFromParser(error) {
      let failure = CommandError(error)
      Terminal.report(failure)
      return failure.status
    }
    let code = Outerloop.exitCode(for: error)
    guard code == .success else {
      let failure = usage(error)
      Terminal.report(failure)
      return failure.status
    }
    do {
      try Terminal.print(Outerloop.fullMessage(for: error))
      return 0
    } catch { return report(error) }
  }

  private static func isFromParser(_ error: any Error) -> Bool {
    !(error is any ExplainedError || error is CancellationError)
      && Outerloop.exitCode(for: error) != .failure
  }

  /// The parser's own message, in the form of all others.
  private static func usage(_ error: any Error) -> CommandError {
    let lines = Outerloop.fullMessage(for: error).split(separator: "\n").map(String.init)
    // "  See 'outerloop clean --help' for more information." names the command concerned.
    let command = lines.last.flatMap { line -> String? in
      let parts = line.split(separator: "'")
      return parts.count == 3 ? String(parts[1]) : nil
    }
    // Arguments that the parser quotes stay on one line.
    let message = CommandLine.arguments.reduce(Outerloop.message(for: error)) { text, word in
      word == word.visible ? text : text.replacing(word, with: word.visible)
    }
    if let failure = unknownCommand { return failure }
    if let failure = otherSpace(message) ?? negativeNumber(message) { return failure }
    let form = forms.first { message.hasPrefix("The value") && message.hasSuffix("\($0.place)'") }
    let advice = [form?.advice, command ?? "outerloop --help"].compactMap(\.self)
    // Lists of choices may be on lines of their own.
    let parts = message.split(separator: "\n", maxSplits: 1).map(String.init)
    return CommandError(
      parts.first ?? "", details: parts.dropFirst().first, hint: advice.joined(separator: "; see "),
      status: 64)
  }

  /// How values are written, by the name that the help uses.
  private static let forms: [(place: String, advice: String)] = [
    ("<time>", "write a time as 90s, 10m or 1h30m"), ("<size>", "write an amount as 500MB or 4GB"),
    ("<n|size>", "write a number of trials, an amount as 20GB, or all"),
    ("<n>", "write a whole number from 0 on"), ("<k>", "write a whole number from 0 on"),
  ]

  /// Options of a new study that were given for an existing one.
  private static func otherSpace(_ message: String) -> CommandError? {
    guard ["resume", "worker", "retry"].contains(CommandText.arguments.first),
      let option = ["--param", "--space", "--fix", "--drop", "--forbid"].first(where: {
        message.hasPrefix("Unknown option '\($0)'")
      })
    else { return nil }
    return CommandError(
      "\(option) belongs to a new study: one that is there keeps its parameters",
      hint:
        "to widen a range: outerloop extend --param 'NAME=...'; for another space: outerloop tune "
        + "--study NAME", status: 64)
  }

  /// An option followed by a negative number, which the parser reads as an option too.
  private static func negativeNumber(_ message: String) -> CommandError? {
    let words = CommandText.arguments
    guard message.hasPrefix("Missing value for '--"),
      let option = message.split(separator: "'").dropFirst().first?.split(separator: " ").first,
      let place = words.firstIndex(of: String(option)), place + 1 < words.count,
      Double(words[place + 1]) != nil
    else { return nil }
    return CommandError(message, hint: "write \(option)=\(words[place + 1])", status: 64)
  }

  /// The parser reads an unknown command as an unexpected argument.
  private static var unknownCommand: CommandError? {
    let names = Outerloop.configuration.subcommands.map { $0._commandName }
    guard let word = CommandText.arguments.first, !word.hasPrefix("-"),
      !names.contains(word), word != "help"
    else { return nil }
    let near = Spelling.nearest(to: word, among: names)
    return CommandError(
      "there is no command `\(word)`",
      hint: near.map { "did you mean outerloop \($0)?" } ?? "outerloop --help", status: 64)
  }
}
