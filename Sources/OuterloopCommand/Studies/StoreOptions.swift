internal import ArgumentParser
internal import OuterloopPlatform
internal import OuterloopPostgres
internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStudy
internal import OuterloopText

/// Where studies are kept.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the studies are: a file, or postgres://USER@HOST/DATABASE. Default: OUTERLOOP_STORE, else "
        + "outerloop.db.",
      valueName: "file|url"))
  var store: String?

  func validate() throws {
    if store?.isEmpty ?? false { throw ValidationError("--store is empty") }
    if store == nil, Terminal.isUnreadable("OUTERLOOP_STORE") {
      throw ValidationError("OUTERLOOP_STORE is not valid UTF-8; name the store by --store")
    }
    do { _ = try place } catch let error as StudyError {
      throw ValidationError("\(error.what); \(error.remedy)")
    }
  }

  /// As given, with the password, if there is one.
  var text: String {
    if let store { return store }
    let name = CLibrary.environment("OUTERLOOP_STORE") ?? ""
    return name.isEmpty ? "outerloop.db" : name
  }

  /// As it may be shown and written down: a file as it was given, a server without a password.
  var name: String { PostgresAddress(text)?.description ?? text }

  private var place: StoreLocation { get throws { try StoreLocation(text) } }

  func open(_ access: StoreAccess = .write) throws -> any RestoringStore {
    try place.open(access)
  }

  /// Where the files of a study's trials are stored: see `StoreLocation.trials`.
  func folders(of specification: StudySpecification) -> TrialFolders {
    // Invalid addresses were refused before anything was opened.
    let place = (try? place) ?? .file(text)
    let root = place.trials(from: try? StoredProgram.of(specification)?.program.directory)
    return TrialFolders(in: root, study: specification.name)
  }

  /// `--study NAME --store FILE`, as far as needed to identify a study.
  func naming(_ study: String) -> String {
    let words = " --study \(CommandText.quoted(study))"
    return store == nil ? words : "\(words) --store \(CommandText.quoted(name))"
  }
}

/// The name and place of a new study.
struct NewStudy: ParsableArguments {
  @Option(help: ArgumentHelp("The name of the study.", valueName: "name"))
  var study = "study"

  @OptionGroup var place: StoreOptions

  func validate() throws {
    if study.isEmpty { throw ValidationError("--study is empty") }
  }
}

/// The choice of a study in a store.
struct StudyChoice: ParsableArguments {
  @OptionGroup var place: StoreOptions

  @Option(
    help: ArgumentHelp("The study; needed if the store has several.", valueName: "name"))
  var study: String?

  /// A study that was found.
  struct Found {
    /// Existential, so that callers use the store's own `trials` and `summary` instead of the
    /// default implementations, which fold over all events.
    var store: any StudyStore
    var id: StudyID
    var specification: StudySpecification
    var place: StoreOptions

    var name: String { specification.name }
    var folders: TrialFolders { place.folders(of: specification) }
    /// The options that name it on a command line.
    var naming: String { place.naming(name) }
    func method() throws -> SearchMethod { try .named(specification.method) }

    func trials(_ query: TrialQuery = TrialQuery()) async throws -> [Trial] {
      try await store.trials(of: id, matching: query)
    }

    /// The index of the objective of this name; of the only one if none is named.
    ///
    /// - Parameter subject: what concerns a single objective, for the error.
    func place(ofObjective metric: String?, of subject: String = "a model") throws -> Int {
      let metrics = specification.objectives.map(\.metric)
      guard let metric else {
        guard metrics.count > 1 else { return 0 }
        throw CommandError(
          "study `\(name)` has \(metrics.count) objectives, and \(subject) is about one",
          hint: "name it: --objective \(CommandText.quoted(metrics[0]))", status: 64)
      }
      guard let place = metrics.firstIndex(of: metric) else {
        throw CommandError(
          "study `\(name)` has no objective `\(metric)`",
          hint: Spelling.remedy(for: metric, among: metrics, called: "objectives"), status: 64)
      }
      return place
    }
  }

  static func naming(_ study: String, in place: StoreOptions) -> StudyChoice {
    var choice = StudyChoice()
    choice.place = place
    choice.study = study
    return choice
  }

  func find(_ access: StoreAccess = .write) async throws -> Found {
    let store = try place.open(access)
    let id = try await id(in: store)
    return Found(
      store: store, id: id, specification: try await store.specification(of: id), place: place)
  }

  private func id(in store: any StudyStore) async throws -> StudyID {
    if let study, let id = try await store.study(named: study) { return id }
    var names: [String] = []
    let all = try await store.studies()
    for id in all { names.append(try await store.specification(of: id).name) }
    guard !all.isEmpty else {
      throw CommandError(
        "the store \(place.name) has no study", hint: "begin one: outerloop tune --help")
    }
    guard let study else {
      if all.count == 1 { return all[0] }
      throw CommandError(
        "the store \(place.name) has \(all.count) studies: \(Self.list(names))",
        hint: "name one of them: --study \(CommandText.quoted(names[names.count - 1]))")
    }
    throw CommandError(
      "the store \(place.name) has no study `\(study)`",
      hint: Spelling.remedy(for: study, among: names, called: "studies"))
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.suffix(10).joined(separator: ", ")
    return names.count > 10 ? "..., \(shown)" : shown
  }
}
