package import OuterloopStudy

extension StudyTables {
  package func events(of study: StudyID, after revision: Int, limit: Int) throws -> [Event] {
    let query = StoreQuery(
      """
      SELECT \(EventRow.columns) FROM events WHERE study = ? AND revision > ?
      ORDER BY revision LIMIT ?
      """, id(study), .int(revision), .int(max(limit, 0)))
    try db.announce([StudyQuery.exists(study), StudyQuery.widened(study), query])
    try require(study)
    let coder = try known(study).coder
    let rows = try db.rows(query)
    var events: [Event] = []
    while let row = try rows.next() { events.append(try EventRow.event(row, coder)) }
    return events
  }

  /// - Complexity: O(trials listed) in time and memory; events are not read.
  package func trials(of study: StudyID, matching query: TrialQuery) throws -> [Trial] {
    try db.announce([StudyQuery.exists(study), StudyQuery.widened(study)])
    try require(study)
    let coder = try known(study).coder
    // The names of states are ours, and few: they can be inlined in the statement.
    let states = (query.states ?? []).map { "'\($0.rawValue)'" }.sorted()
    // Not every database accepts an empty list.
    let chosen =
      query.states == nil
      ? "" : states.isEmpty ? "AND 1 = 0" : "AND state IN (\(states.joined(separator: ", ")))"
    let rows = try db.rows(
      """
      SELECT \(TrialRow.columns) FROM trials WHERE study = ? AND number >= ? \(chosen)
      ORDER BY number \(query.newestFirst ? "DESC" : "") LIMIT ?
      """, id(study), .int(query.from), .int(max(query.limit, 0)))
    var trials: [Trial] = []
    while let row = try rows.next() { trials.append(try TrialRow.trial(row, coder)) }
    if query.newestFirst { trials.reverse() }
    guard let first = trials.first?.number, let last = trials.last?.number else { return [] }
    try fill(&trials, from: "attempts", TrialRow.attemptColumns, by: "attempt", first, last, study)
    {
      $0.attempts.append(try TrialRow.attempt($1))
    }
    if query.reports {
      try fill(&trials, from: "reports", TrialRow.reportColumns, by: "epoch", first, last, study) {
        try TrialRow.add($1, to: &$0.reports)
      }
    }
    if query.newestFirst { trials.reverse() }
    return trials
  }

  /// Merges the trials and a table in the order of trial numbers.
  private func fill(
    _ trials: inout [Trial], from table: String, _ columns: String, by order: String, _ first: Int,
    _ last: Int,
    _ study: StudyID, _ add: (inout Trial, Connection.Rows) throws -> Void
  ) throws {
    let rows = try db.rows(
      """
      SELECT \(columns) FROM \(table) WHERE study = ? AND trial BETWEEN ? AND ? ORDER BY trial, \(order)
      """, id(study), .int(first), .int(last))
    var place = 0
    while let row = try rows.next() {
      let number: Int = row[0]
      while place < trials.count, trials[place].number < number { place += 1 }
      guard place < trials.count else { return }
      if trials[place].number == number { try add(&trials[place], row) }
    }
  }

  /// - Complexity: O(values reported), about 0.1 microseconds each; memory for the names.
  package func metrics(of study: StudyID) throws -> [String] {
    try require(study)
    // A report without values is stored as one without a name.
    let found = try db.rows(
      "SELECT DISTINCT metric FROM reports WHERE study = ? AND value_type <> 'none'", id(study))
    var names: [String] = []
    while let row = try found.next() { names.append(row[0]) }
    return names.sorted()
  }

  /// - Complexity: O(trials), without decoding any.
  package func summary(of study: StudyID) throws -> StudySummary {
    try require(study)
    let objective = try known(study).specification.objectives[0]
    var summary = StudySummary()
    let counts = try db.rows(
      "SELECT state, count(*) FROM trials WHERE study = ? GROUP BY state", id(study))
    while let row = try counts.next() {
      if let kind = TrialState.Kind(rawValue: row[0]) { summary.counts[kind] = row[1] }
    }
    let last = try db.rows(
      "SELECT revision, time FROM events WHERE study = ? ORDER BY revision DESC LIMIT 1",
      id(study))
    if let row = try last.next() { (summary.revision, summary.lastEvent) = (row[0], row[1]) }
    // NaN is stored as NULL; infinities are ordinary here. The earliest of equals.
    let best = try db.rows(
      """
      SELECT number, objective FROM trials
      WHERE study = ? AND state = 'complete' AND objective IS NOT NULL AND violation = 0
      ORDER BY objective \(objective.direction == .maximize ? "DESC" : "ASC"), number LIMIT 1
      """, id(study))
    if let row = try best.next() {
      summary.best = StudySummary.Best(trial: row[0], value: row[1])
    }
    return summary
  }
}
