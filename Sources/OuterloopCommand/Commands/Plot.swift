public import ArgumentParser
public import OuterloopCharts
internal import OuterloopFiles
internal import OuterloopFoundation
internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop plot`
struct Plot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plot a study, as SVG files.",
    discussion: """
      \(StudyPlot.all.map { "\($0.name): \($0.summary)." }.joined(separator: " "))

      Without a kind, all that apply are drawn. With several objectives, \
      \(StudyPlot.ofOneObjective.joined(separator: ", ")) are drawn for each of them, into files such \
      as slices-loss.svg. The study may be \
      running. Plots that are unchanged since they were drawn are replaced; any other \
      file of that name is kept unless --force is given. The paths are printed. JSON keys: study, \
      folder, files (kind, objective, path).
      """)

  @Argument(help: ArgumentHelp("What to draw.", valueName: "kind"))
  var kinds: [StudyPlot] = []

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(
    help: ArgumentHelp(
      "Only this objective. Repeat for more. Default: all.", valueName: "metric"))
  var objective: [String] = []

  @Option(
    help: ArgumentHelp(
      "Another study of the store to compare with, in distribution and regret. Repeat for more.",
      valueName: "name"))
  var compare: [String] = []

  @Option(
    help: ArgumentHelp(
      "The folder of the pictures. Default: outerloop-plots/STUDY.", valueName: "folder"))
  var out: String?

  @OptionGroup var replacement: ReplacementOption

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    struct File: Encodable {
      var kind: String
      /// For pictures of one objective.
      @OrNull var objective: String?
      var path: String
    }
    var study, folder: String
    var files: [File]
  }

  func validate() throws {
    if out?.isEmpty ?? false { throw ValidationError("--out is empty") }
    if !compare.isEmpty, !kinds.isEmpty, !kinds.contains(where: \.comparesStudies) {
      let able = StudyPlot.all.filter(\.comparesStudies).map(\.name).joined(separator: " or ")
      throw ValidationError("--compare is for \(able) only; add it to what is drawn")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let figures = try await Self.figures(of: found)
    var others: [StudyFigures] = []
    for name in compare {
      others.append(
        try await Self.figures(of: StudyChoice.naming(name, in: found.place).find(.read)))
    }
    guard !figures.trials.isEmpty else {
      throw CommandError(
        "study `\(found.name)` has no trial yet",
        hint: "outerloop studies lists those of the store \(found.place.name)")
    }
    // All are drawn before the first is written: an error leaves nothing behind.
    let pictures = try draw(figures, comparedWith: others)
    let folder = try write(pictures, of: found)
    let files = pictures.map {
      Record.File(
        kind: $0.name, objective: $0.objective, path: "\(folder)/\($0.fileName)")
    }
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: found.name, folder: folder, files: files))
        : files.map(\.path).joined(separator: "\n"))
  }

  private static func figures(of found: StudyChoice.Found) async throws -> StudyFigures {
    StudyFigures(try await found.store.trainingLog(of: found.id))
  }

  private func draw(
    _ figures: StudyFigures, comparedWith others: [StudyFigures]
  ) throws -> [StudyFigures.Picture] {
    let wanted = StudyPlot.all.filter { plot in
      kinds.isEmpty
        ? figures.applies(plot, to: objective) : kinds.contains { $0.name == plot.name }
    }
    do {
      return try wanted.flatMap {
        try figures.pictures($0, of: objective, comparedWith: others)
      }
    } catch let error as StudyError {
      throw CommandError(error.what, hint: error.remedy, status: 64)
    }
  }

  /// Writes the pictures and returns the folder they are in.
  private func write(
    _ pictures: [StudyFigures.Picture], of found: StudyChoice.Found
  ) throws -> String {
    // The name of the study as the folder of its trials writes it.
    let name = found.folders.path.split(separator: "/").last ?? "study"
    let folder = out ?? "outerloop-plots/\(name)"
    try OutputFile.checkFolder(folder)
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandError(
        "\(folder): the folder cannot be made", hint: "name another one with --out")
    }
    try PictureFile.write(
      pictures, into: folder, replacing: replacement.force ? .ordinaryFiles : PictureFile.own)
    return folder
  }
}

extension StudyPlot: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }

  public static var allValueStrings: [String] { all.map(\.name) }

  static var ofOneObjective: [String] { all.filter(\.isOfOneObjective).map(\.name) }
}
