internal import OuterloopStore
public import OuterloopStudy

extension PostgresStore {
  public func create(_ specification: StudySpecification) async throws -> StudyID {
    try await write(nil) { try $0.create(specification, at: $1) }
  }

  public func study(named name: String) async throws -> StudyID? {
    try await peek { try $0.study(named: name) }
  }

  public func studies() async throws -> [StudyID] { try await peek { try $0.studies() } }

  public func specification(of study: StudyID) async throws -> StudySpecification {
    try await read { try $0.specification(of: study) }
  }

  public func extend(_ study: StudyID, to space: SearchSpace) async throws {
    try await write(study, announcing: Self.first(study)) {
      try $0.extend(study, to: space, at: $1)
    }
  }

  public func note(_ kind: Event.Kind, in study: StudyID) async throws {
    try kind.checkNote()
    try await write(study, announcing: Self.first(study)) { try $0.note(kind, in: study, at: $1) }
  }

  @discardableResult
  public func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings {
    // `change` runs here, and its result is written if the stored settings are still the same.
    for _ in 0..<100 {
      let before = try await specification(of: study).settings
      var settings = before
      change(&settings)
      let after = settings
      let isWritten = try await write(study) { tables, time in
        guard try tables.specification(of: study).settings == before else { return false }
        _ = try tables.update(study, at: time) { $0 = after }
        return true
      }
      if isWritten { return after }
    }
    throw StudyError(
      "the settings of study \(study.rawValue) are changed by others all the time", "try again")
  }

  public func delete(_ study: StudyID) async throws {
    try await write(study) { tables, _ in try tables.delete(study) }
    cache.forget(study)
  }

  /// Creates a study with the events of another store or an earlier time: they keep their times and
  /// order and get new revisions. Its running trials have no worker here: the next `reap` releases
  /// them.
  ///
  /// - Throws: `StudyError` if a study of that name exists, or an event cannot have happened; then
  ///   nothing is stored.
  /// - Complexity: O(events) in time; memory for the open trials.
  public func restore(
    _ specification: StudySpecification, events: some Sequence<Event> & Sendable
  ) async throws -> StudyID {
    // They are iterated again if the connection is lost.
    let events = Array(events)
    return try await write(nil) { try $0.restore(specification, events: events, at: $1) }
  }

  /// The queries that a change of a study begins with.
  static func first(_ study: StudyID) -> [StoreQuery] {
    [StudyQuery.widened(study), StudyQuery.revision(study), StudyQuery.lastTrial(study)]
  }
}
