internal import ArgumentParser
internal import OuterloopCharts
internal import OuterloopDashboard
internal import OuterloopFiles
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop report`
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write a study as one HTML file, to mail or to keep.",
    discussion: """
      It has the best trial, the plots that apply, and a table of the best trials; it \
      needs no network and no other file. The study may be running. JSON keys: study, path, bytes.

      outerloop report --study digits --out digits.html
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String

  @OptionGroup var replacement: ReplacementOption

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study, path: String
    var bytes: Int
  }

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty") }
    if output.json, OutputFile.isStandardOutput(out) {
      throw ValidationError("--json and the report would both go to standard output; name a file")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let html = try await StudyReport(of: found.id, in: found.store, found.place.environment).html
    if OutputFile.isStandardOutput(out) { return try Terminal.printPart(Array(html.utf8)) }
    let file = try OutputFile(out, replacing: replacement.files)
    try file.write(html)
    try file.commit()
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: found.name, path: out, bytes: html.utf8.count)) : out)
  }
}
