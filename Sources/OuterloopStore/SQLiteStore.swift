internal import GRDB
internal import OuterloopPlatform
public import OuterloopStudy

/// Studies in one SQLite file, which any number of processes of one machine may read and write at
/// the same time.
///
/// Every change is one transaction, and is on disk when the call returns: whichever process is
/// killed, and when, nothing that was acknowledged is lost and no trial number is used twice.
/// (After a power failure, the last changes may be gone; the file stays consistent.) Readers see
/// the last finished transaction, and neither wait for writers nor block them. Writers wait for one
/// another, up to 30 seconds.
///
/// A trial costs about three transactions. Memory does not grow with the study, except for what a
/// call returns.
public final class SQLiteStore: RestoringStore {
  /// How the file is opened.
  public typealias Access = StoreAccess

  /// The file.
  public let path: String
  let clock: @Sendable () -> Double
  private let file: StoreFile
  private let identity: StoreFile.Identity
  private let process = getpid()
  private let writer: DatabaseQueue?
  private let reader: DatabaseQueue
  private let logLimit = LogLimit()
  let cache = StudyCache()

  /// Opens the store in the file `path`.
  ///
  /// - Parameter clock: seconds since 1970, the machine's wall clock unless a test brings its own.
  ///   It is read inside the transaction, so that times and revisions are in the same order. A file
  ///   of an older version is migrated; for `.read` in a copy in memory.
  ///
  /// - Throws: `StudyError` if the file is missing, not a store, damaged, of a newer version, on a
  ///   network file system, or locked. The file is then as it was before.
  public convenience init(
    _ path: String, _ access: Access = .write,
    clock: @escaping @Sendable () -> Double = SystemClock.now
  ) throws {
    try self.init(path, access, schema: .current, clock: clock)
  }

  init(
    _ path: String, _ access: Access, schema: Schema, clock: @escaping @Sendable () -> Double
  ) throws {
    // The system would end the path there.
    guard !path.utf8.contains(0) else {
      throw StudyError("the path of a store has a NUL character in it", "name another file")
    }
    let file = StoreFile(path: path, schema: schema)
    if access == .create { try file.createIfMissing() }
    try file.check()
    do {
      if access == .read {
        writer = nil
        reader = try file.openForReading()
      } else {
        writer = try file.openForWriting()
        reader = try file.openConnection(readOnly: true)
      }
    } catch { throw storeError(error, path) }
    guard let identity = file.identity else {
      throw StudyError("the store `\(path)` was removed while it was opened", "try again")
    }
    self.path = path
    self.clock = clock
    self.file = file
    self.identity = identity
  }

  /// The last connection to a file moves the log into it, if it may write: the reader goes first.
  deinit {
    try? reader.close()
    if let writer { try? writer.close() } else { file.removeEmptyLog() }
  }

  public func now() -> Double { clock() }

  /// Runs `body` in one transaction that holds the write lock, and gives it the time.
  ///
  /// It runs on the caller's thread: a transaction takes less time than switching threads.
  ///
  /// If `body` throws, the transaction is rolled back.
  func write<T>(_ body: (StudyTables<Database>, _ time: Double) throws -> T) throws -> T {
    guard let writer else {
      throw StudyError("the store `\(path)` is open for reading only", "open it for writing")
    }
    guard file.leads(to: identity) else {
      throw StudyError(
        "the store `\(path)` was moved or removed while it was in use",
        "put it back, or start a new study"
      )
    }
    let result = try transaction(.immediate, on: writer) { db in
      try body(StudyTables(db, cache), clock())
    }
    logLimit.apply(to: file)
    return result
  }

  /// Runs `body` on a consistent snapshot of the store.
  func read<T>(_ body: (StudyTables<Database>) throws -> T) throws -> T {
    try transaction(.deferred, on: reader) { db in try body(StudyTables(db, cache)) }
  }

  private func transaction<T>(
    _ kind: Database.TransactionKind, on queue: DatabaseQueue, _ body: (Database) throws -> T
  ) throws -> T {
    try with(queue) { db in
      var result: T?
      try db.inTransaction(kind) {
        result = try body(db)
        return .commit
      }
      guard let result else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
      return result
    }
  }

  /// Like `read`, for a single query, which is consistent by itself.
  func peek<T>(_ body: (StudyTables<Database>) throws -> T) throws -> T {
    try with(reader) { db in try body(StudyTables(db, cache)) }
  }

  private func with<T>(_ queue: DatabaseQueue, _ body: (Database) throws -> T) throws -> T {
    try checkProcess()
    return try queue.inDatabase { db in
      do { return try retryingWhileBusy { try body(db) } } catch { throw storeError(error, path) }
    }
  }

  /// SQLite's connections do not survive a fork.
  private func checkProcess() throws {
    guard getpid() == process else {
      throw StudyError(
        "the store `\(path)` was opened before this process was forked", "open it again here")
    }
  }
}
