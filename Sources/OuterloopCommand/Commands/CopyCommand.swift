internal import ArgumentParser
internal import OuterloopFoundation
internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop copy`
struct CopyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy", abstract: "Copy studies from one store to another.",
    discussion: """
      A study is copied with all that happened in it, to the event and its time, and goes on there as it \
      would have here: from a file to a server, back, or under another name. So are its trials' files, \
      logs and checkpoints. Trials that run at that moment go on there from their last checkpoints. \
      Nothing is replaced, and the study here stays. JSON: an array of objects with the keys study, \
      name (there), trials, events, running, folder (of its trials' files there; null if none were copied).

      outerloop copy runs.db postgres://me@db.example/runs
      """)

  @Argument(help: ArgumentHelp("The store to copy from.", valueName: "from"))
  var from: String

  @Argument(
    help: ArgumentHelp("The store to copy to; made if there is none.", valueName: "to"))
  var to: String

  @Option(
    help: ArgumentHelp("Only this study. Repeat for more. Default: all.", valueName: "name"))
  var study: [String] = []

  @Option(help: ArgumentHelp("The name of the study there. Default: the same.", valueName: "name"))
  var name: String?

  @Flag(help: "Leave the trials' files where they are.")
  var withoutFiles = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study, name: String
    var trials, events, running: Int
    @OrNull var folder: String?
  }

  func validate() throws {
    try Self.place(from).validate()
    try Self.place(to).validate()
    if let name, name.isEmpty { throw ValidationError("--name is empty") }
  }

  private static func place(_ text: String) -> StoreOptions {
    var place = StoreOptions()
    place.store = text
    return place
  }

  func run() async throws {
    let (source, target) = (Self.place(from), Self.place(to))
    let store = try source.open(.read)
    let found = try await studies(of: store, source)
    guard !found.isEmpty else {
      throw CommandError("the store \(source.name) has no study", hint: "name another store")
    }
    if name != nil, found.count > 1 {
      throw CommandError(
        "--name is about one study, and \(found.count) would be copied",
        hint: "say which: --study NAME", status: 64)
    }
    let other = try target.open(.create)
    // All are checked before the first one is copied.
    for (_, specification) in found {
      let name = name ?? specification.name
      guard try await other.study(named: name) == nil else {
        throw CommandError(
          "the store \(target.name) has a study `\(name)` already",
          hint:
            "give the copy another name: --study \(CommandText.quoted(specification.name)) --name "
            + "NAME; or remove that one: outerloop delete\(target.naming(name)) --yes")
      }
      _ = try files(of: specification, source, target)
    }
    var records: [Record] = []
    for (id, specification) in found {
      let record = try await copy(id, specification, store, other, source, target)
      records.append(record)
      guard !output.json else { continue }
      let count = NumberText.count(record.trials, "trial")
      try Terminal.print("study \(record.name.visible) with \(count)")
      if let folder = record.folder { Terminal.say("its files are in \(folder)") }
      if record.running > 0 {
        Terminal.say(
          "note: \(NumberText.count(record.running, "trial")) of \(record.study) run; what they do from now on "
            + "is in \(source.name) alone")
      }
    }
    if output.json { return try Terminal.print(JSONText.of(records)) }
    let last = records[records.count - 1].name
    Terminal.say("\nnext: outerloop resume\(target.naming(last))")
  }

  private func studies(
    of store: any StudyStore, _ place: StoreOptions
  ) async throws -> [(StudyID, StudySpecification)] {
    var found: [(StudyID, StudySpecification)] = []
    for id in try await store.studies() {
      found.append((id, try await store.specification(of: id)))
    }
    let names = found.map(\.1.name)
    for wanted in study where !names.contains(wanted) {
      throw CommandError(
        "the store \(place.name) has no study `\(wanted)`",
        hint: Spelling.remedy(for: wanted, among: names, called: "studies"))
    }
    return study.isEmpty ? found : found.filter { study.contains($0.1.name) }
  }

  private func copy(
    _ id: StudyID, _ known: StudySpecification, _ store: any StudyStore,
    _ other: any RestoringStore, _ source: StoreOptions, _ target: StoreOptions
  ) async throws -> Record {
    var study = try await StudyCopy(id, of: store)
    study.specification.name = name ?? known.name
    let folders = try files(of: known, source, target)
    // A name that no study's folder has: `study.part` may be the name of one.
    let part = folders.map { "\($0.to).\(UUID().uuidString)" }
    if let folders, let part { try Self.copyFolder(folders.from, to: part) }
    do {
      let made = try await other.restore(study.specification, events: study.events)
      let record = Record(
        study: known.name, name: study.specification.name,
        trials: try await other.summary(of: made).trials, events: study.events.count,
        running: study.runningTrials, folder: folders?.to)
      if let folders, let part {
        try FileManager.default.moveItem(atPath: part, toPath: folders.to)
      }
      return record
    } catch {
      if let part { try? FileManager.default.removeItem(atPath: part) }
      throw error
    }
  }

  /// The source and target folders of a study's files; nil if there is nothing to copy.
  ///
  /// - Throws: `CommandError` if the target exists.
  private func files(
    of specification: StudySpecification, _ source: StoreOptions, _ target: StoreOptions
  ) throws -> (from: String, to: String)? {
    var named = specification
    named.name = name ?? specification.name
    let here = source.folders(of: specification).path
    let there = target.folders(of: named).path
    let files = FileManager.default
    guard !withoutFiles, here != there, files.fileExists(atPath: here) else { return nil }
    guard !files.fileExists(atPath: there) else {
      throw CommandError(
        "\(there): the folder for the trials' files is there already",
        hint: "move it away, or add --without-files")
    }
    return (here, there)
  }

  private static func copyFolder(_ folder: String, to place: String) throws {
    let files = FileManager.default
    do {
      let parent = URL(fileURLWithPath: place).deletingLastPathComponent().path
      try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
      try files.copyItem(atPath: folder, toPath: place)
    } catch {
      try? files.removeItem(atPath: place)
      throw CommandError(
        "\(folder): the trials' files cannot be copied to \(place)",
        hint: "make room there, or add --without-files")
    }
  }
}
