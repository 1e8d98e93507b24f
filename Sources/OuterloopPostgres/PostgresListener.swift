internal import COuterloopPQ
internal import Dispatch
internal import OuterloopPlatform
internal import OuterloopStore
internal import Synchronization

/// Receives notifications of events that any process writes, on its own connection and thread, which start
/// when someone waits for the first time. While the connection is lost, waiting calls run into their
/// timeout.
final class PostgresListener: Sendable {
  private struct Waiter {
    var study: Int
    var revision: Int
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var isRunning = false
    var isClosed = false
    /// The last event notified, for each study that someone has waited for.
    var latest: [Int: Int] = [:]
    /// Studies that someone is waiting for but to which the connection does not listen yet.
    var wanted: Set<Int> = []
    var waiters: [Int: Waiter] = [:]
    var tickets = 0
  }

  private let address: PostgresAddress
  private let state = Mutex(State())
  /// The pipe that wakes the thread.
  private let bell: (read: Int32, write: Int32)

  init(_ address: PostgresAddress) {
    self.address = address
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
    }
    bell = (ends[0], ends[1])
  }

  deinit {
    _ = CLibrary.closeFile(bell.read)
    _ = CLibrary.closeFile(bell.write)
  }

  static func channel(_ study: Int) -> String { "outerloop_\(study)" }

  /// Ends the thread, soon.
  func close() {
    state.withLock { $0.isClosed = true }
    wake()
  }

  private func wake() {
    var byte: UInt8 = 1
    _ = CLibrary.writeFile(bell.write, &byte, 1)
  }

  /// Returns when there is an event of the study after `revision`, on timeout, or when the task is
  /// cancelled.
  func wait(for study: Int, after revision: Int, atMost seconds: Double) async {
    let ticket = state.withLock { state in
      state.tickets += 1
      return state.tickets
    }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await withTaskCancellationHandler {
          await withCheckedContinuation { continuation in
            self.register(
              ticket, Waiter(study: study, revision: revision, continuation: continuation))
          }
        } onCancel: {
          self.release { $0 == ticket }
        }
      }
      group.addTask { try? await Task.sleep(for: .seconds(seconds)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func register(_ ticket: Int, _ waiter: Waiter) {
    enum Next { case go, wait, start, wake }
    let next = state.withLock { state -> Next in
      if Task.isCancelled || state.isClosed { return .go }
      if let latest = state.latest[waiter.study], latest > waiter.revision { return .go }
      state.waiters[ticket] = waiter
      guard state.latest[waiter.study] == nil else { return .wait }
      state.wanted.insert(waiter.study)
      if state.isRunning { return .wake }
      state.isRunning = true
      return .start
    }
    switch next {
    case .go: waiter.continuation.resume()
    case .wait: break
    case .wake: wake()
    case .start: DispatchQueue(label: "outerloop.postgres.listener").async { self.listen() }
    }
    // The task may have been cancelled before its waiter was registered.
    if Task.isCancelled { release { $0 == ticket } }
  }

  private func release(where isReady: (Int) -> Bool) {
    let freed = state.withLock { state in
      let keys = state.waiters.keys.filter(isReady)
      return keys.compactMap { state.waiters.removeValue(forKey: $0) }
    }
    for waiter in freed { waiter.continuation.resume() }
  }

  private func notify(_ study: Int, _ revision: Int) {
    let freed = state.withLock { state in
      state.latest[study] = max(revision, state.latest[study] ?? 0)
      let keys = state.waiters.filter { $0.value.study == study && $0.value.revision < revision }
      return keys.keys.compactMap { state.waiters.removeValue(forKey: $0) }
    }
    for waiter in freed { waiter.continuation.resume() }
  }

  private var isClosed: Bool { state.withLock(\.isClosed) }

  // MARK: The thread

  private func listen() {
    var pause = 0.1
    while !isClosed {
      if let db = try? PostgresConnection(address) {
        pause = 0.1
        try? follow(db)
      }
      // Nothing is known until the connection is restored.
      state.withLock { state in
        state.wanted.formUnion(state.latest.keys)
        state.latest = [:]
      }
      var left = pause
      while left > 0, !isClosed {
        Blocking.sleep(0.1)
        left -= 0.1
      }
      pause = min(pause * 2, 2)
    }
    release { _ in true }
  }

  private func follow(_ db: PostgresConnection) throws {
    while !isClosed {
      let wanted = state.withLock { state in
        defer { state.wanted = [] }
        return state.wanted
      }
      do {
        for study in wanted.sorted() {
          try db.run("LISTEN \(Self.channel(study))")
          // From here on nothing is missed; earlier events are queried.
          try db.collect()
          let last = try db.integer(
            "SELECT max(revision) FROM outerloop.events WHERE study = ?", .int(study))
          notify(study, last ?? 0)
        }
      } catch {
        state.withLock { $0.wanted.formUnion(wanted) }
        throw error
      }
      try takeNotifications(db)
      var files = [
        pollfd(fd: db.socket, events: Int16(POLLIN), revents: 0),
        pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&files, 2, 10_000)
      if files[1].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        while CLibrary.readFile(bell.read, &bytes, bytes.count) > 0 {}
      }
      guard outerloop_pq_consume(db.pointer) == 1, db.isConnected else {
        throw PostgresFailure.lost("the connection ended")
      }
      try takeNotifications(db)
    }
  }

  private func takeNotifications(_ db: PostgresConnection) throws {
    var channel = [CChar](repeating: 0, count: 64)
    var payload = [CChar](repeating: 0, count: 64)
    while outerloop_pq_notification(db.pointer, &channel, &payload) == 1 {
      let study = Int(String(cString: channel).dropFirst(Self.channel(0).count - 1))
      if let study, let revision = Int(String(cString: payload)) { notify(study, revision) }
    }
  }
}
