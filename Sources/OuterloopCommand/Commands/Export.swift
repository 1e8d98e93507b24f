internal import ArgumentParser
internal import OuterloopFiles
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import OuterloopTuning

/// `outerloop export`
struct Export: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the trials of a study as CSV, JSON or an Optuna database, or its results.",
    discussion: """
      csv: a line for each trial, with number, state, reason, value.METRIC for each objective and \
      each other metric (results, else what was reported last), param.NAME for each parameter \
      (empty where inactive), epoch, through, checkpoint, attempts, \
      worker, created, started, ended, message. jsonl: a JSON object for each trial, those of \
      `outerloop trials --json` with reports (epoch, values, seconds) and runs (worker, started, \
      ended, reason). json: one object with study, seed, sampler, objectives, space (as in a space \
      file) and trials (as in jsonl). optuna: a SQLite file that Optuna and its dashboard open. \
      results: a folder with study.json, best.json (front.json of several objectives), checkpoints, \
      trajectory.csv, log.csv and plots, as by `outerloop tune --output`; files unchanged since they \
      were written are replaced, all others stay; the paths are printed. An error leaves --out as \
      it was. Stores and other databases are never replaced, except an \
      earlier export by --format optuna.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case csv, jsonl, json, optuna, results
  }

  @Option(help: ArgumentHelp("The format.", valueName: "format"))
  var format = Format.csv

  @Option(
    help: ArgumentHelp("The file or folder to write. Default: standard output.", valueName: "file"))
  var out: String?

  @OptionGroup var replacement: ReplacementOption

  @OptionGroup var quiet: QuietOption

  struct Record: Encodable {
    var study: String
    var seed: UInt64
    var sampler: ComponentDescription
    var objectives: [Objective]
    var space: SearchSpace
    var trials: [TrialRecord]
  }

  func validate() throws {
    if format == .optuna, out == nil {
      throw ValidationError("--format optuna writes a database: name it by --out")
    }
    if format == .results, out == nil {
      throw ValidationError("--format results writes a folder: name it by --out")
    }
    if format == .results, replacement.force {
      throw ValidationError("--force is for files; in a folder of results nothing else is replaced")
    }
    if out?.isEmpty ?? false { throw ValidationError("--out is empty") }
  }

  func run() async throws {
    // Checked before the store is opened, since opening it determines what may be replaced.
    if format == .optuna, let out {
      try OptunaFile.checkTarget(out, replacesFile: replacement.force)
      let found = try await choice.find(.read)
      return try await OptunaFile.write(
        found.id, of: found.store, to: out, replacesFile: replacement.force)
    }
    if format == .results, let out {
      let found = try await choice.find(.read)
      let folder = try ResultsFolder(out, of: found.specification)
      let contents = try await found.write(folder)
      let copies = contents.checkpoints.sorted { $0.key < $1.key }.map(\.value)
      return try Terminal.print(
        (contents.files + copies).map { "\(out)/\($0)" }.joined(separator: "\n"))
    }
    guard let out, !OutputFile.isStandardOutput(out) else {
      return try await write(choice.find(.read)) { try Terminal.printPart($0) }
    }
    let file = try OutputFile(out, replacing: replacement.files)
    try await write(choice.find(.read)) { try file.write($0) }
    try file.commit()
  }

  private func write(_ found: StudyChoice.Found, to sink: (String) throws -> Void) async throws {
    let lines: TrialFormat? =
      switch format {
      case .csv: .csv
      case .jsonl: .jsonLines
      case .json, .optuna, .results: nil
      }
    if let lines { return try await found.store.export(found.id, as: lines, to: sink) }
    let specification = found.specification
    let trials = try await found.trials(TrialQuery(reports: true))
    try sink(
      JSONText.of(
        Record(
          study: found.name, seed: specification.seed, sampler: specification.method.sampler,
          objectives: specification.objectives, space: specification.space,
          trials: trials.map { TrialRecord($0, specification, isWhole: true) })) + "\n")
  }
}
