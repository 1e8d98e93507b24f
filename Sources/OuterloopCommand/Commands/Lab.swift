internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopText
internal import Synchronization

/// The command of an experiment: its options are the experiment's settings.
protocol ExperimentCommand: ParsableCommand {
  associatedtype Work: Experiment
}

/// `outerloop lab`: the experiments.
struct Lab: ParsableCommand {
  /// All there are, as they are listed.
  static let experiments: [any ExperimentCommand.Type] = [
    LabEstimators.self, LabSinusoid.self, LabNoisyLabels.self, LabLearningCurves.self,
  ]

  static let configuration = CommandConfiguration(
    abstract: "Run the experiments: published tables and comparisons of methods.",
    discussion: """
      Every experiment is one command; without arguments it runs as it was published. It prints a \
      table and leaves result.json, result.md and its pictures in --out. Experiments with seeds \
      store each run there when it is done: the same command again, after a kill too, goes on \
      with those that are missing.

      JSON keys: experiment, claim, settings, seconds, tables (title, columns, rows of label and \
      values), notes, figures (paths).
      """,
    subcommands: [LabList.self] + experiments,
    defaultSubcommand: LabList.self)
}

/// `outerloop lab list`
struct LabList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the experiments and what they show.")

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  private struct Entry: Encodable {
    var name, claim: String

    init<Command: ExperimentCommand>(_: Command.Type) {
      (name, claim) = (Command.Work.name, Command.Work.claim)
    }
  }

  func run() throws {
    let entries = Lab.experiments.map { Entry($0) }
    if conversation.json { return try Terminal.print(JSONText.of(entries)) }
    try Terminal.print(
      entries.map { "\($0.name)\n  \($0.claim)" }.joined(separator: "\n\n"))
  }
}

/// What the commands of all experiments share.
struct LabOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder for results and pictures; outerloop-lab/NAME by default.", valueName: "folder"))
  var out: String?

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  func validate() throws {
    if out?.isEmpty ?? false { throw ValidationError("--out is empty") }
  }

  /// Runs an experiment, stores what it found and prints it.
  /// - Parameter restart: whether runs that are done are forgotten first.
  func perform<E: Experiment>(_ experiment: E, restart: Bool = false) throws {
    let progress = Mutex(Progress(conversation))
    try experiment.validate()
    let folder = try ExperimentFolder(out ?? "outerloop-lab/\(E.name)")
    if restart { try folder.forgetRuns() }
    Interrupts.watch()
    let start = ContinuousClock.now
    progress.withLock { $0.begin(at: 0) }
    let report: ExperimentReport
    do {
      report = try experiment.run(
        ExperimentObserver(
          folder: folder,
          onProgress: { done, total, detail in
            progress.withLock { $0.update(done, of: total, detail: detail) }
          },
          shouldStop: { Interrupts.isRequested }))
    } catch is ExperimentObserver.Stopped {
      progress.withLock { $0.clear() }
      throw Complaint(
        "stopped; runs that were done by then are stored in \(folder.path)",
        hint: "go on with: \(CommandText.again)", status: Interrupts.status)
    }
    progress.withLock { $0.clear() }
    let seconds = start.duration(to: .now) / .seconds(1)
    if folder.takenRuns > 0 {
      let hint = "(--restart to run them again)"
      progress.withLock {
        $0.say("\(folder.takenRuns) runs were done and stored in \(folder.path) before \(hint)")
      }
    }
    let record = try folder.store(report, of: experiment, seconds: seconds)
    if conversation.json { return try Terminal.print(JSONText.of(record)) }
    try Terminal.print(report.text)
    progress.withLock { $0.say("\(folder.path) holds result.json, result.md and the pictures") }
  }
}
