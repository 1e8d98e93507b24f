internal import ArgumentParser
internal import OuterloopText

/// The command line: parses, calls one library function, prints.
@main
struct Outerloop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outerloop",
    abstract: "Tune hyperparameters, by search and by gradient.",
    discussion: """
      By search: `outerloop tune --param 'lr=log(1e-5, 1e-1)' --minimize loss -- python train.py \
      --lr {lr}` runs a program again and again; at its end it prints {"loss": 0.31}.

      By gradient: `outerloop clean` finds wrong labels in your data, `outerloop lab` runs published \
      experiments.

      `outerloop demo` shows both on bundled digits in a few seconds, and draws what happened.

      Results go to standard output, as JSON with --json; everything else goes to standard error. Exit \
      status: 0 done, 1 the work failed, 64 wrong usage, 130 interrupted.

      OUTERLOOP_THREADS sets the number of threads; results do not depend on it. \
      `--version --verbose` shows what the command runs on.
      """,
    version: "outerloop \(Version.number)",
    subcommands: [Demo.self, Version.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Search",
        subcommands: [
          Tune.self, Resume.self, Pause.self, Retry.self, Extend.self, Add.self, Hint.self,
          WorkerCommand.self, Launch.self,
          Ask.self,
          Tell.self, Serve.self,
        ]),
      CommandGroup(
        name: "Studies",
        subcommands: [
          Studies.self, TrialsCommand.self, Best.self, Front.self, CurveCommand.self,
          Importance.self, Predict.self,
          LogCommand.self, Watch.self, DashboardCommand.self,
          Plot.self, ReportCommand.self, Export.self, Import.self, CopyCommand.self, Delete.self,
        ]),
      CommandGroup(
        name: "Gradient", subcommands: [Clean.self, Lab.self, DataCommand.self]),
    ])

  static func main() async {
    Terminal.occupyClosedStreams()
    Interrupts.prepare()
    do {
      try CommandText.requireText()
      CommandText.hidePasswords()
      var command = try parseAsRoot(words)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      CommandError.exit(for: error)
    }
  }

  /// The arguments; `--version` with something beside it is the subcommand of that name.
  private static var words: [String] {
    let words = CommandText.arguments
    let beside = words.filter { $0 != "--version" }
    let isVersion = beside.count < words.count && beside.allSatisfy { $0.hasPrefix("-") }
    return isVersion && !beside.isEmpty ? ["version"] + beside : words
  }
}
