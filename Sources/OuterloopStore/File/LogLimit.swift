internal import GRDBSQLite
internal import Synchronization

/// Keeps the write-ahead log of a store from growing without bound.
///
/// SQLite moves the log into the file when it reaches 16 MB, and restarts it at the first commit
/// that finds no reader in it. Where readers overlap continuously (several workers at full speed, or
/// a dashboard on a busy machine) there is no such commit: the log grows, and with it the time of
/// every read and write. From 64 MB on, a writer therefore blocks other writers until the current
/// readers are done. Readers that start meanwhile read the file, not the log, and are not waited
/// for.
///
/// If a reader takes longer than a quarter of a second, the attempt is given up, and repeated when
/// the log has grown by another 16 MB.
final class LogLimit: Sendable {
  static let bytes = 64 << 20
  private static let step = 16 << 20
  private static let patience: Int32 = 250

  /// The size at which the log is next emptied.
  private let next = Mutex(bytes)

  /// Empties the log of `file` if it is too long. If that cannot be done now, nothing is lost.
  func apply(to file: StoreFile) {
    let size = file.logSize
    let isDue = next.withLock { next in
      // Another process has emptied it meanwhile.
      if size < Self.bytes { next = Self.bytes }
      guard size > next else { return false }
      next = size + Self.step
      return true
    }
    guard isDue else { return }
    // A separate connection with a short timeout.
    var connection: OpaquePointer?
    defer { sqlite3_close(connection) }
    guard sqlite3_open_v2(file.path, &connection, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
      return
    }
    sqlite3_busy_timeout(connection, Self.patience)
    // The log is opened by the first read.
    sqlite3_exec(connection, "SELECT count(*) FROM sqlite_master", nil, nil, nil)
    sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
  }
}
