internal import GRDB
public import OuterloopStudy

/// Optuna's own file of studies (SQLite, schema version 12 as Optuna 3 to 5 have it),
/// written and read.
///
/// What both have is put where Optuna looks for it: parameters with their distributions, values,
/// states, one intermediate metric (the first objective), times. What Optuna has no place for stands
/// in user attributes that begin with `outerloop:`, so that what is written is read back equal:
/// conditions, ordinals, further metrics, attempts, reasons. Paused trials are RUNNING there. If
/// Optuna goes on with such a study, what it did is read too.
///
/// Of a study that Optuna made, the study's attribute `optuna` keeps what is different here, so that
/// it is written back as it was: names that are no names here, choices that are texts here (None is
/// `None`), steps that begin at 0, the study's user attributes. Constraints are kept as metrics.
/// Parameters that only some trials have are inactive in the others; a parameter whose ranges differ
/// gets the smallest range that holds them all, under which all trials are written back. Left behind
/// are the user attributes of trials and what samplers keep.
public enum OptunaFile {
  /// Writes a study to a new file.
  ///
  /// - Throws: `StudyError` if there is something at `path`, or it cannot be written.
  /// - Complexity: O(trials + reports) in time; memory for 1000 trials.
  public static func write(
    _ study: StudyID, of store: any StudyStore, to path: String
  ) async throws {
    guard StoreFile(path: path, schema: .current).identity == nil else {
      throw StudyError("there is a file `\(path)` already", "name another, or remove it")
    }
    let specification = try await store.specification(of: study)
    let file = DraftFile(for: path)
    do {
      try await fill(file.draft, with: study, specification, store)
      try file.publish()
    } catch {
      file.discard()
      throw storeError(error, path)
    }
  }

  private static func fill(
    _ draft: String, with study: StudyID, _ specification: StudySpecification,
    _ store: any StudyStore
  ) async throws {
    // One transaction over all pages.
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let queue = try DatabaseQueue(path: draft, configuration: configuration)
    try queue.inDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = OFF; BEGIN")
      try db.execute(sql: OptunaSchema.sql)
      try OptunaWriter(db, specification).writeStudy()
    }
    var query = TrialQuery(limit: 1000)
    while true {
      let trials = try await store.trials(of: study, matching: query)
      try queue.inDatabase { db in
        let writer = OptunaWriter(db, specification)
        for trial in trials { try writer.write(trial) }
      }
      guard trials.count == query.limit else { break }
      query.from += trials.count
    }
    try queue.inDatabase { try $0.execute(sql: "COMMIT") }
    try queue.close()
  }

  /// The names of the studies in a file.
  public static func studies(in path: String) throws -> [String] {
    try reading(path) { db in
      try String.fetchAll(db, sql: "SELECT study_name FROM studies ORDER BY study_id")
    }
  }

  /// A study with all that happened in it.
  ///
  /// - Parameters:
  ///   - name: may be left out if the file has one study.
  ///   - method: how the search is to go on; a study that was written by `write` keeps its own.
  /// - Throws: `StudyError` if the file is not Optuna's, of another version, has no such study, or the
  ///   study cannot be expressed.
  public static func read(
    _ path: String, study name: String? = nil, method: MethodDescription = MethodDescription("tpe"),
    seed: UInt64 = 0
  ) throws -> OptunaStudy {
    try reading(path) { db in
      var found = try Row.fetchAll(db, sql: "SELECT study_id, study_name FROM studies")
      if let name { found = found.filter { $0[1] == name } }
      guard found.count == 1, let row = found.first else {
        throw StudyError(
          name.map { "`\(path)` has no study `\($0)`" } ?? "`\(path)` has \(found.count) studies",
          "name one of its studies")
      }
      return try OptunaReader(db, study: row[0], name: row[1]).read(method: method, seed: seed)
    }
  }

  private static func reading<T>(_ path: String, _ body: (Database) throws -> T) throws -> T {
    guard StoreFile(path: path, schema: .current).identity != nil else {
      throw StudyError("there is no file `\(path)`", "check the name")
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(30)
      // One state of the file, though Optuna may be writing.
      return try DatabaseQueue(path: path, configuration: configuration).read { db in
        guard try db.tableExists("version_info"), try db.tableExists("trial_params") else {
          throw StudyError("`\(path)` is not a file of Optuna", "name another file")
        }
        let version = try Int.fetchOne(db, sql: "SELECT schema_version FROM version_info") ?? 0
        // Optuna 2 had other columns by the same number.
        guard version == OptunaSchema.version,
          try db.columns(in: "trial_values").contains(where: { $0.name == "value_type" })
        else {
          throw StudyError(
            "`\(path)` has a schema of Optuna's (\(version)) that is not that of its versions 3 to 5",
            "run `optuna storage upgrade` on it")
        }
        return try body(db)
      }
    } catch let error as SpaceError {
      let what = (error.place + [error.what]).joined(separator: ": ")
      throw StudyError("this study of `\(path)` cannot be imported: \(what)", error.remedy)
    } catch { throw storeError(error, path) }
  }
}

/// A study as `OptunaFile.read` found it, for `SQLiteStore.restore`.
public struct OptunaStudy: Sendable {
  public var specification: StudySpecification
  public let events: [Event]
  /// What is different here, and what was left behind, a sentence each, for people.
  public let notes: [String]
}
