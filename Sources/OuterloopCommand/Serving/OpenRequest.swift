internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopSpaces
internal import OuterloopStudy
internal import OuterloopText

/// Which study a connection is about: the fields of `open`, under the rules of the command line, with the
/// same errors.
struct OpenRequest {
  private let request: ServeRequest
  let path: String?
  let name: String
  let isGrowing: Bool
  /// Seconds without a heartbeat after which a trial is given to others.
  let lease: Double
  /// The folder for the checkpoints of trials, a folder by its number for each; nil: that of the store.
  let checkpoints: String?

  private static let definition = [
    "space", "parameters", "forbid", "objectives", "constraints", "perSecond", "priors", "stopWhen",
    "worth",
    "sampler", "scheduler", "epochs", "seed", "retries",
  ]

  init(_ request: ServeRequest) throws {
    try request.check(["store", "study", "growing", "lease", "checkpoints"] + Self.definition)
    self.request = request
    path = try request.text("store")
    name = try request.text("study") ?? "study"
    isGrowing = try request.flag("growing")
    lease = try request.number("lease") ?? 90
    checkpoints = try request.text("checkpoints").map(Self.absolute)
    guard !name.isEmpty, path?.isEmpty != true else {
      throw CommandError("a name is empty", hint: "leave `store` or `study` out", status: 64)
    }
    guard lease > 0, lease <= 1e9 else {
      throw CommandError(
        "a lease of \(lease) seconds cannot be kept", hint: "say more than 0, at most 1e9",
        status: 64)
    }
  }

  /// A later reader of a checkpoint's path may run in another folder.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = Tune.here else { return path }
    return "\(here)/\(path)"
  }

  struct Opened {
    var found: StudyChoice.Found
    var isNew: Bool
    var notes: [String]
  }

  func open() async throws -> Opened {
    var place = StoreOptions()
    place.store = path ?? "in memory"
    if let path { _ = try CommandError.usage { try StoreLocation(path) } }
    let isDefined = isGrowing || Self.definition.contains { request[$0] != nil }
    guard isDefined else {
      guard path != nil else {
        throw CommandError(
          "a study in memory needs a space and something to make small or large",
          hint: "give them, or name the store of a study that is there", status: 64)
      }
      return Opened(
        found: try await StudyChoice.naming(name, in: place).find(.write), isNew: false, notes: [])
    }
    let (words, notes) = try words()
    let options: StudyOptions
    do { options = try StudyOptions.parse(words) } catch {
      throw CommandError(StudyOptions.message(for: error), hint: nil, status: 64)
    }
    let specification = try options.specification(
      name: name, budget: Budget(), isGrowing: isGrowing)
    let opening = StudyOpening(
      specification: specification, isSeedGiven: options.seed != nil, place: place)
    try await opening.check()
    let store: any StudyStore = try path == nil ? MemoryStore() : place.open(.create)
    let (found, isNew) = try await opening.study(in: store)
    return Opened(found: found, isNew: isNew, notes: notes)
  }

  /// The fields as options of `tune`.
  private func words() throws -> (words: [String], notes: [String]) {
    var words: [String] = []
    var notes: [String] = []
    func add(_ option: String, _ values: [String]) {
      for value in values { words.append("--\(option)=\(value)") }
    }
    if let space = request["space"] {
      let text = space.text ?? space.description
      let file = try CommandError.usage { try SpaceFile.parse(text, name: "space") }
      add("param", file.space.parameters.map(\.description))
      add("forbid", file.space.forbidden.map(\.description))
      notes = file.notes
    }
    add("param", try request.texts("parameters"))
    add("forbid", try request.texts("forbid"))
    for objective in try objectives() {
      add(objective.direction.rawValue, [objective.metric])
    }
    add("constraint", try request.texts("constraints"))
    add("prior", try request.texts("priors"))
    add("stop-when", try request.texts("stopWhen"))
    if request["perSecond"]?.bool == true {
      words.append("--per-second")
    } else if request["perSecond"]?.bool == nil {
      add("per-second", [try request.text("perSecond")].compactMap(\.self))
    }
    add("sampler", [try request.text("sampler")].compactMap(\.self))
    add("scheduler", [try request.text("scheduler")].compactMap(\.self))
    add("worth", [try request.number("worth")].compactMap { $0.map { "\($0)" } })
    for name in ["epochs", "seed", "retries"] {
      add(name, [try request.int(name)].compactMap { $0.map { "\($0)" } })
    }
    return (words, notes)
  }

  private func objectives() throws -> [Objective] {
    try (request["objectives"]?.array ?? []).map { item in
      guard let metric = item["metric"]?.text,
        let direction = Objective.Direction(rawValue: item["direction"]?.text ?? "minimize")
      else {
        throw CommandError(
          "\(item) is not an objective",
          hint: "write {\"metric\": \"loss\", \"direction\": \"minimize\"} or \"maximize\"",
          status: 64)
      }
      return Objective(metric, direction)
    }
  }
}
