internal import ArgumentParser
internal import OuterloopPlatform
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop resume`: continues a study.
struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Resume a study, or give it a larger budget.",
    discussion: """
      The store knows the command. Budgets are totals: after 20 trials, `--trials 50` runs 30 more, \
      and so does `--more 30`. Waiting trials are run in any case. Options that are not given \
      keep their values; a command after -- replaces the old one \
      from now on, in this folder. JSON keys: those of `outerloop tune`.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup var start: StudyStart

  @OptionGroup(title: "Study")
  var known: InitialConfigurationOptions

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func run() async throws {
    let found = try await choice.find()
    // A program that cannot be run leaves the study unchanged.
    let stored = try start.program(of: found)
    if !known.add.isEmpty {
      let count = try await found.store.summary(of: found.id).trials
      let all = try ConfigurationArguments.of(known.add, in: found.specification, from: count)
      _ = try await ConfigurationArguments.enqueue(all, in: found)
    }
    try await start.resume(found, with: stored, conversation)
  }
}

/// `outerloop worker`: works on a running study.
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run trials of a study alongside the process that started it.",
    discussion: """
      Any number of workers may run at the same time on one store; each runs one trial at a time \
      unless --parallel or --gpus say more. A worker ends when the study has nothing left to do. On \
      SIGTERM it stops its trials, which continue from their checkpoints on the next free worker. \
      `outerloop launch` starts workers on Slurm, Ray and Kubernetes. JSON keys: those of `outerloop \
      tune`.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Program")
  var options: RunOptions

  @Option(
    help: ArgumentHelp(
      "The folder to run the program in. Default: the one in which the study was started.",
      valueName: "folder"))
  var directory: String?

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func run() async throws {
    let found = try await choice.find()
    var stored = try found.program()
    // Parallelism and devices depend on the machine.
    (stored.parallel, stored.gpus, stored.gpusPerTrial, stored.cpus) = (1, nil, nil, nil)
    stored = try stored.changed(by: options)
    if let directory { stored.program.directory = try Self.folder(directory) }
    try stored.program.checkExecutable(for: found.specification.space)
    var progress = Progress(conversation)
    progress.say(try await Tune.opening(found, stored))
    try await StudyRun(
      found: found, stored: stored, conversation: conversation,
      again: "outerloop worker\(found.naming)"
    ).perform()
  }
}

extension WorkerCommand {
  private static func folder(_ path: String) throws -> String {
    guard let folder = CLibrary.realPath(path) else {
      throw CommandError(
        "--directory: there is no folder \(path)", hint: "name the one with the program", status: 64
      )
    }
    return folder
  }
}

extension StudyChoice.Found {
  /// The program of the study.
  func program() throws -> StoredProgram {
    guard let stored = try StoredProgram.of(specification) else {
      throw CommandError(
        "study `\(name)` has no program: it was begun with ask, or imported",
        hint: "give it one: outerloop resume\(place.naming(name)) -- COMMAND; or go on by "
          + "outerloop ask\(place.naming(name))")
    }
    return stored
  }
}
