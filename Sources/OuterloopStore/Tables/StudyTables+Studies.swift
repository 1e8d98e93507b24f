package import OuterloopStudy
internal import OuterloopText

extension StudyTables {
  package func create(
    _ specification: StudySpecification, at time: Double
  ) throws -> StudyID {
    let name = Bound.text(specification.name)
    guard try db.integer("SELECT 1 FROM studies WHERE name = ?", name) == nil else {
      throw StudyError("study `\(specification.name)` exists", "resume it, or choose another name")
    }
    let method = specification.method
    let components = [method.sampler, method.scheduler] + method.stopRules
    for (option, value) in components.flatMap(\.options) {
      if let number = value.number, !number.isFinite {
        throw StudyError(
          "option `\(option)` of the method is \(number), which cannot be stored",
          "give it an ordinary number")
      }
    }
    let made = try db.rows(
      """
      INSERT INTO studies (name, created, specification, settings) VALUES (?, ?, ?, ?)
      RETURNING id
      """, name, .real(time), .text(StudyRecord(specification).json.description),
      .text(StudyRecord.json(specification.settings).description))
    guard let row = try made.next() else { throw JSONReader.Failure() }
    let study = StudyID(rawValue: row[0])
    // A statement that is not run to completion would be rolled back.
    while try made.next() != nil {}
    return study
  }

  package func study(named name: String) throws -> StudyID? {
    try db.integer("SELECT id FROM studies WHERE name = ?", .text(name)).map(StudyID.init)
  }

  package func studies() throws -> [StudyID] {
    let found = try db.rows("SELECT id FROM studies ORDER BY id")
    var studies: [StudyID] = []
    while let row = try found.next() { studies.append(StudyID(rawValue: row[0])) }
    return studies
  }

  package func specification(of study: StudyID) throws -> StudySpecification {
    try db.specification(of: study)
  }

  package func extend(_ study: StudyID, to space: SearchSpace, at time: Double) throws {
    var ledger = try ledger(study, at: time)
    try ledger.known.specification.space.checkExtension(to: space)
    try ledger.take(.widened(space))
  }

  package func note(_ kind: Event.Kind, in study: StudyID, at time: Double) throws {
    var ledger = try ledger(study, at: time)
    try ledger.take(kind)
  }

  package func update(
    _ study: StudyID, at time: Double, _ change: (inout StudySettings) -> Void
  ) throws -> StudySettings {
    let before = try db.specification(of: study).settings
    var settings = before
    change(&settings)
    try db.run(
      "UPDATE studies SET settings = ? WHERE id = ?",
      .text(StudyRecord.json(settings).description), id(study))
    let changes = settings.changes(since: before)
    if changes.isEmpty { return settings }
    var ledger = try ledger(study, at: time)
    for kind in changes { try ledger.take(kind) }
    return settings
  }

  package func delete(_ study: StudyID) throws {
    try require(study)
    try db.run("DELETE FROM studies WHERE id = ?", id(study))
  }
}

extension StoreConnection {
  func specification(of study: StudyID) throws -> StudySpecification {
    let record = StoreQuery(
      "SELECT name, specification, settings FROM studies WHERE id = ?", .int(study.rawValue))
    let widened = StoreQuery(
      """
      SELECT body FROM events INDEXED BY events_widened WHERE study = ? AND kind = 'widened'
      ORDER BY revision DESC LIMIT 1
      """, .int(study.rawValue))
    try announce([record, widened])
    let found = try rows(record)
    guard let row = try found.next() else {
      throw StudyError("study \(study.rawValue) does not exist", "it may have been deleted")
    }
    var specification = try StudyRecord(name: row[0], specification: row[1], settings: row[2])
      .specification
    let extensions = try rows(widened)
    if let last = try extensions.next() {
      specification.space = try StudyRecord.space(try need(JSONReader.value(last[0])))
    }
    return specification
  }
}
