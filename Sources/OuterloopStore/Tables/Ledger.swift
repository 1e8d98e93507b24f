internal import OuterloopStudy
internal import OuterloopText

/// Records the events of one study, inside one transaction: writes each event and updates the
/// tables that are derived from the events. Whether an event is allowed is decided by
/// `Trial.accepts`.
struct Ledger<Connection: StoreConnection> {
  let db: Connection
  let study: StudyID
  let known: KnownStudy
  private let time: Double
  private var revision: Int

  /// - Throws: `StudyError` if there is no such study.
  init(_ db: Connection, _ study: StudyID, _ known: KnownStudy, at time: Double) throws {
    self.db = db
    self.study = study
    self.known = known
    self.time = time
    revision = try db.integer(StudyQuery.revision(study)) ?? 0
    if revision == 0 { try db.require(study) }
  }

  /// The number that the next trial gets.
  func nextNumber() throws -> Int {
    let last = try db.integer(StudyQuery.lastTrial(study))
    return last.map { $0 + 1 } ?? 0
  }

  /// The trial with its attempts, but without configuration and reports, which no decision needs.
  /// Nil if there is none.
  func trial(_ number: Int) throws -> Trial? {
    try db.trial(number, of: study, coder: nil)
  }

  /// Creates a trial by a `.suggested` or `.enqueued` event.
  mutating func create(_ number: Int, by kind: Event.Kind, at time: Double? = nil) throws -> Trial {
    let event = next(kind, number, at: time)
    guard let trial = Trial(event) else {
      throw StudyError("a trial is created by a suggestion", "suggest or enqueue it")
    }
    try log(event)
    try db.run(
      """
      INSERT INTO trials (study, number, state, through, seen, created, assignment, claimable)
      VALUES (?, ?, 'waiting', ?, ?, ?, ?, 1)
      """, id(study), .int(number), .int(trial.through), .int(trial.seen), .real(event.time),
      .text(known.coder.text(trial.assignment)))
    return trial
  }

  /// Applies an event about `trial` that the trial accepts.
  mutating func take(_ kind: Event.Kind, _ trial: inout Trial, at time: Double? = nil) throws {
    let event = next(kind, trial.number, at: time)
    try log(event)
    let latest = trial.latest ?? 0
    trial.apply(event)
    let number = Bound.int(trial.number)
    switch kind {
    case .reported(_, let report):
      try write(report, of: number)
      return try renewLease(report, from: trial, at: event.time)
    case .extended(_, let report):
      try add(report, to: number)
      return try renewLease(report, from: trial, at: event.time)
    case .supplemented(_, let assignment):
      try db.run(
        "UPDATE trials SET assignment = ? WHERE study = ? AND number = ?",
        .text(known.coder.text(assignment)), id(study), number)
    case .claimed(let attempt, let worker):
      try db.run(
        "INSERT INTO attempts (study, trial, attempt, worker, started) VALUES (?, ?, ?, ?, ?)",
        id(study), number, .int(attempt), .text(worker), .real(event.time))
      if attempt > 1 {
        try db.run(
          "DELETE FROM reports WHERE study = ? AND trial = ? AND epoch > ?", id(study), number,
          .int(trial.checkpoint))
        if latest > trial.checkpoint {
          trial.latest = try db.integer(
            "SELECT max(epoch) FROM reports WHERE study = ? AND trial = ?", id(study), number)
        }
      }
    case .paused, .released, .finished:
      if let last = trial.attempts.last, last.ended != nil {
        try db.run(
          "UPDATE attempts SET ended = ?, reason = ? WHERE study = ? AND trial = ? AND attempt = ?",
          .real(last.ended), .text(last.reason?.rawValue), id(study), number, .int(trial.attempt))
      }
    default: break
    }
    try update(trial)
  }

  /// Applies an event about the study.
  mutating func take(_ kind: Event.Kind, at time: Double? = nil) throws {
    try log(next(kind, try nextNumber(), at: time))
  }

  mutating func claim(_ trial: inout Trial, _ claimant: Claimant) throws -> Claim {
    try take(.claimed(attempt: trial.attempt + 1, worker: claimant.worker), &trial)
    try lease(trial.number, seconds: claimant.lease)
    return Claim(study: study, trial: trial, attempt: trial.attempt)
  }

