internal import GRDB
internal import GRDBSQLite
internal import OuterloopPlatform
internal import OuterloopStudy

extension StoreFile {
  func openConnection(readOnly: Bool) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.busyMode = .callback(waitForLock)
    if !readOnly {
      configuration.prepareDatabase { db in
        // The log is written at every commit, and moved into the file (which waits for the disk)
        // when it holds 16 MB. A log that has exceeded its limit is truncated when it restarts.
        try db.execute(
          sql: """
            PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;
            PRAGMA journal_size_limit = \(LogLimit.bytes)
            """)
      }
    }
    return try retryingWhileBusy { try DatabaseQueue(path: path, configuration: configuration) }
  }

  /// A connection for writing, to tables that are up to date.
  func openForWriting() throws -> DatabaseQueue {
    guard access(path, W_OK) == 0 else {
      throw StudyError(
        "the store `\(path)` may not be written to", "check the rights of the file and its folder")
    }
    let queue = try openConnection(readOnly: false)
    try queue.inDatabase { db in
      try retryingWhileBusy {
        // The header checked before may be older than the log.
        let version = try self.version(db)
        try check(version: version)
        // A copy by another tool (`VACUUM INTO`) has no log, and its readers would block writers.
        if try String.fetchOne(db, sql: "PRAGMA journal_mode") != "wal" {
          _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        }
        guard version < schema.version else { return }
        try db.inTransaction(.immediate) {
          try check(version: self.version(db))
          try schema.migrate(db)
          return .commit
        }
      }
    }
    return queue
  }

  /// A connection for reading. Where SQLite cannot create the files that it needs next to the store,
  /// it reads a copy in memory, if the file alone is the complete store.
  func openForReading() throws -> DatabaseQueue {
    let queue: DatabaseQueue
    let version: Int
    do {
      queue = try openConnection(readOnly: true)
      version = try queue.inDatabase { db in try retryingWhileBusy { try self.version(db) } }
      if version < schema.version, logSize == 0 {
        try queue.close()
        return try openCopy()
      }
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
    {
      return try openCopy()
    }
    try checkForReading(version)
    return queue
  }

  private func openCopy() throws -> DatabaseQueue {
    let before = identity
    guard logSize == 0 else {
      throw StudyError(
        "the store `\(path)` cannot be read here: its last changes are still in `\(path)-wal`, and "
          + "its folder is not writable",
        "copy both files to a folder that you may write to, and read them there")
    }
    var bytes = try FileHeader.bytes(path: path, limit: .max)
    guard identity == before, logSize == 0, bytes.count >= 100 else {
      throw StudyError("the store `\(path)` changed while it was read", "try again")
    }
    // The copy has no log: bytes 18 and 19 of the header say so.
    bytes[18] = 1
    bytes[19] = 1
    let queue = try DatabaseQueue()
    try queue.inDatabase { db in
      try db.become(bytes)
      // A store of an older version is migrated here, and stays as it is on disk.
      try check(version: version(db))
      try db.inTransaction(.immediate) {
        try schema.migrate(db)
        return .commit
      }
      try db.execute(sql: "PRAGMA query_only = ON")
    }
    return queue
  }

  func checkForReading(_ version: Int) throws {
    try check(version: version)
    guard version == schema.version else {
      throw StudyError(
        "the store `\(path)` was written by an older version (schema \(version), this one reads "
          + "\(schema.version)), and its last changes are still in `\(path)-wal`",
        "open it for writing once, which brings it up to date")
    }
  }

  /// Removes the files that a read-only connection had to create next to the store and cannot
  /// remove itself: the last connection that may write removes them when it is closed. Does nothing
  /// if anyone else has the store open, or if the log is not empty.
  func removeEmptyLog() {
    guard access(path + "-shm", F_OK) == 0, logSize == 0, access(path, W_OK) == 0 else { return }
    var connection: OpaquePointer?
    defer { sqlite3_close(connection) }
    guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
      return
    }
    // The log is opened by the first read.
    sqlite3_exec(connection, "SELECT count(*) FROM sqlite_master", nil, nil, nil)
  }

  private func version(_ db: Database) throws -> Int {
    // Reads a table too, to detect damage now.
    _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master")
    return try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
  }
}

/// Waits a little for another connection's lock; false after about 30 seconds.
///
/// Pauses grow from 0.1 to 20 ms and are random, so that many writers do not retry in step.
@Sendable private func waitForLock(_ tries: Int) -> Bool {
  guard tries < 3000 else { return false }
  let longest = min(100 << min(tries, 8), 20_000)
  usleep(UInt32.random(in: UInt32(longest / 4)...UInt32(longest)))
  return true
}

/// Runs `body`, repeatedly if SQLite found a lock that it does not wait for: while the log is
/// recovered after a crash, or another connection opens or closes the store.
func retryingWhileBusy<T>(_ body: () throws -> T) throws -> T {
  var tries = 0
  while true {
    do { return try body() } catch let error as DatabaseError
      where tries < 200
      && [.SQLITE_BUSY_RECOVERY, .SQLITE_BUSY_SNAPSHOT, .SQLITE_PROTOCOL].contains(
        error.extendedResultCode)
    {
      tries += 1
      _ = waitForLock(8)
    }
  }
}

extension Database {
  /// Turns this in-memory connection into one to a copy of a database's bytes.
  func become(_ bytes: [UInt8]) throws {
    guard let memory = sqlite3_malloc64(sqlite3_uint64(bytes.count)) else {
      throw DatabaseError(resultCode: .SQLITE_NOMEM)
    }
    bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    let code = sqlite3_deserialize(
      sqliteConnection, "main", memory.assumingMemoryBound(to: UInt8.self),
      sqlite3_int64(bytes.count), sqlite3_int64(bytes.count),
      UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE))
    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    clearSchemaCache()
  }
}
