internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopStore
internal import OuterloopStudy

/// `outerloop studies`
struct Studies: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the studies of a store.",
    discussion: """
      JSON: an array of objects with the keys study, sampler, seed, objectives, parameters, trials \
      (counts by state), best (trial, value of the first objective), budget (trials, epochs, \
      seconds), lastEvent (seconds since 1970).
      """)

  @OptionGroup(title: "Store")
  var place: StoreOptions

  @Flag(help: "Print JSON instead of text.")
  var json = false

  struct Record: Encodable {
    struct Best: Encodable {
      var trial: Int
      var value: Double
    }
    var study, sampler: String
    var seed: UInt64
    var objectives: [Objective]
    var parameters: [String]
    var trials: [String: Int]
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
      records.append(
        Record(
          study: specification.name, sampler: specification.method.name, seed: specification.seed,
          objectives: specification.objectives,
          parameters: specification.space.parameters.map(\.description), trials: summary.counts,
          best: summary.best.map { Record.Best(trial: $0.trial, value: $0.value) },
          budget: specification.budget, lastEvent: summary.lastEvent))
    }
    if json { return try Terminal.print(JSONText.of(records)) }
    guard !records.isEmpty else { return Terminal.say("the store \(place.path) has no study") }
    var table = TextTable([
      "study", "trials", "complete", "failed", "best", "sampler", "objectives",
    ])
    for record in records {
      table.add([
        record.study, "\(record.trials.values.reduce(0, +))", "\(record.trials["complete"] ?? 0)",
        "\(record.trials["failed"] ?? 0)", record.best.map { NumberForm.short($0.value) } ?? "",
        record.sampler,
        record.objectives.map { "\($0.direction.rawValue) \($0.metric)" }.joined(separator: ", "),
      ])
    }
    try Terminal.print(table.text)
  }
}

