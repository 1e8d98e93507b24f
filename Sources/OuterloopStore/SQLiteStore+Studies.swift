public import OuterloopStudy

extension SQLiteStore {
  public func create(_ specification: StudySpecification) async throws -> StudyID {
    try write { try $0.create(specification, at: $1) }
  }

  public func study(named name: String) async throws -> StudyID? {
    try read { try $0.study(named: name) }
  }

  public func studies() async throws -> [StudyID] { try read { try $0.studies() } }

  public func specification(of study: StudyID) async throws -> StudySpecification {
    try read { try $0.specification(of: study) }
  }

  public func extend(_ study: StudyID, to space: SearchSpace) async throws {
    try write { try $0.extend(study, to: space, at: $1) }
  }

  public func note(_ kind: Event.Kind, in study: StudyID) async throws {
    try kind.checkNote()
    try write { try $0.note(kind, in: study, at: $1) }
  }

  @discardableResult
  public func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings {
    try write { try $0.update(study, at: $1, change) }
  }

  public func delete(_ study: StudyID) async throws {
    try write { tables, _ in try tables.delete(study) }
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
    try write { try $0.restore(specification, events: events, at: $1) }
  }
}
