internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// Options for starting a study from existing results.
struct WarmStartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Results to start with: those of a study of the store, or of a file that `outerloop "
        + "export` wrote. They do not count towards --trials. Repeat for more.",
      valueName: "study or file"
    ))
  var startFrom: [String] = []

  @Option(
    help: ArgumentHelp(
      "A study of the store, or a file that `outerloop export` wrote, that this one learns "
        + "from as from another task, such as another data set. Its best configurations are "
        + "tried first.", valueName: "study or file"))
  var warmStart: String?

  /// The largest number of results that a model starts with: half of them the best, the rest evenly
  /// sampled from the others.
  private static let mostResults = 100
  private static let mostTries = 5

  /// The results that the model starts with, best first.
  /// - Throws: `CommandError` for what is neither a study nor a file with trials.
  func warmResults(for objective: Objective?, in place: StoreOptions) async throws
    -> [KnownResult]
  {
    guard let warmStart, let objective else { return [] }
    let known = try await ImportedResults.known(warmStart, place, option: "--warm-start")
    let ranked = ImportedResults.ranked(known, by: objective)
    let half = Self.mostResults / 2
    guard ranked.count > Self.mostResults else { return ranked }
    let others = ranked.dropFirst(half)
    return ranked.prefix(half)
      + (0..<half).map { others[others.startIndex + $0 * others.count / half] }
  }

  /// - Throws: `CommandError` if the studies have nothing in common.
  func check(_ specification: StudySpecification) throws {
    guard let warmStart, specification.earlier.isEmpty else { return }
    throw CommandError(
      "--warm-start \(CommandText.quoted(warmStart)): no complete trial of it has a parameter and "
        + "all objectives of this study",
      hint: "metrics and parameters in common need the same names", status: 64)
  }

  /// Configurations to try first.
  func warmConfigurations(_ specification: StudySpecification) -> [[String: ParameterValue]] {
    ImportedResults.ranked(specification.earlier, by: specification.objectives[0])
      .prefix(Self.mostTries).map(\.params)
  }
}

/// Results from other sources, as trials of a study.
struct ImportedResults {
  private(set) var results: [(assignment: Assignment, report: Report)] = []
  /// Configurations whose results are not known here, since the space has parameters or the study has
  /// metrics that they lack.
  private(set) var configurations: [[String: ParameterValue]] = []
  /// How many of a source's best configurations are tried again if their results are not usable
  /// here.
  private static let mostTries = 5
  /// What was left out and why, one sentence per source.
  private(set) var notes: [String] = []

  /// - Throws: `CommandError` for what is neither a study nor a file with trials.
  init(_ sources: [String], for specification: StudySpecification, in place: StoreOptions)
    async throws
  {
    for source in sources {
      let known = try await Self.known(source, place)
      var left = 0
      var why: String?
      // Best first, so that the best are tried again.
      var tries = 0
      for result in Self.ranked(known, by: specification.objectives[0]) {
        do {
          switch try specification.adoption(of: result) {
          case .result(let assignment, let report): results.append((assignment, report))
          case .configuration(let values):
            guard tries < Self.mostTries, !values.isEmpty, !configurations.contains(values) else {
              continue
            }
            tries += 1
            configurations.append(values)
          }
        } catch let error as SpaceError {
          left += 1
          why = why ?? error.statement
        }
      }
      if let why {
        notes.append(
          "\(NumberText.count(left, "trial")) of \(source) \(left == 1 ? "is" : "are") left out: "
            + why)
      }
    }
  }

  /// Best first; those without a value last.
  static func ranked(_ results: [KnownResult], by objective: Objective) -> [KnownResult] {
    results.sorted {
      let (a, b) = ($0.values[objective.metric] ?? .nan, $1.values[objective.metric] ?? .nan)
      return objective.loss(a) < objective.loss(b) || (b.isNaN && !a.isNaN)
    }
  }

  static func known(
    _ source: String, _ place: StoreOptions, option: String = "--start-from"
  ) async throws -> [KnownResult] {
    if let store = try? place.open(.read), let id = try await store.study(named: source) {
      let specification = try await store.specification(of: id)
      return try await store.trials(of: id, matching: TrialQuery(states: [.complete]))
        .map { KnownResult($0, of: specification) }
    }
    return try CommandError.usage(about: "\(option) \(CommandText.quoted(source))") {
      try TrialFile.results(source)
    }
  }

  /// Tries further configurations, before any other.
  mutating func add(_ values: [[String: ParameterValue]]) {
    configurations += values.filter { !configurations.contains($0) }
  }

  /// Adds them to the study as trials. Returns a text with the number of results and configurations.
  func adopt(in found: StudyChoice.Found) async throws -> String {
    for (assignment, report) in results {
      _ = try await found.store.addEnded(assignment, report, to: found.id, worker: "start-from")
    }
    let method = try found.method()
    for (place, values) in configurations.enumerated() {
      let assignment = try found.specification.configuration(
        with: values, asTrial: results.count + place, by: method)
      _ = try await ConfigurationArguments.enqueue([assignment], in: found)
    }
    return [
      results.isEmpty ? nil : "\(NumberText.count(results.count, "result")) taken over",
      configurations.isEmpty
        ? nil : "\(NumberText.count(configurations.count, "configuration")) to try first",
    ].compactMap(\.self).joined(separator: ", ")
  }
}
