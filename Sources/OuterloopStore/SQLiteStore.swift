internal import GRDB
internal import OuterloopPlatform
public import OuterloopStudy

/// Studies in one SQLite file, which any number of processes of one machine may read and write at
/// the same time.
///
/// Every change is one transaction, and is on disk when the call returns: whoever is killed, and
/// when, nothing that was answered is lost and no trial number is given twice. (Without power, the
/// last changes may be gone; the file stays sound.) Readers see the last finished transaction, and
/// neither wait for writers nor hold them up. Writers wait for one another, up to 30 seconds.
///
/// A trial costs about three transactions. Memory does not grow with the study, except for what a
/// call returns.
public final class SQLiteStore: RestoringStore {
  /// What is to be done with the file.
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
  ///   It is read inside the transaction, so that times and revisions are in the same order.
  /// A file of an older version is brought up to date; for `.read` in a copy in memory.
  ///
  /// - Throws: `StudyError` if the file is missing, no store, damaged, of a newer version, on a network
  ///   file system, or locked. The file is then as it was before.
  public convenience init(
    _ path: String, _ access: Access = .write,
    clock: @escaping @Sendable () -> Double = SystemClock.now
  ) throws {
    try self.init(path, access, schema: .current, clock: clock)
  }

  init(
    _ path: String, _ access: Access, schema: Schema, clock: @escaping @Sendable () -> Double
  ) throws {
    // The system would take what stands before it for the path.
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
  /// It runs on the caller's thread: a transaction is over sooner than another thread would be there.
  ///
  /// What `body` throws undoes the transaction.
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

  /// Runs `body` on one state of the store.
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

  /// As `read`, for a single query, which is one state of the store by itself.
  func peek<T>(_ body: (StudyTables<Database>) throws -> T) throws -> T {
    try with(reader) { db in try body(StudyTables(db, cache)) }
  }

  private func with<T>(_ queue: DatabaseQueue, _ body: (Database) throws -> T) throws -> T {
    try checkProcess()
    return try queue.inDatabase { db in
      do { return try patiently { try body(db) } } catch { throw storeError(error, path) }
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
