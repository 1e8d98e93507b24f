internal import OuterloopCharts
internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import OuterloopTuning

// The results of a study: records, tables and pictures.
extension ServedStudy {
  static let viewOperations: [String: Operation] = [
    "summary": Operation(fields: []) { study, _ in try await study.summary() },
    "describe": Operation(fields: []) { study, _ in
      try await study.refresh()
      return try await study.description(with: [])
    },
    "best": Operation(fields: []) { study, _ in try await study.best() },
    "trials": Operation(fields: ["from", "limit", "states", "newestFirst", "reports"]) {
      study, request in
      try await study.list(request)
    },
    "plot": Operation(fields: ["kind", "objective"]) { study, request in
      try await study.pictures(request.text("kind"), of: request.text("objective"))
    },
    "importance": Operation(fields: ["objective"]) { study, request in
      try await study.importances(of: request.text("objective"))
    },
    "results": Operation(fields: ["folder", "claimOnly"]) { study, request in
      try await study.write(
        into: request.neededText("folder"), claimOnly: request.flag("claimOnly"))
    },
  ]

  private func summary() async throws -> JSON {
    let summary = try await store.summary(of: found.id)
    return .object([
      "trials": .int(summary.trials),
      "counts": JSON(summary.counts.reduce(into: [:]) { $0[$1.key.rawValue] = $1.value }, JSON.int),
      "best": summary.best.map {
        .object(["trial": .int($0.trial), "value": .float($0.value)])
      } ?? .null,
    ])
  }

  private func best() async throws -> JSON {
    try await refresh()
    let result = try await StudyResult(found)
    let records = result.trials.map { TrialRecord($0, specification).json }
    let isFront = specification.objectives.count > 1
    return .object([
      "best": isFront ? .null : records.first ?? .null,
      "leading": result.leading.map { TrialRecord($0, specification).json } ?? .null,
      "front": isFront ? .array(records) : .null,
    ])
  }

  /// The largest number of trials on a page.
  private static let page = 10_000

  private func list(_ request: ServeRequest) async throws -> JSON {
    let states = try request.texts("states").map { word in
      guard let kind = TrialState.Kind(rawValue: word) else {
        throw CommandError(
          "`\(word)` is not a state",
          hint: Spelling.remedy(
            for: word, among: TrialState.Kind.allCases.map(\.rawValue), called: "states"),
          status: 64)
      }
      return kind
    }
    let from = max(try request.int("from") ?? 0, 0)
    let limit = min(max(try request.int("limit") ?? Self.page, 1), Self.page)
    let isWhole = try request.flag("reports")
    let isNewestFirst = try request.flag("newestFirst")
    try await refresh()
    let trials = try await found.trials(
      TrialQuery(
        states: states.isEmpty ? nil : Set(states), from: from, limit: limit,
        newestFirst: isNewestFirst))
    let next =
      trials.count == limit && !isNewestFirst ? trials.last.map { $0.number + 1 } : nil
    return .object([
      "trials": .array(trials.map { TrialRecord($0, specification, isWhole: isWhole).json }),
      "next": .int(next),
    ])
  }

  private func pictures(_ kind: String?, of objective: String?) async throws -> JSON {
    let figures = StudyFigures(try await store.trainingLog(of: found.id))
    let objectives = objective.map { [$0] } ?? []
    guard let kind else {
      let kinds = StudyPlot.all.filter {
        !figures.trials.isEmpty && figures.applies($0, to: objectives)
      }
      return .object(["kinds": .array(kinds.map { .text($0.name) })])
    }
    guard let plot = StudyPlot(named: kind) else {
      throw CommandError(
        "there is no picture `\(kind)`",
        hint: Spelling.remedy(for: kind, among: StudyPlot.all.map(\.name), called: "pictures"),
        status: 64)
    }
    let pictures = try figures.pictures(plot, of: objectives)
    return .object([
      "pictures": .array(
        pictures.map {
          .object([
            "kind": .text($0.name), "objective": .text($0.objective), "svg": .text($0.svg),
          ])
        })
    ])
  }

  private func importances(of objective: String?) async throws -> JSON {
    try await refresh()
    let place =
      objective == nil && specification.objectives.count > 1
      ? nil : try found.place(ofObjective: objective, of: "the importance")
    let trials = try await found.trials(TrialQuery(states: [.complete]))
    guard trials.count > 1 else {
      throw CommandError(
        "study `\(found.name)` has \(NumberText.count(trials.count, "complete trial"))",
        hint: "importance compares trials: run more")
    }
    let all = try PEDANOVA().importances(trials, specification, objective: place)
    return .object([
      "parameters": .object(all.map { JSON.Member(name: $0.name, value: .float($0.share)) })
    ])
  }

  private func write(into folder: String, claimOnly: Bool) async throws -> JSON {
    let results = try ResultsFolder(folder, of: specification)
    try results.claim()
    guard !claimOnly else { return .object(["folder": .text(results.path)]) }
    let log = try await store.trainingLog(of: found.id)
    var notes: [String] = []
    let contents = try results.write(log) { trial in
      let own = checkpointFolder(of: trial.number)
      if isInMemory { return own }
      let (place, note) = found.checkpoint(of: trial, in: own)
      if let note { notes.append(note) }
      return place
    }
    return .object([
      "folder": .text(results.path), "files": .array(contents.files.map(JSON.text)),
      "notes": .array((notes + contents.notes).map(JSON.text)),
    ])
  }
}
