internal import OuterloopStore
public import OuterloopStudy
internal import Synchronization

/// Studies in a database of PostgreSQL, which any number of processes on any number of machines may
/// read and write at the same time.
///
/// Every change is one transaction that holds the row of its study, and is on the server's disk when the
/// call returns: whichever process is killed, and when, the server included, nothing that was acknowledged
/// is lost and no trial number is used twice. Readers see the last finished transaction and wait for no one.
/// A call that finds the server unreachable is retried, for five minutes by default; a change whose
/// acknowledgement was lost is made once.
///
/// The server's clock is the store's. A change takes two round trips to the server (a claim three), a
/// read one. A process has up to three connections. Memory does not grow with the study, except for what
/// a call returns.
public final class PostgresStore: RestoringStore {
  /// How the database is opened.
  public typealias Access = StoreAccess

  /// Seconds after an outage in which no lease counts as expired: other workers could not renew
  /// theirs either.
  static let grace = 10.0

  /// The server, the database and the user.
  public let address: PostgresAddress
  private let access: Access
  private let clock: (@Sendable () -> Double)?
  private let writer: PostgresSession
  private let reader: PostgresSession
  let listener: PostgresListener
  let cache = StudyCache()
  /// The server's time, and when that was.
  private let lastTime = Mutex<(server: Double, at: SuspendingClock.Instant)?>(nil)

  /// Opens the store. Tables of an older version are migrated.
  ///
  /// - Parameters:
  ///   - patience: seconds for which a server that was reached once may be unreachable.
  ///   - clock: seconds since 1970; nil: the server's clock. Tests bring their own.
  ///   - onOutage: called when requests have begun to wait for the server, and when it is back; on a thread that serves
  ///     the store, so it has to be quick and must not call the store.
  /// - Throws: `StudyError` if libpq is missing, the server cannot be reached or refuses, there is no store, or it is
  ///   of a newer version.
  public convenience init(
    _ address: PostgresAddress, _ access: Access = .write, patience: Double = 300,
    clock: (@Sendable () -> Double)? = nil, onOutage: (@Sendable (PostgresOutage) -> Void)? = nil
  ) throws {
    try self.init(
      address, access, patience: patience, schema: .current, clock: clock, onOutage: onOutage)
  }

  init(
    _ address: PostgresAddress, _ access: Access, patience: Double, schema: PostgresSchema,
    clock: (@Sendable () -> Double)?, onOutage: (@Sendable (PostgresOutage) -> Void)? = nil
  ) throws {
    guard patience >= 0, patience <= 1e9 else {
      throw StudyError("a patience of \(patience) seconds cannot be kept", "say 0 to 1e9")
    }
    try address.check()
    self.address = address
    self.access = access
    self.clock = clock
    let waiting = WaitingSessions(onOutage)
    writer = PostgresSession(
      address, access, schema, patience: patience, waiting: waiting, name: "writer")
    reader =
      access == .read
      ? writer
      : PostgresSession(
        address, .write, schema, patience: patience, waiting: waiting, name: "reader",
        isReached: true)
    listener = PostgresListener(address)
    try writer.open()
  }

  deinit { listener.close() }

  public func now() async throws -> Double {
    if let clock { return clock() }
    let time = try await reader.perform { db in
      db.reset()
      let found = try db.rows("SELECT extract(epoch FROM clock_timestamp())::float8")
      return found.next().map { $0[0] as Double } ?? 0
    }
    lastTime.withLock { $0 = (time, .now) }
    return time
  }

  /// The approximate time of the server's clock, without a query if it was queried recently.
  func recentTime() async throws -> Double {
    if let clock { return clock() }
    if let last = lastTime.withLock({ $0 }) {
      let passed = last.at.duration(to: .now) / .seconds(1)
      if passed < 2 { return last.server + passed }
    }
    return try await now()
  }

  /// Whether leases cannot be judged yet.
  var isRecovering: Bool {
    clock == nil && min(writer.secondsSinceOutage, reader.secondsSinceOutage) < Self.grace
  }

  /// Runs `body` in one transaction that holds the row of `study`, or the list of studies, and gives it
  /// the time. If `body` throws, the transaction is rolled back. It may run more than once, and only the
  /// last run counts.
  ///
  /// - Parameter announced: the queries that `body` begins with: they are sent with the first round
  ///   trip.
  func write<T: Sendable>(
    _ study: StudyID?, announcing announced: [StoreQuery] = [],
    _ body: @escaping @Sendable (StudyTables<PostgresConnection>, _ time: Double) throws -> T
  ) async throws -> T {
    guard access != .read else {
      throw StudyError("the store \(address) is open for reading only", "open it for writing")
    }
    let (cache, clock) = (cache, clock)
    let transaction = PostgresTransaction<T>(on: study, announcing: announced) { db, time in
      try body(StudyTables(db, cache), clock.map { $0() } ?? time)
    }
    return try await writer.perform { db in try transaction.run(db) }
  }

  /// Runs `body` on a consistent snapshot of the store.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (StudyTables<PostgresConnection>) throws -> T
  ) async throws -> T {
    let cache = cache
    return try await reader.perform { db in
      db.reset()
      try db.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      do {
        let result = try body(StudyTables(db, cache))
        db.reset()
        // The server's result is read later.
        try db.run("COMMIT")
        try db.flush()
        return result
      } catch {
        if case PostgresFailure.lost = error { throw error }
        try? db.run("ROLLBACK")
        try? db.collect()
        throw error
      }
    }
  }

  /// Like `read`, for a single query, which is consistent by itself.
  func peek<T: Sendable>(
    _ body: @escaping @Sendable (StudyTables<PostgresConnection>) throws -> T
  ) async throws -> T {
    let cache = cache
    return try await reader.perform { db in
      db.reset()
      return try body(StudyTables(db, cache))
    }
  }
}
