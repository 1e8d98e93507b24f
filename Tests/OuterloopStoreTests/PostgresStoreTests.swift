import Foundation
import OuterloopStore
import OuterloopStudy
import PostgresServer
import Testing

@testable import OuterloopPostgres

/// How a store on a server is opened, and what is said where it cannot be.
@Suite(
  .serialized, .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"))
struct PostgresStoreTests {
  private let server: PostgresServer
  private let database: PostgresDatabase

  init() throws {
    server = try #require(PostgresServer.shared)
    database = try PostgresDatabase(server)
  }

  /// What opening a URL says, which shows no password.
  private func refusal(_ url: String, _ access: StoreAccess = .create) throws -> StudyError {
    let address = try #require(PostgresAddress(url))
    let error = #expect(throws: StudyError.self) { _ = try PostgresStore(address, access) }
    let said = try #require(error)
    for secret in ["s3cret", PostgresServer.password, PostgresServer.escapedPassword] {
      #expect(!"\(said)".contains(secret) && !said.remedy.contains(secret), "\(said)")
    }
    return said
  }

  private func expect(_ error: StudyError, _ what: String, _ remedy: String) {
    #expect(error.what.contains(what), "\(error.what)")
    #expect(error.remedy.contains(remedy), "\(error.remedy)")
  }

  @Test func wrongPassword() throws {
    expect(
      try refusal(server.networkURL(database.name, password: "s3cret")),
      "password authentication failed", "PGPASSWORD")
    expect(
      try refusal(server.networkURL(database.name, password: nil)), "no password supplied",
      ".pgpass")
  }

  @Test func noServer() throws {
    let proxy = try TCPProxy(to: server.port)
    proxy.isDown = true
    expect(
      try refusal(server.networkURL(database.name, port: proxy.port)), "cannot be reached",
      "pg_isready -d postgres://outerloop@127.0.0.1:\(proxy.port)/\(database.name)")
    expect(
      try refusal("postgres://me:s3cret@no-such-host.invalid/x"), "could not translate host name",
      "check the name of the host")
  }

  @Test func noDatabase() throws {
    expect(try refusal(server.networkURL("none")), "database \"none\" does not exist", "createdb")
    expect(try refusal(database.url, .read), "there is no store in", "tune")
    expect(try refusal(database.url, .write), "there is no store in", "tune")
  }

  @Test(arguments: [
    "postgres://me:s3cret@h/x?no=such", "postgres://h/%zz",
    "postgresql://[::1/x", "postgres://me:s3cret@h/x?password=s3cret&y",
  ])
  func badURLs(_ url: String) throws {
    expect(try refusal(url), "is no URL of PostgreSQL", "postgres://USER@HOST/DATABASE")
  }

  @Test func otherEncodings() throws {
    let name = database.name + "_latin"
    try server.query("CREATE DATABASE \(name) ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    defer { _ = try? server.query("DROP DATABASE \(name) WITH (FORCE)") }
    expect(try refusal(server.url(name)), "LATIN1", "--encoding=UTF8")
  }

  @Test func readers() async throws {
    _ = try database.store()
    try server.query("CREATE ROLE reader LOGIN")
    defer {
      _ = try? server.query(
        "REVOKE ALL ON ALL TABLES IN SCHEMA outerloop FROM reader", in: database.name)
      _ = try? server.query("REVOKE ALL ON SCHEMA outerloop FROM reader", in: database.name)
      _ = try? server.query("DROP ROLE reader")
    }
    try server.query(
      "GRANT USAGE ON SCHEMA outerloop TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA outerloop TO reader",
      in: database.name)
    let url = database.url.replacingOccurrences(of: "user=outerloop", with: "user=reader")
    let store = try PostgresStore(try #require(PostgresAddress(url)), .write)
    #expect(try await store.studies().isEmpty)
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let specification = try StudySpecification(
      name: "s", space: space, objectives: [.minimize("loss")], method: MethodDescription("random"),
      seed: 0)
    let error = await #expect(throws: StudyError.self) { _ = try await store.create(specification) }
    expect(try #require(error), "may not be written to", "GRANT")
    // The connection goes on.
    #expect(try await store.studies().isEmpty)
    let reading = try PostgresStore(try #require(PostgresAddress(url)), .read)
    #expect(try await reading.studies().isEmpty)
  }

  /// Tables of an older version are brought up to date by who may write, and refused by who knows less.
  @Test func schemas() async throws {
    let address = try #require(PostgresAddress(database.url))
    _ = try database.store()
    let next = PostgresSchema(
      steps: PostgresSchema.current.steps + [
        ["ALTER TABLE outerloop.trials ADD COLUMN extra BIGINT"]
      ])
    let error = #expect(throws: StudyError.self) {
      _ = try PostgresStore(address, .read, patience: 1, schema: next, clock: nil)
    }
    expect(try #require(error), "was written by an older version (schema 1", "open it for writing")
    // Several at once: one of them migrates.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          _ = try PostgresStore(address, .write, patience: 1, schema: next, clock: nil)
        }
      }
      try await group.waitForAll()
    }
    let rows = try server.query("SELECT version FROM outerloop.store", in: database.name)
    #expect(rows == "2")
    for access in StoreAccess.allCases {
      expect(try refusal(database.url, access), "by a newer version (schema 2", "update Outerloop")
    }
  }

  /// Statements are those that both databases understand; here are those that need a change.
  @Test func statements() {
    #expect(
      PostgresStatement.text("SELECT ? FROM a INDEXED BY b WHERE c = ?2 AND d = ?1 AND e = ?")
        == "SELECT $1 FROM a  WHERE c = $2 AND d = $1 AND e = $3")
    for text in ["", "a", "a\0b", "\u{10FFFE}", "\0\u{10FFFE}0\0", "é\u{10FFFF}"] {
      let escaped = PostgresStatement.escaped(text)
      #expect(!escaped.contains(0))
      let plain = escaped.withUnsafeBufferPointer { PostgresStatement.plain($0) } ?? escaped
      #expect(plain == Array(text.utf8))
    }
  }

  @Test(arguments: [
    ("postgres://me:s3cret@db/x", "postgres://me@db/x"),
    ("postgres://me:s3c%40ret@db:5/x?sslmode=require", "postgres://me@db:5/x?sslmode=require"),
    ("postgres://db/x?user=me&password=s3cret", "postgres://db/x?user=me&password=…"),
    ("postgres://me@db/x", "postgres://me@db/x"), ("postgres://", "postgres://"),
    ("postgres://:s3cret@db/x", "postgres://@db/x"),
  ])
  func passwordsAreHidden(_ url: String, _ shown: String) throws {
    let address = try #require(PostgresAddress(url))
    #expect(address.description == shown)
    #expect(PostgresAddress.withoutPasswords("see \(url) there") == "see \(shown) there")
    #expect(address.hasPassword == (url != shown))
  }

  /// A study is the same in every store: events, times, attempts, reports, notes.
  @Test func copies() async throws {
    let folder = Folder()
    #expect(try ProbeProcess("mixture", folder["a.db"], in: folder).wait() == 0)
    let first = try SQLiteStore(folder["a.db"])
    let id = try #require(try await first.study(named: "s"))
    try await first.note(.suspended, in: id)
    _ = try await first.update(id) {
      $0.budget.trials = 77
      $0.attributes["note"] = "a\0b\u{10FFFE}"
    }
    let server = try database.store { Date().timeIntervalSince1970 }
    let back = try SQLiteStore(folder["b.db"], .create)
    let original = try await StudyCopy(id, of: first)
    let there = try await server.restore(original.specification, events: original.events)
    let moved = try await StudyCopy(there, of: server)
    let home = try await back.restore(moved.specification, events: moved.events)
    let returned = try await StudyCopy(home, of: back)
    for copy in [moved, returned] {
      #expect(copy.specification == original.specification)
      #expect(copy.events == original.events)
      #expect(copy.runningTrials == 1)
    }
    let trials = try await first.trials(of: id, matching: TrialQuery())
    #expect(trials.count == 12)
    #expect(try await server.trials(of: there, matching: TrialQuery()) == trials)
    #expect(try await back.trials(of: home, matching: TrialQuery()) == trials)
    let summary = try await first.summary(of: id)
    #expect(try await server.summary(of: there) == summary)
    // Nothing is replaced.
    let error = await #expect(throws: StudyError.self) {
      _ = try await server.restore(original.specification, events: original.events)
    }
    expect(try #require(error), "study `s` exists", "another name")
    // The trial that ran has no worker there.
    #expect(try await server.reap(there) == [4])
  }
}
