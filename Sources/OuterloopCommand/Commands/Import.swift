internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy

/// `outerloop import`
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take a study out of a database of Optuna.",
    discussion: """
      The study is copied with all its trials and can be searched further, looked at and drawn like \
      any other. Parameters that only some trials have are inactive in the others. Constraints and \
      foreign attributes are left behind. JSON keys: study, store, trials.
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
      "How its search goes on: \(SearchMethod.names.joined(separator: ", ")).", valueName: "name"))
  var sampler = "tpe"

  @Option(help: ArgumentHelp("Names all random choices to come.", valueName: "n"))
  var seed: UInt64 = 0

  @Flag(help: "Print JSON instead of text.")
  var json = false

  struct Record: Encodable {
    var study, store: String
    var trials: Int
  }

  func run() async throws {
    let method = MethodDescription(sampler)
    _ = try SearchMethod.named(method)
    if study == nil {
      let names = try OptunaFile.studies(in: file)
      if names.count != 1 {
        throw Complaint(
          "\(file) has \(names.count) studies"
            + (names.isEmpty ? "" : ": \(names.prefix(10).joined(separator: ", "))"),
          hint: names.isEmpty ? nil : "name one of them: --study \(CommandText.quoted(names[0]))")
      }
    }
    var (specification, events) = try OptunaFile.read(
      file, study: study, method: method, seed: seed)
    if let name { specification.name = name }
    let store = try place.open(.create)
    if try await store.study(named: specification.name) != nil {
      throw Complaint(
        "the store \(place.path) has a study `\(specification.name)` already",
        hint: "give it another name here: --name NAME")
    }
    let id = try await store.restore(specification, events: events)
    let count = try await store.summary(of: id).trials
    try Terminal.print(
      json
        ? JSONText.of(Record(study: specification.name, store: place.path, trials: count))
        : "study \(specification.name) with \(count) trials")
    Terminal.say("\nnext: outerloop best\(place.naming(specification.name))")
  }
}
