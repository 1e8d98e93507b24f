internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop trials`
struct TrialsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trials", abstract: "List the trials of a study, or show one of them in full.",
    discussion: """
      --where and --sort take the names of parameters and metrics, and number, state, reason, \
      seconds, epoch and attempts (param.NAME and value.NAME where one name means two things). A value \
      that a trial does not have makes a condition on it unknown, which leaves the trial out, and \
      sorts last.

      outerloop trials --where 'loss < 0.1 and lr > 1e-3' --sort loss
      outerloop trials --trial 7

      A running trial whose worker is lost is shown as stale. JSON: an array of objects with the keys \
      number, state (stale ones are running), stale, reason (of a failure), message, values (by \
      metric), params, epoch (the last reported), through (the epoch to reach), checkpoint, \
      attempts, created, started, ended (seconds since 1970), seconds (of work). With --trial one \
      object, with reports (epoch, values, seconds), runs (worker, started, ended, reason), log \
      (path, null if there is none) and logEnd (its last lines) too.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(parsing: .unconditional, help: ArgumentHelp("Only this trial, in full.", valueName: "n"))
  var trial: Int?

  @OptionGroup(title: "Choice")
  var list: ListOptions

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func validate() throws {
    if trial != nil, list.isGiven {
      throw ValidationError("--trial shows one trial; leave the other options out")
    }
    if let trial, trial < 0 { throw ValidationError("--trial \(trial) is below 0") }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    if let trial {
      let page = try await TrialPage(trial, of: found)
      return try Terminal.print(output.json ? JSONText.of(page) : page.text)
    }
    let table = try await TrialTable(of: found)
    if list.isGiven || output.json {
      let trials = try await list.trials(of: found, table, reports: output.json)
      guard output.json else { return try Terminal.print(table.text(of: trials)) }
      // One line per trial, since there may be many.
      let lines = trials.map {
        "\n  "
          + TrialRecord($0, found.specification, isStale: table.stale.contains($0.number)).text
      }
      return try Terminal.print("[" + lines.joined(separator: ",") + "\n]")
    }
    for part in try await table.all(again: choice.find(.read)) { try Terminal.print(part) }
  }
}

/// Which trials are listed, and in which order.
struct ListOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only trials that are waiting, running, stale, paused, complete, pruned or failed. Repeat for "
        + "more.", valueName: "state"))
  var state: [String] = []

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only trials for which this holds: 'loss < 0.1 and state == complete'.",
      valueName: "condition"))
  var condition: String?

  @Option(
    help: ArgumentHelp(
      "The column to sort by, smallest first. Default: number.", valueName: "column"))
  var sort: String?

  @Flag(help: "In reverse order.")
  var reverse = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The n best complete trials by the objective, or by that of --sort if there are several.",
      valueName: "n"))
  var best: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("At most the n newest of those chosen.", valueName: "n"))
  var last: Int?

  func validate() throws {
    for name in state where !TrialColumns.states.contains(name) {
      throw ValidationError(
        "there is no state '\(name)'; states are \(TrialColumns.states.joined(separator: ", "))")
    }
    if let last, last < 1 { throw ValidationError("--last \(last) is below 1") }
    if let best, best < 1 { throw ValidationError("--best \(best) is below 1") }
    if best != nil, reverse || last != nil {
      throw ValidationError("--best has an order of its own; leave --reverse and --last out")
    }
  }

  var isGiven: Bool {
    !state.isEmpty || condition != nil || sort != nil || reverse || best != nil || last != nil
  }

  /// - Parameter reports: whether to read all reports, which trial records need.
  func trials(
    of found: StudyChoice.Found, _ table: TrialTable, reports: Bool
  ) async throws -> [Trial] {
    let order = try order(found, table)
    let filter = try CommandError.usage {
      try condition.map { try TrialFilter($0, over: table.columns) }
    }
    var trials = try await table.trials(
      query(
        of: found,
        needsReports: reports || filter != nil || order != nil
          || !found.specification.constraints.isEmpty))
    let isStale = { table.stale.contains($0) }
    if !state.isEmpty {
      let states = Set(state)
      trials.removeAll { !states.contains(isStale($0.number) ? "stale" : $0.state.name) }
    }
    if let filter { trials.removeAll { !filter.admits($0, isStale: isStale($0.number)) } }
    if best != nil {
      trials.removeAll { $0.state != .complete || !found.specification.isFeasible($0) }
    }
    if let last { trials = Array(trials.suffix(last)) }
    if let order {
      trials = order.column.sorted(trials, isReversed: order.isReversed, isStale: isStale)
    } else if reverse {
      trials.reverse()
    }
    return best.map { Array(trials.prefix($0)) } ?? trials
  }

  /// The query, which lets the store leave out trials.
  private func query(of found: StudyChoice.Found, needsReports: Bool) -> TrialQuery {
    let states: Set<TrialState.Kind> =
      best != nil
      ? [.complete]
      : Set(state.compactMap { $0 == "stale" ? .running : TrialState.Kind(rawValue: $0) })
    // The store does not know which running trials are stale.
    let isExact = condition == nil && !states.contains(.running)
    return TrialQuery(
      states: states.isEmpty ? nil : states, limit: isExact ? last ?? .max : .max,
      newestFirst: isExact && last != nil, reports: needsReports)
  }

  private func order(
    _ found: StudyChoice.Found, _ table: TrialTable
  ) throws -> (column: TrialColumns.Column, isReversed: Bool)? {
    let column = try sort.map { name in
      try CommandError.usage { try table.columns.column(named: name) }
    }
    guard best != nil else { return column.map { ($0, reverse) } }
    let objectives = found.specification.objectives
    guard let column else {
      guard objectives.count == 1 else {
        throw CommandError(
          "study `\(found.name)` has \(objectives.count) objectives, so no best trials",
          hint: "say by which, as in --best \(best ?? 1) --sort "
            + "\(CommandText.quoted(objectives[0].metric)), or see outerloop front"
            + found.naming, status: 64)
      }
      let only = try table.columns.column(named: "value." + objectives[0].metric)
      return (only, objectives[0].direction == .maximize)
    }
    guard let place = column.objective else {
      throw CommandError(
        "`\(sort ?? "")` is not an objective of study `\(found.name)`, so nothing is best by it",
        hint: "its objectives are \(objectives.map(\.metric).joined(separator: ", "))", status: 64)
    }
    return (column, objectives[place].direction == .maximize)
  }
}
