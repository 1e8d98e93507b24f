internal import GRDB
internal import OuterloopFiles
public import OuterloopStudy

/// Optuna's own file of studies (SQLite, schema version 12, as in Optuna 3 to 5), for reading and
/// writing.
///
/// What both have is stored in Optuna's own form: parameters with their distributions, values,
/// states, one intermediate metric (the first objective), times. The rest is stored in user
/// attributes that begin with `outerloop:`, so that a written study is read back equal: conditions,
/// ordinals, further metrics, attempts, reasons. Paused trials are RUNNING in Optuna. If Optuna
/// continues such a study, its additions are read too.
///
/// For a study created by Optuna, the study's attribute `optuna` keeps the differences, so that it
/// is written back as it was: names that are invalid here, choices that are texts here (None is
/// `None`), steps that begin at 0, the study's user attributes. Constraints are kept as metrics.
/// Parameters that only some trials have are inactive in the others; a parameter whose ranges differ
/// gets the smallest range that contains them all, with which all trials are written back. User
/// attributes of trials and the state of samplers are dropped.
public enum OptunaFile {
  /// Writes a study to a file of its own.
  ///
  /// - Parameter replacesFile: whether it may replace an ordinary file. The only database that is ever
  ///   replaced is an earlier export of one study.
  /// - Throws: `FileError` if there is something at `path` that may not be replaced, or `path`
  ///   cannot be written, and `StudyError` about the store.
  /// - Complexity: O(trials + reports) in time; memory for 1000 trials.
  public static func write(
    _ study: StudyID, of store: any StudyStore, to path: String, replacesFile: Bool = false
  ) async throws {
    do {
      let file = try place(path, replacesFile: replacesFile)
      let specification = try await store.specification(of: study)
      try await fill(file.draftPath(), with: study, specification, store)
      try file.commit()
    } catch { throw storeError(error, path) }
  }

  /// Checks what is at `path` before anything is written, as `write` does.
  /// - Throws: `FileError` if it may not be replaced.
  public static func checkTarget(_ path: String, replacesFile: Bool = false) throws {
    do { _ = try place(path, replacesFile: replacesFile) } catch { throw storeError(error, path) }
  }

  private static func place(_ path: String, replacesFile: Bool) throws -> OutputFile {
    try OutputFile(
      path,
      replacing: replacesFile
        ? .ordinaryFilesAndDatabases(where: isExport)
        : .files {
          if try !isExport($0) { try DatabaseFile.refuse($0) }
          return false
        })
  }

  /// Whether a file is an export of one study by `write`; other databases hold data that cannot be
  /// recreated.
  @Sendable private static func isExport(_ path: String) throws -> Bool {
    guard let header = try? FileHeader(path: path) else { return false }
    guard header.applicationID != Schema.applicationID,
      StoreFile(path: path, schema: .current).logSize == 0
    else { return false }
    var configuration = Configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: path, configuration: configuration).read { db in
      guard try db.tableExists("studies"), try db.tableExists("study_user_attributes"),
        try Int.fetchOne(db, sql: "SELECT count(*) FROM studies") == 1
      else { return false }
      return try Int.fetchOne(
        db, sql: #"SELECT count(*) FROM study_user_attributes WHERE "key" = ?"#,
        arguments: [OptunaSchema.specificationKey]) == 1
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
  ///
  /// - Throws: `StudyError` for a file that cannot be read, or is no database of Optuna's.
  public static func studies(in path: String) throws -> [String] {
    try reading(path) { db in
      try OptunaTable.studies.checkRows(db, of: nil)
      return try studies(db).map(\.name)
    }
  }

  private static func studies(_ db: Database) throws -> [(id: Int, name: String)] {
    var found: [(id: Int, name: String)] = []
    let rows = try db.rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
    while let row = try rows.next() {
      guard let name = row.validText(1) else {
        throw OptunaFormatError(
          OptunaTable.studies.place(row[0], trial: nil), "`study_name` is not valid UTF-8")
      }
      found.append((row[0], name))
    }
    return found
  }

  /// Reads a study with all its events.
  ///
  /// - Parameters:
  ///   - name: may be left out if the file has one study.
  ///   - method: how the search continues; a study that was written by `write` keeps its own
  ///     method.
  /// - Throws: `StudyError` if the file is not Optuna's, of another version, has no such study, or the
  ///   study cannot be expressed.
  public static func read(
    _ path: String, study name: String? = nil, method: MethodDescription = MethodDescription("tpe"),
    seed: UInt64 = 0
  ) throws -> OptunaStudy {
    try reading(path) { db in
      try OptunaTable.studies.checkRows(db, of: nil)
      var found = try studies(db)
      if let name { found = found.filter { $0.name == name } }
      guard found.count == 1, let only = found.first else {
        throw StudyError(
          name.map { "`\(path)` has no study `\($0)`" } ?? "`\(path)` has \(found.count) studies",
          "name one of its studies")
      }
      for table in OptunaTable.all { try table.checkRows(db, of: only.id) }
      return try OptunaReader(db: db, study: only.id, name: only.name).read(
        method: method, seed: seed)
    }
  }

  private static func reading<T>(_ path: String, _ body: (Database) throws -> T) throws -> T {
    try ForeignFile(path: path).check()
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(10)
      // One state of the file, though Optuna may be writing.
      return try DatabaseQueue(path: path, configuration: configuration).read { db in
        try OptunaTable.checkAll(db, path)
        try checkVersion(db, path)
        for table in OptunaTable.all { try table.checkColumns(db, path) }
        return try body(db)
      }
    } catch let error as SpaceError {
      let what = (error.place + [error.what]).joined(separator: ": ")
      throw StudyError("this study of `\(path)` cannot be imported: \(what)", error.remedy)
    } catch let error as OptunaFormatError {
      throw error.about(path)
    } catch { throw ForeignFile(path: path).error(error) }
  }

  private static func checkVersion(_ db: Database, _ path: String) throws {
    let rows = try db.rows("SELECT schema_version FROM version_info")
    guard let row = try rows.next(), row.kind(0) == .integer else {
      throw StudyError(
        "`\(path)` is not a file of Optuna: its table `version_info` says no version",
        "name another file")
    }
    let version: Int = row[0]
    // Optuna 2 had other columns under the same version number.
    let columns = try db.columns(in: "trial_values").map(\.name)
    guard version == OptunaSchema.version, columns.contains("value_type") else {
      throw StudyError(
        "`\(path)` has a schema of Optuna's (\(version)) that is not that of its versions 3 to 5",
        "run `optuna storage upgrade` on it")
    }
  }
}

/// A study as `OptunaFile.read` found it, for `SQLiteStore.restore`.
public struct OptunaStudy: Sendable {
  /// What the study is.
  public var specification: StudySpecification
  /// All its events, in order.
  public let events: [Event]
  /// What is represented differently, and what was dropped, one sentence each, for people.
  public let notes: [String]
}
