internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

// The trials of a study, as a list, as a file, and one by one.
extension Dashboard {
  var trialRoutes: [Route] {
    let place = "\(Self.root)/studies/{study}"
    let choice: [RouteParameter] = [
      .text("where"), .oneOf("state", TrialColumns.states).repeated, .text("sort"),
      .flag("reverse"),
    ]
    return [
      Route(
        "GET", "\(place)/trials", "The trials that match, a page of them",
        query: choice + [.count("offset"), .count("limit")]
      ) { request, arguments in
        .json(try await page(of: study(arguments), request.query))
      },
      Route("GET", "\(place)/trials.csv", "The trials that match, as CSV", query: choice) {
        try await file(of: study($1), .csv, $0.query)
      },
      Route("GET", "\(place)/trials.jsonl", "The trials that match, as JSON lines", query: choice) {
        try await file(of: study($1), .jsonLines, $0.query)
      },
      Route("GET", "\(place)/trials/{trial}", "A trial, whole") { _, arguments in
        let study = try await study(arguments)
        return .json(.object(try await whole(try await trial(arguments, of: study), of: study)))
      },
    ]
  }

  /// - Throws: `RequestError` if there is no such trial.
  func trial(_ arguments: Route.Arguments, of study: FollowedStudy) async throws -> Trial {
    let number = try arguments.number("trial", called: "trial")
    let trials = await study.history.trials
    guard trials.indices.contains(number) else {
      throw RequestError(
        .notFound, "the study has no trial \(number)",
        trials.isEmpty ? "it has none yet" : "it has those from 0 to \(trials.count - 1)")
    }
    return trials[number]
  }

  private func page(of study: FollowedStudy, _ query: Query) async throws -> JSON {
    let offset = try query.count("offset") ?? 0
    let limit = min(try query.count("limit") ?? 100, 1000)
    let stale = try await studies.stale(in: study.id)
    let order = try await chosen(query, study, stale)
    let (trials, specification) = (await study.history.trials, await study.specification)
    let numbers = order.dropFirst(offset).prefix(limit)
    return .object([
      "revision": .int(await study.revision), "total": .int(order.count), "offset": .int(offset),
      "trials": .array(
        numbers.filter(trials.indices.contains).map {
          TrialRecord(trials[$0], specification, isStale: stale.contains($0)).json
        }),
    ])
  }

  private func chosen(
    _ query: Query, _ study: FollowedStudy, _ stale: Set<Int>
  ) async throws -> [Int] {
    let choice = try TrialChoice(query)
    do { return try await study.order(choice, stale: stale) } catch let error as StudyError {
      // The request is at fault, not the study.
      throw RequestError(.badRequest, error.what, error.remedy)
    }
  }

  private func file(
    of study: FollowedStudy, _ format: TrialFormat, _ query: Query
  ) async throws -> Response {
    let order = try await chosen(query, study, try await studies.stale(in: study.id))
    let (trials, specification) = (await study.history.trials, await study.specification)
    let text = format.text(
      of: order.filter(trials.indices.contains).map { trials[$0] }, in: specification,
      metrics: await study.metrics)
    let type = format == .csv ? "text/csv" : "application/jsonl"
    return .text(text, type: type).saved(as: "\(specification.name).\(format.rawValue)")
  }

  private func whole(_ trial: Trial, of study: FollowedStudy) async throws -> [JSON.Member] {
    let specification = await study.specification
    let isStale = try await studies.stale(in: study.id).contains(trial.number)
    let folders = environment.folders(specification)
    let record = TrialRecord(trial, specification, isWhole: true, isStale: isStale)
    let log = TrialFile(folders.log(ofTrial: trial.number))
    let files = TrialFile.all(in: folders.checkpoint(ofTrial: trial.number))
    let pairs: KeyValuePairs<String, JSON> = [
      "log": log.map { .object(["size": .int($0.size)]) } ?? .null,
      "files": .array(files.map(\.json)),
      "notes": .text(specification.notes(ofTrial: trial.number)),
      "command": .text(environment.commandLine(specification, trial)),
    ]
    return (record.json.members ?? []) + pairs.map { JSON.Member(name: $0.key, value: $0.value) }
  }
}
