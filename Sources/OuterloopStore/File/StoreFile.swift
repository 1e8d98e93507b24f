internal import GRDB
internal import OuterloopFiles
internal import OuterloopPlatform
internal import OuterloopStudy
internal import OuterloopText

/// The file of a store: checks before it is opened, and its creation.
struct StoreFile: Sendable {
  let path: String
  let schema: Schema

  /// The identity of the file at a path.
  struct Identity: Hashable {
    var device: UInt64
    var number: UInt64
    var size: Int
    var modified: Double
  }

  /// Nil if there is nothing at the path.
  var identity: Identity? {
    var found = stat()
    guard stat(path, &found) == 0 else { return nil }
    #if canImport(Darwin)
      let time = found.st_mtimespec
    #else
      let time = found.st_mtim
    #endif
    return Identity(
      device: UInt64(truncatingIfNeeded: found.st_dev), number: UInt64(found.st_ino),
      size: Int(found.st_size), modified: Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9)
  }

  /// Whether the path still refers to that file.
  func leads(to identity: Identity) -> Bool {
    guard let now = self.identity else { return false }
    return now.device == identity.device && now.number == identity.number
  }

  /// Rejects files that are not a store of a usable version, without leaving a trace on disk.
  func check() throws {
    var found = stat()
    guard stat(path, &found) == 0 else { throw unreachable(errno) }
    switch found.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw StudyError("`\(path)` is a folder, not a store", "name a file in it")
    default: throw StudyError("`\(path)` is not an ordinary file", "name another file")
    }
    try refuseNetwork(path)
    guard access(path, R_OK) == 0 else {
      throw StudyError("the store `\(path)` may not be read", "ask its owner for the right to")
    }
    guard found.st_size > 0 else {
      throw StudyError("`\(path)` is empty, not a store", "remove it, or name the right file")
    }
    let header: FileHeader
    do { header = try FileHeader(path: path) } catch {
      throw error == .foreign
        ? StudyError("`\(path)` is not a store of Outerloop", "name another file")
        : StudyError("the store `\(path)` cannot be read", "look at the file and its disk")
    }
    guard header.applicationID == Schema.applicationID else {
      throw StudyError(
        "`\(path)` is an SQLite file of another program", "name another file for the store")
    }
    // A newer log may hold another version; it is checked once the file is open.
    try check(version: header.schemaVersion)
  }

  /// Bytes that are not in the file yet.
  var logSize: Int { StoreFile(path: path + "-wal", schema: schema).identity?.size ?? 0 }

  func check(version: Int) throws {
    guard version >= 0 else {
      throw storeError(DatabaseError(resultCode: .SQLITE_CORRUPT), path)
    }
    guard version <= schema.version else {
      throw StudyError(
        "the store `\(path)` was written by a newer version (schema \(version), this one knows "
          + "\(schema.version))", "update Outerloop, or name another store")
    }
  }

  private func refuseNetwork(_ place: String) throws {
    if let system = NetworkFileSystem.name(holding: place) {
      throw StudyError(
        "`\(path)` is on a network file system (\(system)), where a store can be damaged",
        "keep the store on a disk of this machine, and copy it when the study is done")
    }
  }

  private func unreachable(_ code: Int32) -> StudyError {
    code == ENOENT
      ? StudyError("there is no store `\(path)`", "check the name, or create it by `tune`")
      : StudyError(
        "`\(path)` cannot be reached: \(String(cString: strerror(code)))", "check the path")
  }

  /// Creates a new store where there is no file or an empty one; leaves everything else alone.
  ///
  /// The store is created under another name and moved to the path when it is complete, so that no
  /// one ever sees a partial one. If several processes create it, one does; the others wait for its
  /// lock on the empty file and find it replaced.
  func createIfMissing() throws {
    var found = stat()
    if stat(path, &found) == 0 {
      guard found.st_mode & S_IFMT == S_IFREG, found.st_size == 0 else { return }
      // The contents of an empty database's log must not be lost.
      guard logSize == 0 else { return }
    } else if errno != ENOENT {
      throw unreachable(errno)
    }
    let folder = CLibrary.split(path).folder
    guard access(folder, F_OK) == 0 else {
      throw StudyError("the folder `\(folder)` of the store does not exist", "create it first")
    }
    try refuseNetwork(folder)
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw StudyError(
        "the store `\(path)` cannot be created: \(String(cString: strerror(errno)))",
        "choose a folder that you may write to")
    }
    defer { close(file) }
    while flock(file, LOCK_EX) != 0, errno == EINTR {}
    var opened = stat()
    guard fstat(file, &opened) == 0, stat(path, &found) == 0, opened.st_ino == found.st_ino,
      found.st_size == 0
    else { return }
    try make()
  }

  private func make() throws {
    do {
      // A link to an empty file stays a link.
      let file = try OutputFile(
        path,
        replacing: .files {
          var found = stat()
          return stat($0, &found) == 0 && found.st_size == 0
        })
      let queue = try DatabaseQueue(path: file.draftPath())
      try queue.inDatabase { db in
        try db.inTransaction(.exclusive) {
          try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
          try schema.migrate(db)
          return .commit
        }
        _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
      }
      try queue.close()
      try file.commit()
    } catch let error as FileError {
      throw StudyError("the store cannot be created: \(error.what)", error.remedy)
    } catch { throw storeError(error, path) }
  }
}

/// Translates an error of SQLite into one that names the store and the remedy. Other errors stay as
/// they are.
func storeError(_ error: any Error, _ path: String) -> any Error {
  if error is JSONReader.Failure {
    return StudyError(
      "the store `\(path)` holds something that cannot be read: it is damaged", salvage(path))
  }
  guard let error = error as? DatabaseError else { return error }
  switch error.resultCode {
  case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
    return StudyError(
      "the store `\(path)` is locked by another process", "wait for it, or stop it, and try again")
  case .SQLITE_FULL:
    return StudyError(
      "the disk that holds the store `\(path)` is full",
      "free some space and resume; what was written down before is safe")
  case .SQLITE_IOERR:
    return StudyError(
      "the store `\(path)` cannot be read or written (\(error.extendedResultCode.rawValue))",
      "look at its disk and the space on it, and resume; what was written down before is safe")
  case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
    return StudyError("the store `\(path)` is damaged", salvage(path))
  case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
    return StudyError(
      "the store `\(path)` may not be written to", "check the rights of the file and its folder")
  case .SQLITE_CANTOPEN:
    return StudyError(
      "the store `\(path)` cannot be opened", "check the rights of the file and its folder")
  default:
    return StudyError(
      "the store `\(path)` answered: \(error.message ?? "error") (\(error.extendedResultCode.rawValue))",
      "look at the file with `sqlite3`")
  }
}

private func salvage(_ path: String) -> String {
  "go back to a copy, or save what is left by `sqlite3 '\(path)' .recover`"
}
