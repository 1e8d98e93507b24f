internal import OuterloopLab
internal import OuterloopStudy
internal import OuterloopText

/// The trials of a study as rows: number, state, all metrics, parameters, time.
struct TrialTable {
  let found: StudyChoice.Found
  let columns: TrialColumns
  /// The numbers of stale trials.
  let stale: Set<Int>
  /// Objectives first, then the others by name.
  private let metrics: [String]

  private var specification: StudySpecification { found.specification }
  /// Whether there is more to show than objectives, which a complete trial has without its reports.
  private var hasOthers: Bool { metrics.count > specification.objectives.count }

  init(of found: StudyChoice.Found) async throws {
    self.found = found
    let objectives = found.specification.objectives.map(\.metric)
    let all = try await found.store.metrics(of: found.id)
    metrics = objectives + all.filter { !objectives.contains($0) }
    columns = TrialColumns(found.specification, metrics: metrics)
    stale = try await StaleTrials.of(found)
  }

  private var empty: TextTable {
    TextTable(["trial", "state"] + metrics + specification.space.parameters.map(\.name) + ["time"])
  }

  func text(of trials: [Trial]) -> String {
    var table = empty
    for trial in trials { table.add(row(trial)) }
    return table.text
  }

  /// Trials in memory at a time.
  private static let page = 2000

  /// All trials, as lines in one or two parts.
  ///
  /// Reading and formatting take about the same time; two halves in parallel, each with its own
  /// connection, use two processors.
  func all(again: StudyChoice.Found) async throws -> [String] {
    let newest = try await found.trials(
      TrialQuery(limit: 1, newestFirst: true, reports: false)
    ).first
    let count = newest.map { $0.number + 1 } ?? 0
    guard count > 2 * Self.page else { return [try await table(of: found, 0..<count).text] }
    async let later = table(of: again, count / 2..<count)
    let first = try await table(of: found, 0..<count / 2)
    let second = try await later
    let layout = first.layout.union(second.layout)
    async let rest = second.text(layout, isFirst: false)
    return [first.text(layout), await rest]
  }

  private func table(of found: StudyChoice.Found, _ numbers: Range<Int>) async throws -> TextTable {
    var table = empty
    for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: Self.page) {
      let limit = min(Self.page, numbers.upperBound - start)
      let query = TrialQuery(from: start, limit: limit, reports: false)
      for trial in try await Self.trials(of: found, query, hasOthers: hasOthers) {
        table.add(row(trial))
      }
    }
    return table
  }

  private func row(_ trial: Trial) -> [String] {
    let isStale = trial.state == .running && stale.contains(trial.number)
    var state = isStale ? "stale" : trial.state.name
    if case .failed(let reason) = trial.state { state += " (\(reason.rawValue))" }
    var row = [String(trial.number), state]
    let objectives = specification.objectives.count
    for (place, metric) in metrics.enumerated() {
      let value = trial.value(of: metric, objective: place < objectives ? place : nil)
      row.append(value.map(NumberText.short) ?? "")
    }
    for value in trial.assignment.values { row.append(value.map(StudyResult.cell) ?? "") }
    row.append(trial.attempts.last?.ended == nil ? "" : Progress.lapse(trial.workingSeconds))
    return row
  }

  /// The trials of a query, by number, with what is needed to show their values.
  func trials(_ query: TrialQuery) async throws -> [Trial] {
    try await Self.trials(of: found, query, hasOthers: hasOthers)
  }

  /// Trials without a result have reports even if the query asks for none: their values are from
  /// the last report. The reports of complete trials, which are most of a large study, stay unread
  /// unless there are other metrics.
  private static func trials(
    of found: StudyChoice.Found, _ query: TrialQuery, hasOthers: Bool
  ) async throws -> [Trial] {
    var query = query
    query.reports = query.reports || hasOthers
    var trials = try await found.trials(query)
    if query.newestFirst { trials.reverse() }
    let open = trials.filter { $0.state != .complete }
    guard !query.reports, let first = open.first, let last = open.last else { return trials }
    let states = Set(open.map(\.state.kind))
    let reporting = try await found.trials(
      TrialQuery(
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