/// `outerloop trials`
struct TrialsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trials", abstract: "List the trials of a study.",
    discussion: """
      JSON: an array of objects with the keys number, state, reason (of a failure), message, values \
      (by metric), params, epoch (the last reported), through (the epoch to reach), checkpoint, \
      attempts, created, started, ended (seconds since 1970), seconds (of work).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(
    help: ArgumentHelp(
      "Only trials that are waiting, running, paused, complete, pruned or failed. Repeat for more.",
      valueName: "state"))
  var state: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("So many at most, the newest.", valueName: "n"))
  var last: Int?

  @Flag(help: "Print JSON instead of text.")
  var json = false

  private static let states = ["waiting", "running", "paused", "complete", "pruned", "failed"]

  func validate() throws {
    for name in state where !Self.states.contains(name) {
      throw ValidationError(
        "no trial is ever '\(name)'; states are \(Self.states.joined(separator: ", "))")
    }
    if let last, last < 1 { throw ValidationError("--last \(last) is below 1") }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let specification = found.specification
    let query = TrialQuery(
      states: state.isEmpty ? nil : Set(state), limit: last ?? .max, newestFirst: last != nil,
      reports: json)
    if json {
      // A line for each, as there may be many.
      let lines = try await Self.trials(of: found, query).map {
        "\n  " + TrialRecord($0, specification).text
      }
      return try Terminal.print("[" + lines.joined(separator: ",") + "\n]")
    }
    let names = specification.space.parameters.map(\.name)
    let empty = TextTable(
      ["trial", "state"] + specification.objectives.map(\.metric) + names + ["time"])
    guard last == nil, state.isEmpty else {
      var table = empty
      for trial in try await Self.trials(of: found, query) {
        table.add(Self.row(trial, specification))
      }
      return try Terminal.print(table.text)
    }
    // Reading and laying out take about as long as each other; two halves at once, each with a
    // connection of its own, use two processors.
    let newest = try await found.store.trials(
      of: found.id, matching: TrialQuery(limit: 1, newestFirst: true, reports: false)
    ).first
    let count = newest.map { $0.number + 1 } ?? 0
    guard count > 2 * Self.page else {
      return try Terminal.print(try await Self.table(empty, of: found, 0..<count).text)
    }
    let again = try await choice.find(.read)
    async let later = Self.table(empty, of: again, count / 2..<count)
    let first = try await Self.table(empty, of: found, 0..<count / 2)
    let second = try await later
    let layout = first.layout.union(second.layout)
    async let rest = second.text(layout, isFirst: false)
    try Terminal.print(first.text(layout))
    try Terminal.print(await rest)
  }

  /// Trials in memory at a time.
  private static let page = 2000

  /// `empty` with the trials of these numbers.
  private static func table(
    _ empty: TextTable, of found: StudyChoice.Found, _ numbers: Range<Int>
  ) async throws -> TextTable {
    var table = empty
    for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: page) {
      let limit = min(page, numbers.upperBound - start)
      let query = TrialQuery(from: start, limit: limit, reports: false)
      for trial in try await trials(of: found, query) {
        table.add(row(trial, found.specification))
      }
    }
    return table
  }

  private static func row(_ trial: Trial, _ specification: StudySpecification) -> [String] {
    var state = trial.state.name
    if case .failed(let reason) = trial.state { state += " (\(reason.rawValue))" }
    var row = [String(trial.number), state]
    for (place, objective) in specification.objectives.enumerated() {
      let value = trial.values?[place] ?? trial.lastReport?.values[objective.metric]
      row.append(value.map(NumberForm.short) ?? "")
    }
    for value in trial.assignment.values { row.append(value.map(StudyResult.cell) ?? "") }
    row.append(trial.attempts.last?.ended == nil ? "" : Progress.lapse(trial.workingSeconds))
    return row
  }

  /// The trials of a query, by number. Those without result have reports even if the query asks for
  /// none: their values are those reported last. The reports of complete trials, which are most of a
  /// large study, stay unread.
  private static func trials(of found: StudyChoice.Found, _ query: TrialQuery) async throws
    -> [Trial]
  {
    var trials = try await found.store.trials(of: found.id, matching: query)
    if query.newestFirst { trials.reverse() }
    let open = trials.filter { $0.state != .complete }
    guard !query.reports, let first = open.first, let last = open.last else { return trials }
    let states = Set(open.map(\.state.name))
    let reporting = try await found.store.trials(
      of: found.id,
      matching: TrialQuery(
        states: states, from: first.number, limit: last.number - first.number + 1))
    var place = 0
    for trial in reporting {
      while place < trials.count, trials[place].number < trial.number { place += 1 }
      guard place < trials.count else { break }
      if trials[place].number == trial.number { trials[place].reports = trial.reports }
    }
    return trials
  }
}

/// `outerloop best`
struct Best: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the best trial of a study.",
    discussion: "JSON keys: those of `outerloop tune` without ending.")

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() async throws {
    let found = try await choice.find(.read)
    guard found.specification.objectives.count == 1 else {
      throw Complaint(
        "study `\(found.name)` has \(found.specification.objectives.count) objectives, so no best "
          + "trial", hint: "outerloop front\(found.place.naming(found.name))")
    }
    let result = try await StudyResult(found)
    guard let best = result.trials.first else {
      throw Complaint(
        "study `\(found.name)` has no complete trial: \(result.counts)",
        hint: "outerloop trials\(found.place.naming(found.name))")
    }
    if json {
      return try Terminal.print(JSONText.of(StudyRecord(result, store: found.place.path)))
    }
    let command = try result.command(of: best).map {
      "\n\n" + $0.map(CommandText.quoted).joined(separator: " ")
    }
    try Terminal.print(result.text + (command ?? ""))
  }
}

/// `outerloop front`
struct Front: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the trials that no other beats in every objective.",
    discussion: """
      The Pareto front, by the first objective. JSON keys: those of `outerloop tune` without ending; \
      front is an array of trials.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() async throws {
    let found = try await choice.find(.read)
    guard found.specification.objectives.count > 1 else {
      throw Complaint(
        "study `\(found.name)` has one objective",
        hint: "outerloop best\(found.place.naming(found.name))")
    }
    let result = try await StudyResult(found)
    try Terminal.print(
      json ? JSONText.of(StudyRecord(result, store: found.place.path)) : result.text)
  }
}
