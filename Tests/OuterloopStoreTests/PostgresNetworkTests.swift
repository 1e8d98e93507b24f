import Foundation
import OuterloopPostgres
import OuterloopStudy
import PostgresServer
import Synchronization
import Testing

/// A network and a server that fail while they are needed: what was answered is there, once, and nothing else.
@Suite(
  .serialized, .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"))
struct PostgresNetworkTests {
  private let folder = Folder()

  private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    String(decoding: bytes, as: UTF8.self).contains(text)
  }

  /// Runs trials over a network that loses what `isLost` says, each of three events beside its creation.
  private func trials(
    _ count: Int, losing isLost: @escaping @Sendable (TCPProxy.Direction, [UInt8]) -> TCPProxy.Fate
  ) async throws -> (cuts: Int, events: [Event], trials: [Trial]) {
    let server = try #require(PostgresServer.shared)
    let database = try PostgresDatabase(server)
    let isArmed = Mutex(false)
    let cuts = Mutex(0)
    let proxy = try TCPProxy(to: server.port) { direction, bytes in
      guard isArmed.withLock({ $0 }) else { return .pass }
      let fate = isLost(direction, bytes)
      if case .pass = fate { return fate }
      cuts.withLock { $0 += 1 }
      return fate
    }
    let url = server.networkURL(database.name, port: proxy.port)
    let store = try PostgresStore(try #require(PostgresAddress(url)), .create)
    let specification = try SmallStudy.specification()
    let study = try await store.create(specification)
    isArmed.withLock { $0 = true }
    for number in 0..<count {
      let claim = try await store.add(
        SmallStudy.suggestion(specification.space), asTrial: nil, to: study,
        claimedBy: Claimant(worker: "w"))
      #expect(claim?.trial.number == number)
      let report = Report(epoch: 1, ["loss": 0.5])
      let answer = try await store.append(
        [.reported(attempt: 1, report), .finished(attempt: 1, .complete([0.5]))], to: number,
        of: study)
      #expect(answer == .accepted)
    }
    isArmed.withLock { $0 = false }
    let direct = try database.store(.write)
    return (
      cuts.withLock { $0 }, try await direct.events(of: study, after: 0, limit: .max),
      try await direct.trials(of: study, matching: TrialQuery())
    )
  }

  private func check(_ found: (cuts: Int, events: [Event], trials: [Trial]), _ count: Int) {
    #expect(found.events.map(\.revision) == Array(1...4 * count))
    #expect(found.trials.map(\.number) == Array(0..<count))
    #expect(found.trials.allSatisfy { $0.state == .complete && $0.attempts.count == 1 })
  }

  /// The server has committed, and its answer never comes.
  @Test func lostAnswers() async throws {
    let commits = Mutex(0)
    let found = try await trials(30) { direction, bytes in
      guard direction == .toClient, Self.contains(bytes, "COMMIT\0") else { return .pass }
      // Not of those that come back: each is asked about once more.
      return commits.withLock { commits in
        commits += 1
        return commits % 2 == 1 ? .cut : .pass
      }
    }
    #expect(found.cuts > 20)
    check(found, 30)
  }

  /// Requests that do not arrive, or whose answers do not, at any moment.
  @Test func lossesAnywhere() async throws {
    // Some fifteen pieces go by until a connection is made: more than these, so that there is progress.
    let left = Mutex(20)
    let found = try await trials(30) { _, _ in
      left.withLock { left in
        left -= 1
        guard left == 0 else { return .pass }
        left = .random(in: 20...50)
        return Bool.random() ? .cut : .passAndCut
      }
    }
    #expect(found.cuts > 5)
    check(found, 30)
  }

  /// The network is down for some seconds: nothing is lost but these.
  @Test func outage() async throws {
    let remote = try await ProxiedStudy()
    let (store, study, proxy) = (remote.store, remote.study, remote.proxy)
    let specification = remote.specification
    proxy.isDown = true
    async let added = store.add(
      SmallStudy.suggestion(specification.space), asTrial: nil, to: study, claimedBy: nil)
    try await Task.sleep(for: .seconds(2))
    let start = ContinuousClock.now
    proxy.isDown = false
    #expect(try await added != nil)
    #expect(start.duration(to: .now) < .seconds(10))
    #expect(try await store.events(of: study, after: 0, limit: .max).count == 1)
  }

  /// Both sessions of a store wait, one outage is told, and its end when both go on.
  @Test func toldOutage() async throws {
    let server = try #require(PostgresServer.shared)
    let database = try PostgresDatabase(server)
    let proxy = try TCPProxy(to: server.port)
    let url = server.networkURL(database.name, port: proxy.port)
    let told = Mutex<[PostgresOutage]>([])
    let store = try PostgresStore(
      try #require(PostgresAddress(url)), .create,
      onOutage: { outage in told.withLock { $0.append(outage) } })
    let study = try await store.create(try SmallStudy.specification())
    proxy.isDown = true
    async let read = store.now()
    async let written = store.update(study) { $0.attributes["note"] = "kept" }
    try await Task.sleep(for: .seconds(4))
    proxy.isDown = false
    #expect(try await read > 0)
    #expect(try await written.attributes["note"] == "kept")
    let all = told.withLock { $0 }
    guard all.count == 2, case .began(let error, patience: 300) = all[0],
      case .ended(let seconds) = all[1]
    else {
      Issue.record("told \(all)")
      return
    }
    #expect(error.what.contains("cannot be reached"))
    #expect(!"\(error)".contains("w@rd") && !"\(error)".contains("w%40rd"))
    #expect((3.5...12).contains(seconds), "\(seconds)")
  }

  /// Who waits longer than the patience lasts is told so, and by whom, without the password.
  @Test func patienceEnds() async throws {
    let server = try #require(PostgresServer.shared)
    let database = try PostgresDatabase(server)
    let proxy = try TCPProxy(to: server.port)
    let url = server.networkURL(database.name, port: proxy.port)
    let address = try #require(PostgresAddress(url))
    let store = try PostgresStore(
      address, .create, patience: 0.5, onOutage: { _ in Issue.record("half a second is no outage") }
    )
    proxy.isDown = true
    let error = await #expect(throws: StudyError.self) { _ = try await store.studies() }
    #expect(error?.what.contains("cannot be reached") == true)
    #expect(error?.what.contains("tried for") == true)
    #expect(error.map { !"\($0)".contains("w@rd") && !"\($0)".contains("w%40rd") } == true)
    proxy.isDown = false
    #expect(try await store.studies().isEmpty)
  }

  /// Writers on a server that is killed, or restarted by its administrator, while they write.
  @Test func killedServer() async throws {
    let server = try PostgresServer()
    let url = server.url("postgres")
    _ = try SharedStore.open(url, .create)
    let writers = try (0..<3).map { _ in try ProbeProcess("work", url, in: folder) }
    for round in 0..<4 {
      try await Task.sleep(for: .milliseconds(Int.random(in: 600...1200)))
      if round % 2 == 0 { try server.kill() } else { try server.stop() }
      try server.start()
    }
    try await Task.sleep(for: .seconds(2))
    #expect(writers.allSatisfy { $0.process.isRunning }, "a writer gave up")
    for writer in writers { writer.kill() }
    let said = Acknowledged(try writers.flatMap { try $0.lines })
    #expect(said.errors.isEmpty, "\(said.errors)")
    #expect(said.finished.count > 20)
    try await CrashTests.check(url, said)
  }

  /// Who waits for news is woken by another process's.
  @Test func news() async throws {
    let server = try #require(PostgresServer.shared)
    let database = try PostgresDatabase(server)
    let (store, other) = (try database.store(), try database.store())
    let specification = try SmallStudy.specification()
    let study = try await store.create(specification)
    // The first one listens, which takes a connection.
    try await store.awaitEvents(of: study, after: 0, pause: 1)
    for revision in 0..<5 {
      async let waited: Void = store.awaitEvents(of: study, after: revision, pause: 30)
      try await Task.sleep(for: .milliseconds(50))
      let start = ContinuousClock.now
      _ = try await other.add(
        SmallStudy.suggestion(specification.space), asTrial: nil, to: study, claimedBy: nil)
      try await waited
      #expect(start.duration(to: .now) < .seconds(2))
    }
    // What is there already is no news to wait for.
    let start = ContinuousClock.now
    try await store.awaitEvents(of: study, after: 0, pause: 30)
    #expect(start.duration(to: .now) < .seconds(2))
  }

  /// Other connections are heard again after the listener's was lost.
  @Test func newsAfterLoss() async throws {
    let server = try #require(PostgresServer.shared)
    let database = try PostgresDatabase(server)
    let (store, other) = (try database.store(), try database.store())
    let specification = try SmallStudy.specification()
    let study = try await store.create(specification)
    try await store.awaitEvents(of: study, after: 0, pause: 1)
    try server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
    async let waited: Void = store.awaitEvents(of: study, after: 0, pause: 30)
    try await Task.sleep(for: .seconds(1))
    let start = ContinuousClock.now
    _ = try await other.add(
      SmallStudy.suggestion(specification.space), asTrial: nil, to: study, claimedBy: nil)
    try await waited
    #expect(start.duration(to: .now) < .seconds(5))
  }

  /// The server's clock is the store's.
  @Test func leases() async throws {
    let database = try PostgresDatabase(try #require(PostgresServer.shared))
    let store = try database.store()
    let specification = try SmallStudy.specification()
    let study = try await store.create(specification)
    let made = try await store.add(
      SmallStudy.suggestion(specification.space), asTrial: nil, to: study,
      claimedBy: Claimant(worker: "w", lease: 60))
    let claim = try #require(made)
    let time = try await store.now()
    #expect(abs(time - Date().timeIntervalSince1970) < 5)
    let lease = try #require(try await store.leases(of: study).first)
    #expect(abs(lease.until - time - 60) < 5)
    #expect(try await store.renew(claim, seconds: 100))
    #expect(abs(try await store.leases(of: study)[0].until - time - 100) < 5)
  }

  /// Who asks for lost trials while the network is away does not take away those whose workers could not say so.
  @Test func reapAfterOutage() async throws {
    let remote = try await ProxiedStudy()
    let (store, study, proxy) = (remote.store, remote.study, remote.proxy)
    let specification = remote.specification
    let server = try #require(PostgresServer.shared)
    for lease in [0.1, 2] {
      _ = try await store.add(
        SmallStudy.suggestion(specification.space), asTrial: nil, to: study,
        claimedBy: Claimant(worker: "w", lease: lease))
    }
    try await Task.sleep(for: .milliseconds(500))
    // Somebody else holds the study, so that the request is on its way when the network goes down.
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: server.programs + "/psql")
    holder.arguments = [
      "-Xq", "-c", "BEGIN; SELECT 1 FROM outerloop.studies FOR UPDATE; SELECT pg_sleep(2); COMMIT",
      "-h", server.socketFolder, "-p", "\(server.port)", "-U", PostgresServer.user,
      remote.database.name,
    ]
    holder.standardOutput = FileHandle.nullDevice
    try holder.run()
    try await Task.sleep(for: .milliseconds(500))
    async let reaped = store.reap(study)
    try await Task.sleep(for: .milliseconds(500))
    proxy.isDown = true
    try await Task.sleep(for: .seconds(2))
    proxy.isDown = false
    #expect(try await reaped.isEmpty)
    holder.waitUntilExit()
  }
}
