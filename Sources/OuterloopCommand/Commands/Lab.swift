internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopText

/// `outerloop lab`: the experiments.
struct Lab: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the experiments: published tables and comparisons of methods.",
    discussion: """
      Every experiment is one command; without arguments it runs as it was published, with --quick \
      in seconds. It prints its tables, checks its numbers against known results, and leaves \
      result.json, result.md and its pictures in --out. Each run is stored there when it is done: \
      the same command again, after a kill too, runs those that are missing. `lab report` \
      makes a web site of them all.

      JSON keys: experiment, question, command, key (of the settings), settings, seconds, tables \
      (title, columns, rows of label and values), claims (statement, basis, expected, lower, upper, \
      measured, check), notes, figures (paths), captions.
      """,
    subcommands: [LabList.self, LabReport.self] + Laboratory.all.map { command($0) },
    defaultSubcommand: LabList.self)

  private static func command<Work: Experiment>(_: Work.Type) -> any ParsableCommand.Type {
    ExperimentCommand<Work>.self
  }
}

/// `outerloop lab list`
struct LabList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the experiments and what they ask.")

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  private struct Entry: Encodable {
    var name, question: String
  }

  func run() throws {
    let entries = Laboratory.all.map { Entry(name: $0.name, question: $0.about.question) }
    if conversation.json { return try Terminal.print(JSONText.of(entries)) }
    try Terminal.print(
      entries.map { "\($0.name)\n  \($0.question)" }.joined(separator: "\n\n"))
  }
}
