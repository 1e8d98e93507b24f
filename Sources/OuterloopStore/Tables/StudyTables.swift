package import OuterloopStudy
internal import OuterloopText

/// Reads and changes the tables of studies, through one connection and inside one transaction. They
/// are the same in every database.
package struct StudyTables<Connection: StoreConnection> {
  package let db: Connection
  let cache: StudyCache

  package init(_ db: Connection, _ cache: StudyCache) {
    self.db = db
    self.cache = cache
  }

  func id(_ study: StudyID) -> Bound { .int(study.rawValue) }

  /// - Throws: `StudyError` if there is no such study.
  package func require(_ study: StudyID) throws { try db.require(study) }

  func known(_ study: StudyID) throws -> KnownStudy { try cache.known(study, db) }

  func ledger(_ study: StudyID, at time: Double) throws -> Ledger<Connection> {
    try Ledger(db, study, known(study), at: time)
  }
}

extension StoreConnection {
  /// - Throws: `StudyError` if there is no such study.
  func require(_ study: StudyID) throws {
    guard try integer(StudyQuery.exists(study)) != nil else {
      throw StudyError("study \(study.rawValue) does not exist", "it may have been deleted")
    }
  }

  /// A trial with its attempts; with configuration and reports if there is a coder.
  func trial(_ number: Int, of study: StudyID, coder: AssignmentCoder?) throws -> Trial? {
    if coder != nil {
      try announce([
        StudyQuery.trial(number, study), StudyQuery.attempts(number, study),
        StudyQuery.reports(number, study),
      ])
    }
    let found = try rows(StudyQuery.trial(number, study))
    guard let row = try found.next() else { return nil }
    var trial = try TrialRow.trial(row, coder)
    let attempts = try rows(StudyQuery.attempts(number, study))
    while let row = try attempts.next() { trial.attempts.append(try TrialRow.attempt(row)) }
    if coder != nil {
      let reports = try rows(StudyQuery.reports(number, study))
      while let row = try reports.next() { try TrialRow.add(row, to: &trial.reports) }
    }
    return trial
  }
}
