internal import GRDB
public import OuterloopStudy
internal import OuterloopText

extension SQLiteStore {
  public func create(_ specification: StudySpecification) async throws -> StudyID {
    try write { db, time in try Self.insert(specification, db, at: time) }
  }

  static func insert(
    _ specification: StudySpecification, _ db: Database, at time: Double
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
    try db.run(
      "INSERT INTO studies (name, created, specification, settings) VALUES (?, ?, ?, ?)", name,
      .real(time), .text(StudyRecord(specification).json.description),
      .text(StudyRecord.json(specification.settings).description))
    return StudyID(rawValue: Int(db.lastInsertedRowID))
  }

  public func study(named name: String) async throws -> StudyID? {
    try read { db in
      try db.integer("SELECT id FROM studies WHERE name = ?", .text(name)).map(StudyID.init)
    }
  }

  public func studies() async throws -> [StudyID] {
    try read { db in
      try Int.fetchAll(db.cachedStatement(sql: "SELECT id FROM studies ORDER BY id"))
        .map(StudyID.init)
    }
  }

  public func specification(of study: StudyID) async throws -> StudySpecification {
    try read { db in try Self.specification(of: study, db) }
  }

  static func specification(of study: StudyID, _ db: Database) throws -> StudySpecification {
    let found = try db.rows(
      "SELECT name, specification, settings FROM studies WHERE id = ?", id(study))
    guard let row = try found.next() else {
      throw StudyError("study \(study.rawValue) does not exist", "it may have been deleted")
    }
    var specification = try StudyRecord(name: row[0], specification: row[1], settings: row[2])
      .specification
    let extensions = try db.rows(
      """
      SELECT body FROM events INDEXED BY events_widened WHERE study = ? AND kind = 'widened'
      ORDER BY revision DESC LIMIT 1
      """, id(study))
    if let last = try extensions.next() {
      specification.space = try StudyRecord.space(try need(JSONReader.value(last[0])))
    }
    return specification
  }

  public func extend(_ study: StudyID, to space: SearchSpace) async throws {
    try write { db, time in
      let known = try cache.known(study, db)
      try known.specification.space.checkExtension(to: space)
      var ledger = try Ledger(db, study, known, at: time)
      try ledger.take(.widened(space))
    }
  }

  public func note(_ kind: Event.Kind, in study: StudyID) async throws {
    try kind.checkNote()
    try write { db, time in
      var ledger = try Ledger(db, study, cache.known(study, db), at: time)
      try ledger.take(kind)
    }
  }

  @discardableResult
  public func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings {
    try write { db, time in
      let before = try Self.specification(of: study, db).settings
      var settings = before
      change(&settings)
      try db.run(
        "UPDATE studies SET settings = ? WHERE id = ?",
        .text(StudyRecord.json(settings).description), id(study))
      let changes = settings.changes(since: before)
      if changes.isEmpty { return settings }
      var ledger = try Ledger(db, study, cache.known(study, db), at: time)
      for kind in changes { try ledger.take(kind) }
      return settings
    }
  }

  public func delete(_ study: StudyID) async throws {
    try write { db, _ in
      try db.require(study)
      try db.run("DELETE FROM studies WHERE id = ?", id(study))
    }
    cache.forget(study)
  }
}
