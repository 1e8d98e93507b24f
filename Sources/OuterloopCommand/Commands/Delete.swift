internal import ArgumentParser
internal import OuterloopFoundation
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop delete`
struct Delete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove a study and its trials' files.",
    discussion: "JSON keys: study, trials (how many there were), folder (of their files).")

  @OptionGroup var place: StoreOptions

  @Option(help: ArgumentHelp("The study.", valueName: "name"))
  var study: String

  @Flag(help: "Confirm: what is removed cannot be restored.")
  var yes = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study: String
    var trials: Int
    var folder: String
  }

  func run() async throws {
    let choice = StudyChoice.naming(study, in: place)
    let found = try await choice.find()
    let count = try await found.store.summary(of: found.id).trials
    let folder = found.folders.path
    guard yes else {
      throw CommandError(
        "this would remove study `\(study)` with \(count) trials, and \(folder)",
        hint: "add --yes to confirm", status: 64)
    }
    try await found.store.delete(found.id)
    let files = FileManager.default
    if files.fileExists(atPath: folder) {
      do { try files.removeItem(atPath: folder) } catch {
        throw CommandError("\(folder): it cannot be removed", hint: "remove it by hand")
      }
    }
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: study, trials: count, folder: folder))
        : "removed study \(study.visible) with \(count) trials")
  }
}
