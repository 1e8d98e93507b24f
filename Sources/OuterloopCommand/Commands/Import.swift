internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop import`
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Import a study from an Optuna database.",
    discussion: """
      The study is copied with all its trials and can be resumed, viewed and plotted like \
      any other, and exported to Optuna again. Differences are reported on standard error: names \
      that are not allowed here are changed, a choice None becomes the text None, constraints \
      become bounds on metrics, user attributes of trials are dropped. JSON keys: study, store, \
      trials, notes (texts).
      """)

  @Argument(help: "The SQLite file of Optuna.")
  var file: String

  @OptionGroup var place: StoreOptions

  @Option(help: ArgumentHelp("The study; needed if the file has several.", valueName: "name"))
  var study: String?

  @Option(help: ArgumentHelp("Its name here. Default: the same.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "The sampler from now on: \(SamplerKind.all.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var sampler = "auto"

  @Option(help: ArgumentHelp("Seed of all further random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study, store: String
    var trials: Int
    var notes: [String]
  }

  func run() async throws {
    let method = MethodDescription(sampler)
    _ = try SearchMethod.named(method)
    if study == nil {
      let names = try OptunaFile.studies(in: file)
      if names.count != 1 {
        throw CommandError(
          "\(file) has \(names.count) studies"
            + (names.isEmpty ? "" : ": \(names.prefix(10).joined(separator: ", "))"),
          hint: names.isEmpty ? nil : "name one of them: --study \(CommandText.quoted(names[0]))")
      }
    }
    var found = try OptunaFile.read(file, study: study, method: method, seed: seed)
    if let name { found.specification.name = name }
    let name = found.specification.name
    let store = try place.open(.create)
    if try await store.study(named: name) != nil {
      throw CommandError(
        "the store \(place.name) has a study `\(name)` already",
        hint: "give it another name here: --name NAME")
    }
    let id = try await store.restore(found.specification, events: found.events)
    let count = try await store.summary(of: id).trials
    for note in found.notes { Terminal.say("note: \(note.visible)") }
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: name, store: place.name, trials: count, notes: found.notes))
        : "study \(name.visible) with \(count) trials")
    Terminal.say("\nnext: outerloop best\(place.naming(name))")
  }
}
