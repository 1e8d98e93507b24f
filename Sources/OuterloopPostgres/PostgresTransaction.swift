internal import OuterloopPlatform
internal import OuterloopStore
internal import OuterloopStudy

enum Blocking {
  /// Blocks the thread.
  static func sleep(_ seconds: Double) { usleep(UInt32(max(seconds, 0) * 1e6)) }
}

/// A change of the store that is made exactly once, even if the connection is lost.
///
/// A connection that breaks while the server's answer to COMMIT is on its way leaves open whether the change was
/// made. The transaction's ID decides: the server knows for each whether it was committed. A crashed server reuses
/// the IDs of transactions that left no trace, so an event that was written has to be present too, with its time. (A
/// change without an event, such as renewing a lease, is decided by the ID alone.) A transaction that is still
/// running on a lost connection is terminated, since it holds a lock.
///
/// Used by one thread at a time.
final class PostgresTransaction<Result>: @unchecked Sendable {
  private struct Open {
    var number: Int
    var process: Int
    /// Nil: it was lost before the end.
    var result: Result?
    /// The last event that it has written to each study.
    var news: [Int: (revision: Int, time: Double)] = [:]
  }

  /// The lock: the row of a study, so that its events and trials are numbered without gaps, or the list of
  /// studies.
  private let lock: StoreQuery
  private let isOfStudy: Bool
  private let announced: [StoreQuery]
  private let body: (PostgresConnection, _ serverTime: Double) throws -> Result
  private var open: Open?

  private static var start: StoreQuery {
    StoreQuery("SELECT txid_current(), extract(epoch FROM clock_timestamp())::float8")
  }

  /// - Parameter announced: queries that `body` begins with, which are sent with the first round
  ///   trip.
  init(
    on study: StudyID?, announcing announced: [StoreQuery],
    _ body: @escaping (PostgresConnection, _ serverTime: Double) throws -> Result
  ) {
    self.announced = announced
    self.body = body
    isOfStudy = study != nil
    lock =
      study.map {
        StoreQuery("SELECT 1 FROM studies WHERE id = ? FOR NO KEY UPDATE", .int($0.rawValue))
      } ?? StoreQuery("SELECT pg_advisory_xact_lock(?)", .int(PostgresSchema.lock))
  }

  /// Makes the change, if an earlier call has not.
  func run(_ db: PostgresConnection) throws -> Result {
    if let open, let result = try settle(open, db) { return result }
    open = nil
    db.reset()
    do {
      let result = try attempt(db)
      db.reset()
      return result
    } catch {
      if case PostgresFailure.lost = error { throw error }
      // The reason for the refusal matters, not whether the rollback succeeded.
      try? db.run("ROLLBACK")
      try? db.collect()
      db.reset()
      open = nil
      throw error
    }
  }

  private func attempt(_ db: PostgresConnection) throws -> Result {
    try db.run("BEGIN")
    // The time is read once the lock is held, so that times and revisions are in the same order.
    try db.announce([lock, Self.start] + announced)
    guard let row = try db.rows(Self.start).next() else { throw PostgresFailure.lost("no answer") }
    open = Open(number: row[0], process: db.process)
    let runs = db.runs
    let result = try body(db, row[1])
    if isOfStudy, db.runs == runs {
      // Nothing was changed, as when another worker was faster: the next one need not wait for the disk. Even
      // the lock alone would be written to it by COMMIT. Changes of a study are statements without rows.
      open = nil
      try db.run("ROLLBACK")
      try db.flush()
      return result
    }
    for (study, last) in db.news.sorted(by: { $0.key < $1.key }) {
      try db.run(
        "SELECT pg_notify(?, ?)", .text(PostgresListener.channel(study)),
        .text("\(last.revision)"))
    }
    open?.news = db.news
    open?.result = result
    try db.run("COMMIT")
    try db.collect()
    open = nil
    return result
  }

  /// The result of the change if it was made; nil if it was not, and never will be.
  private func settle(_ open: Open, _ db: PostgresConnection) throws -> Result? {
    db.reset()
    for _ in 0..<200 {
      let status = try status(open.number, db)
      if status == "committed", let result = open.result {
        for (study, last) in open.news {
          let kept = try db.integer(
            "SELECT 1 FROM events WHERE study = ? AND revision = ? AND time = ?", .int(study),
            .int(last.revision), .real(last.time))
          if kept == nil { return nil }
        }
        return result
      }
      guard status == "in progress" else { return nil }
      _ = try db.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ?::bigint AND backend_xid::text = ?",
        .int(open.process), .text("\(open.number & 0xFFFF_FFFF)"))
      Blocking.sleep(0.05)
    }
    throw PostgresFailure.lost("a transaction of a lost connection does not end")
  }

  private func status(_ number: Int, _ db: PostgresConnection) throws -> String {
    do {
      let found = try db.rows("SELECT coalesce(txid_status(?), 'aborted')", .int(number))
      return found.next().map { $0[0] } ?? "aborted"
    } catch PostgresFailure.refused(state: "22023", _) {
      // After a crash the ID is one of the future: the transaction is lost.
      return "aborted"
    }
  }
}
