internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop studies`
struct Studies: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the studies of a store.",
    discussion: """
      Stale trials belong to a worker that is lost; they are not counted as running in the table. \
      JSON: \
      an array of objects with the keys study, sampler, scheduler, seed, objectives, parameters, \
      trials (counts by state, stale ones as running), stale (how many), best (trial, value of the \
      first objective), budget (trials, epochs, seconds), lastEvent (seconds since 1970).
      """)

  @OptionGroup(title: "Store")
  var place: StoreOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    struct Best: Encodable {
      var trial: Int
      var value: Double
    }
    var study, sampler, scheduler: String
    var seed: UInt64
    var objectives: [Objective]
    var parameters: [String]
    var trials: [TrialState.Kind: Int]
    var stale: Int
    var best: Best?
    var budget: Budget
    var lastEvent: Double?
  }

  func run() async throws {
    let store = try place.open(.read)
    var records: [Record] = []
    for id in try await store.studies() {
      let specification = try await store.specification(of: id)
      let summary = try await store.summary(of: id)
      let stale = summary.counts[.running] == nil ? [] : try await StaleTrials.of(id, in: store)
      records.append(
        Record(
          study: specification.name, sampler: specification.method.sampler.name,
          scheduler: specification.method.scheduler.name, seed: specification.seed,
          objectives: specification.objectives,
          parameters: specification.space.parameters.map(\.description), trials: summary.counts,
          stale: stale.count,
          best: summary.best.map { Record.Best(trial: $0.trial, value: $0.value) },
          budget: specification.budget, lastEvent: summary.lastEvent))
    }
    if output.json { return try Terminal.print(JSONText.of(records)) }
    guard !records.isEmpty else { return Terminal.say("the store \(place.name) has no study") }
    var table = TextTable([
      "study", "trials", "complete", "failed", "running", "stale", "waiting", "best", "sampler",
      "objectives",
    ])
    for record in records {
      let count = { (state: TrialState.Kind) in record.trials[state] ?? 0 }
      table.add([
        record.study, "\(record.trials.values.reduce(0, +))", "\(count(.complete))",
        "\(count(.failed))", "\(count(.running) - record.stale)", "\(record.stale)",
        "\(count(.waiting))", record.best.map { NumberText.short($0.value) } ?? "",
        record.sampler,
        record.objectives.map { "\($0.direction.rawValue) \($0.metric)" }.joined(separator: ", "),
      ])
    }
    try Terminal.print(table.text)
  }
}

/// `outerloop best`
struct Best: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the best trial of a study.",
    discussion: """
      Also its last checkpoint, if it is on disk as announced. JSON keys: those of `outerloop tune` \
      without ending.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() async throws {
    let found = try await choice.find(.read)
    guard found.specification.objectives.count == 1 else {
      throw CommandError(
        "study `\(found.name)` has \(found.specification.objectives.count) objectives, so no best "
          + "trial", hint: "outerloop front\(found.naming)")
    }
    let result = try await StudyResult(found)
    guard let best = result.trials.first ?? result.leading else {
      if let infeasibility = result.infeasibility {
        throw CommandError(
          "study `\(found.name)`: \(infeasibility)",
          hint: "all of them: outerloop trials\(found.naming)")
      }
      throw CommandError(
        "study `\(found.name)` has no complete trial: \(result.counts)",
        hint: "outerloop trials\(found.naming)")
    }
    if output.json {
      return try Terminal.print(JSONText.of(StudyRecord(result, store: found.place.name)))
    }
    let command = try result.command(of: best).map {
      "\n\n" + $0.map(CommandText.quoted).joined(separator: " ")
    }
    let checkpoint = result.checkpoint.map { "\n\n" + $0.text }
    try Terminal.print(result.text + (checkpoint ?? "") + (command ?? ""))
  }
}

/// `outerloop front`
struct Front: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the Pareto front of several objectives.",
    discussion: """
      The trials that no other beats in every objective, ordered by the first. JSON keys: those \
      of `outerloop tune` without ending; \
      front is an array of trials.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() async throws {
    let found = try await choice.find(.read)
    guard found.specification.objectives.count > 1 else {
      throw CommandError(
        "study `\(found.name)` has one objective",
        hint: "outerloop best\(found.naming)")
    }
    let result = try await StudyResult(found)
    try Terminal.print(
      output.json ? JSONText.of(StudyRecord(result, store: found.place.name)) : result.text)
  }
}
