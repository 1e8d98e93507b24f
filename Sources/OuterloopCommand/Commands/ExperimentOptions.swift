internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopText
internal import Synchronization

/// The options that the commands of all experiments share.
struct ExperimentOptions: ParsableArguments {
  @Flag(help: "Small settings on bundled data, for a first look in seconds.")
  var quick = false

  @Flag(help: "Discard the runs that are stored in --out.")
  var restart = false

  @Option(
    help: ArgumentHelp(
      "Folder for results and pictures; outerloop-lab/NAME by default.", valueName: "folder"))
  var out: String?

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    if out?.isEmpty ?? false { throw ValidationError("--out is empty") }
  }

  /// Runs an experiment, stores what it found and prints it.
  func perform<Work: Experiment>(_ work: Work) throws {
    let session = LabSession(conversation)
    try work.check(session.context(nil))
    let folder = try ExperimentFolder(out ?? "outerloop-lab/\(Work.name)")
    let report = try session.run(work, in: folder, restart: restart)
    let record = try folder.store(report, of: work)
    if conversation.json { return try Terminal.print(JSONText.of(record)) }
    try Terminal.print(report.text)
    session.say("\(folder.path) holds result.json, result.md and the pictures")
  }
}

/// A run of experiments: progress on standard error, interruption, data by their names.
final class LabSession: Sendable {
  private let progress: Mutex<Progress>

  init(_ conversation: VerbosityOptions) {
    progress = Mutex(Progress(conversation))
    Interrupts.watch()
  }

  func say(_ text: String) { progress.withLock { $0.say(text) } }

  /// The context of an experiment that runs without progress output.
  func context(_ folder: ExperimentFolder?) -> ExperimentContext {
    ExperimentContext(folder: folder, load: { try DataOptions.load($0) })
  }

  /// Runs an experiment whose runs are kept in a folder.
  /// - Throws: a `CommandError` with status 130 when it was interrupted.
  func run(
    _ work: some Experiment, in folder: ExperimentFolder, restart: Bool = false
  ) throws -> ExperimentReport {
    if restart { try folder.forgetRuns() }
    progress.withLock { $0.begin(at: 0) }
    defer { progress.withLock { $0.clear() } }
    do {
      let report = try work.run(watched(folder))
      if folder.takenRuns > 0 {
        let runs = folder.takenRuns == 1 ? "1 run was" : "\(folder.takenRuns) runs were"
        say("\(runs) done and stored in \(folder.path) before (--restart to run them again)")
      }
      return report
    } catch is ExperimentContext.Stopped {
      progress.withLock { $0.clear() }
      throw CommandError(
        "stopped; runs that were done by then are stored in \(folder.path)",
        hint: "continue with: \(CommandText.again)", status: Interrupts.status)
    }
  }

  private func watched(_ folder: ExperimentFolder) -> ExperimentContext {
    ExperimentContext(
      folder: folder, load: { try DataOptions.load($0) },
      onProgress: { done, total, detail in
        self.progress.withLock { $0.update(done, of: total, detail: detail) }
      },
      shouldStop: { Interrupts.isRequested })
  }
}