  func lease(_ number: Int, seconds: Double) throws {
    try db.run(
      "UPDATE trials SET lease_until = ?, lease_seconds = ? WHERE study = ? AND number = ?",
      .real(time + seconds), .real(seconds), id(study), .int(number))
  }

  private mutating func next(_ kind: Event.Kind, _ trial: Int, at other: Double?) -> Event {
    revision += 1
    return Event(revision: revision, time: other ?? time, trial: trial, kind)
  }

  private func log(_ event: Event) throws {
    let row = EventRow(event.kind, known.coder)
    try db.run(
      """
      INSERT INTO events (study, revision, time, trial, kind, attempt, epoch, seen, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, id(study), .int(event.revision), .real(event.time), .int(event.trial), .text(row.kind),
      .int(row.attempt), .int(row.epoch), .int(row.seen), .text(row.body))
    try db.noteEvent(event.revision, at: event.time, of: study.rawValue)
  }

  private func id(_ study: StudyID) -> Bound { .int(study.rawValue) }

  /// The constraint violation of the last report of a complete trial. Infinity is kept as it is.
  private func violation(of trial: Trial) throws -> Double {
    guard trial.state == .complete, !known.specification.constraints.isEmpty else { return 0 }
    let rows = try db.rows(
      """
      SELECT metric, value FROM reports
      WHERE study = ? AND trial = ? AND epoch = ? AND value_type = 'finite'
      """, id(study), .int(trial.number), .int(trial.latest ?? 0))
    var values: [String: Double] = [:]
    while let row = try rows.next() { values[row[0]] = row[1] }
    return known.specification.violation(of: values)
  }

  private func update(_ trial: Trial) throws {
    try db.run(
      """
      UPDATE trials SET state = ?, reason = ?, through = ?, checkpoint = ?, ended = ?, message = ?,
        objective = ?, objectives = ?, claimable = ?, latest = ?, retried = ?, violation = ?,
        lease_until = CASE WHEN ?1 = 'running' THEN lease_until END
      WHERE study = ? AND number = ?
      """, .text(trial.state.name), .text(trial.state.reason?.rawValue), .int(trial.through),
      .int(trial.checkpoint),
      .real(trial.ended), .text(trial.message), .real(trial.values?.first),
      .text(trial.values.map { JSON.array($0.map(JSON.float)).description }),
      .int(trial.isClaimable ? 1 : 0), .int(trial.latest), .int(trial.attemptsBeforeRetry),
      .real(try violation(of: trial)), id(study), .int(trial.number))
  }

  /// A report counts as a heartbeat.
  private func renewLease(_ report: Report, from trial: Trial, at time: Double) throws {
    try db.run(
      """
      UPDATE trials SET lease_until = ? + lease_seconds, latest = ? WHERE study = ? AND number = ?
      """, .real(time), .int(report.epoch), id(study), .int(trial.number))
  }

  private func write(_ report: Report, of number: Bound) throws {
    let epoch = Bound.int(report.epoch)
    try db.run(
      "DELETE FROM reports WHERE study = ? AND trial = ? AND epoch = ?", id(study), number, epoch)
    try add(report, to: number)
  }

  /// Merges a report into the rows of its epoch.
  ///
  /// - Complexity: O(its metrics); where it brings seconds, O(metrics of the epoch).
  private func add(_ report: Report, to number: Bound) throws {
    let epoch = Bound.int(report.epoch)
    func insert(_ metric: String, _ value: Bound, _ type: Bound) throws {
      try db.run(
        """
        INSERT INTO reports (study, trial, epoch, metric, value, value_type, seconds)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (study, trial, epoch, metric) DO UPDATE
        SET value = excluded.value, value_type = excluded.value_type
        """, id(study), number, epoch, .text(metric), value, type, .real(report.seconds))
    }
    if let seconds = report.seconds {
      try db.run(
        "UPDATE reports SET seconds = ? WHERE study = ? AND trial = ? AND epoch = ?",
        .real(seconds), id(study), number, epoch)
    }
    if report.values.isEmpty { try insert("", .null, .text("none")) }
    for (metric, value) in report.values {
      let (number, type) = TrialRow.typed(value)
      try insert(metric, number, type)
    }
  }
}
