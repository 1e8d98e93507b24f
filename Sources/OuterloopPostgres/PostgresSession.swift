internal import Dispatch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import Synchronization

/// A connection that reconnects: requests run in turn, on its own thread, and are repeated if the
/// connection was lost before they were done.
final class PostgresSession: @unchecked Sendable {
  private let address: PostgresAddress
  private let access: PostgresStore.Access
  private let schema: PostgresSchema
  /// Seconds for which a server may be unreachable.
  private let patience: Double
  /// Shared by the sessions of a store.
  private let waiting: WaitingSessions
  private let queue: DispatchQueue
  /// Used on the queue alone.
  private var connection: PostgresConnection?
  /// Whether the server was reached once, by this session or another one: only then is it waited
  /// for.
  private var wasOpen: Bool
  /// Whether a request was answered: only then is a server waited for that lacks disk or memory.
  private var wasAnswered = false
  /// When an outage ended last.
  private let recovery = Mutex<SuspendingClock.Instant?>(nil)

  init(
    _ address: PostgresAddress, _ access: PostgresStore.Access, _ schema: PostgresSchema,
    patience: Double, waiting: WaitingSessions, name: String, isReached: Bool = false
  ) {
    wasOpen = isReached
    self.address = address
    self.access = access
    self.schema = schema
    self.patience = patience
    self.waiting = waiting
    queue = DispatchQueue(label: "outerloop.postgres.\(name)")
  }

  /// Seconds since the server was reached again after an outage, or started, or last lacked disk or memory;
  /// infinity: there was no outage.
  var secondsSinceOutage: Double {
    recovery.withLock { $0 }.map { $0.duration(to: .now) / .seconds(1) } ?? .infinity
  }

  /// Connects now, on the caller's thread: a server that cannot be reached is an error at once, one that is
  /// starting is waited for.
  func open() throws {
    try queue.sync {
      try persist(isCancelled: { false }) { _ in }
      wasAnswered = false
    }
  }

  /// Runs `body` on the connection, and again whenever the connection was lost. Cancelling the task
  /// only ends the waiting for an unreachable server.
  func perform<T: Sendable>(
    _ body: @escaping @Sendable (PostgresConnection) throws -> T
  ) async throws -> T {
    let isCancelled = Atomic(false)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.async {
          continuation.resume(
            with: Result {
              try self.persist(isCancelled: { isCancelled.load(ordering: .relaxed) }, body)
            })
        }
      }
    } onCancel: {
      isCancelled.store(true, ordering: .relaxed)
    }
  }

  private func persist<T>(
    isCancelled: () -> Bool, _ body: (PostgresConnection) throws -> T
  ) throws -> T {
    let start = SuspendingClock.now
    var tries = 0
    var isWaiting = false
    var isGivenUp = false
    defer { if isWaiting { waiting.leave(isGivenUp: isGivenUp) } }
    while true {
      do {
        let result = try body(connected(sinceFailures: tries))
        wasAnswered = true
        return result
      } catch let failure as PostgresFailure {
        let waited = start.duration(to: .now) / .seconds(1)
        switch failure {
        case .lost(let message):
          connection = nil
          guard wasOpen || message.contains("starting up") else {
            isGivenUp = true
            throw failure.explained(address)
          }
        case .refused:
          guard failure.isPassing || (failure.isShortage && wasAnswered) else {
            throw failure.explained(address)
          }
          // Nobody could renew a lease.
          if failure.isShortage { recovery.withLock { $0 = .now } }
        }
        let isEnded = isCancelled()
        guard !isEnded, waited < patience else {
          isGivenUp = true
          throw isEnded ? CancellationError() : Self.exhausted(failure, waited, address)
        }
        if !isWaiting, waited >= WaitingSessions.silence {
          waiting.enter(failure.explained(address), since: start, patience: patience)
          isWaiting = true
        }
        tries += 1
        Self.pause(tries, isCancelled)
      } catch is JSONReader.Failure {
        throw StudyError(
          "the store \(address) holds something that cannot be read: it is damaged",
          "go back to a backup of the database")
      }
    }
  }

  private static func exhausted(
    _ failure: PostgresFailure, _ waited: Double, _ address: PostgresAddress
  ) -> StudyError {
    let error = failure.explained(address)
    return StudyError(
      "\(error.what) (tried for \(Int(waited)) seconds)",
      error.remedy + ", and resume: what was written down before is safe")
  }

  /// No pause before the first try, then from 50 ms to 2 s, at random, so that not all clients reconnect
  /// at once.
  private static func pause(_ tries: Int, _ isCancelled: () -> Bool) {
    guard tries > 1 else { return }
    var left = Double.random(in: 0.5...1) * min(0.05 * Double(1 << min(tries, 10)), 2)
    while left > 0, !isCancelled() {
      let step = min(left, 0.1)
      Blocking.sleep(step)
      left -= step
    }
  }

  private func connected(sinceFailures failures: Int) throws -> PostgresConnection {
    if let connection, connection.isConnected { return connection }
    let made = try PostgresConnection(address)
    // The server too notices within half a minute that a client is cut off, and a client that is held up within a
    // change holds up the others for ten seconds at most.
    let settings = try made.rows(
      """
      SELECT current_setting('server_encoding'),
        extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8,
        set_config('search_path', 'outerloop', false), set_config('enable_seqscan', 'off', false),
        set_config('jit', 'off', false), set_config('lock_timeout', '60s', false),
        set_config('idle_in_transaction_session_timeout', '10s', false),
        set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25000', false),
        set_config('default_transaction_isolation', 'read committed', false)
      """)
    guard let row = settings.next() else { throw PostgresFailure.lost("no answer") }
    guard row[0] as String == "UTF8" else {
      throw StudyError(
        "the database of \(address) keeps texts as \(row[0] as String), not as UTF-8",
        "create one: createdb --encoding=UTF8 --template=template0 NAME")
    }
    try schema.open(made, wasOpen && access == .create ? .write : access, address)
    // Other workers have not reconnected yet: their leases must not count as expired.
    if failures > 1 || row[1] < PostgresStore.grace { recovery.withLock { $0 = .now } }
    if access == .read {
      try made.run("SELECT set_config('default_transaction_read_only', 'on', false)")
    }
    connection = made
    wasOpen = true
    return made
  }
}
