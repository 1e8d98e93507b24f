import Foundation
import GRDB
import OuterloopStudy
import Testing

@testable import OuterloopStore

/// What is no store is refused with a remedy, and stays as it is.
@Suite struct StoreFileTests {
  private let folder = Folder()

  /// Opens the file every way that is refused; what is in the folder is the same afterwards.
  private func requireRefused(
    _ words: String, name: String = "a.db",
    _ ways: [SQLiteStore.Access] = [.create, .write, .read], schema: Schema = .current
  ) throws {
    func state() -> [String: Data] {
      Dictionary(
        uniqueKeysWithValues: folder.names().map {
          ($0, (try? Data(contentsOf: URL(fileURLWithPath: folder[$0]))) ?? Data())
        })
    }
    let before = state()
    for way in ways {
      do {
        _ = try SQLiteStore(folder[name], way, schema: schema, clock: SystemClock.now)
        Issue.record("\(way) is not refused")
      } catch let error as StudyError {
        #expect(error.what.contains(words), "\(way): \(error)")
        #expect(error.what.contains(name) && !error.remedy.isEmpty, "\(way): \(error)")
      }
    }
    #expect(state() == before, "a refused file was changed")
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  @Test func missing() throws {
    try requireRefused("there is no store", [.write, .read])
    #expect(throws: StudyError.self) { try SQLiteStore(folder["none/a.db"], .create) }
    #expect(folder.names().isEmpty)
  }

  @Test func foreignFiles() throws {
    for text in ["x", "SQLite format 3", String(repeating: "name,value\n", count: 500)] {
      try write(text, folder["a.db"])
      try requireRefused("is not a store")
    }
    // Databases of others, as they are closed and as they are in use.
    for (name, mode) in [("b.db", "delete"), ("c.db", "wal")] {
      let queue = try DatabaseQueue(path: folder[name])
      try queue.inDatabase { db in
        _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = \(mode)")
        try db.execute(sql: "CREATE TABLE studies (a); PRAGMA application_id = 7")
      }
      try requireRefused("another program", name: name)
      try queue.close()
      try requireRefused("another program", name: name)
    }
  }

  /// A copy by another tool is a store like any other: its readers do not hold up writers.
  @Test func copies() async throws {
    let space = try SearchSpace([ParameterDeclaration("x", .int(1, 3))])
    _ = try await SQLiteStore(folder["a.db"], .create).create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")],
        method: MethodDescription("random"), seed: 0))
    let queue = try DatabaseQueue(path: folder["a.db"])
    try queue.inDatabase { try $0.execute(sql: "VACUUM INTO '\(folder["b.db"])'") }
    #expect(try FileHeader.bytes(path: folder["b.db"], limit: 20)[18] == 1)
    let copy = try SQLiteStore(folder["b.db"])
    #expect(try FileHeader.bytes(path: folder["b.db"], limit: 20)[18] == 2)
    #expect(try await copy.study(named: "s") != nil)
  }

  /// A version that no store ever had.
  @Test func damagedVersion() throws {
    _ = try SQLiteStore(folder["a.db"], .create)
    let queue = try DatabaseQueue(path: folder["a.db"])
    try queue.inDatabase { try $0.execute(sql: "PRAGMA user_version = -3") }
    try queue.close()
    try requireRefused("is damaged")
  }

  @Test func unusualFiles() throws {
    try write("", folder["a.db"])
    try requireRefused("is empty", [.write, .read])
    _ = try SQLiteStore(folder["a.db"], .create)
    try requireRefused("is a folder", name: ".")
    #expect(mkfifo(folder["pipe"], 0o600) == 0)
    #expect(throws: StudyError.self) { try SQLiteStore(folder["pipe"], .create) }
    #expect(throws: StudyError.self) { try SQLiteStore("/dev/null", .create) }
  }

  /// A store with some trials, closed: one file.
  private func filled(_ path: String, trials: Int = 300) throws {
    #expect(try ProbeProcess("fill", path, ["\(trials)"], in: folder).wait() == 0)
  }

  @Test func damagedFiles() async throws {
    try filled(folder["whole.db"])
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder["whole.db"]))
    for count in [1, 50, 99, 100, 512, 4096, 5000, whole.count / 2, whole.count - 5000] {
      let place = URL(fileURLWithPath: folder["a.db"])
      try whole.prefix(count).write(to: place)
      // The beginning may look sound; then reading says it.
      await #expect(throws: StudyError.self, "\(count) bytes") { try await readAll(folder["a.db"]) }
      for name in folder.names() where name.hasPrefix("a.db") {
        try FileManager.default.removeItem(atPath: folder[name])
      }
    }
    for seed in 0..<40 {
      var broken = whole
      var random = SplitMix(state: UInt64(seed))
      for _ in 0..<200 {
        broken[Int.random(in: 100..<broken.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      try broken.write(to: URL(fileURLWithPath: folder["a.db"]))
      // Some bytes hold nothing; whatever is wrong is an error, never a trap.
      do { try await readAll(folder["a.db"]) } catch is StudyError {}
      for name in folder.names() where name.hasPrefix("a.db") {
        try FileManager.default.removeItem(atPath: folder[name])
      }
    }
  }

  private func readAll(_ path: String) async throws {
    let store = try SQLiteStore(path, .read)
    for id in try await store.studies() {
      _ = try await store.specification(of: id)
      _ = try await store.trials(of: id, matching: TrialQuery())
      _ = try await store.summary(of: id)
      _ = try await store.history(of: id)
    }
  }

  /// Rows that SQLite takes for sound.
  @Test(arguments: [
    "UPDATE events SET trial = 299 WHERE revision = 1", "UPDATE events SET trial = -1",
    "UPDATE events SET trial = 300 WHERE kind = 'complete'",
    "DELETE FROM events WHERE revision = 7",
    "UPDATE events SET kind = 'done' WHERE revision = 3", "UPDATE events SET attempt = NULL",
    "UPDATE events SET body = '{' WHERE revision = 1", "UPDATE events SET epoch = NULL",
    "UPDATE events SET revision = revision + 1e9", "UPDATE trials SET assignment = ''",
    "UPDATE trials SET assignment = replace(assignment, ':', ':\"x\"')",
    "UPDATE events SET body = replace(body, ':', ':9') WHERE kind = 'suggested'",
    "UPDATE trials SET objectives = '[\"x\"]'", "UPDATE studies SET settings = ''",
    "UPDATE studies SET specification = '{\"space\":{}}'",
  ]) func damagedRows(_ sql: String) async throws {
    try filled(folder["a.db"], trials: 300)
    try await DatabaseQueue(path: folder["a.db"]).write { db in try db.execute(sql: sql) }
    await #expect(throws: StudyError.self) { try await readAll(folder["a.db"]) }
  }

  /// Someone who may read but not write, in a folder that may not be written either.
  @Test func readingWithoutRights() async throws {
    try filled(folder["a.db"])
    #expect(folder.names().filter { $0.hasPrefix("a.db") } == ["a.db"])
    let elsewhere = Folder()
    chmod(elsewhere.path, 0o777)
    for mode: mode_t in [0o755, 0o555] {
      chmod(folder.path, mode)
      let probe = try ProbeProcess("nobody", folder["a.db"], in: elsewhere)
      #expect(probe.wait() == 0)
      #expect(
        try probe.lines == [
          "300 trials", "writing: the store `\(folder["a.db"])` may not be written to",
        ])
    }
    chmod(folder.path, 0o755)
    // While changes are still in the log, the file alone is not the whole store.
    let store = try SQLiteStore(folder["a.db"])
    _ = try await store.create(try specification("second"))
    let inUse = try ProbeProcess("nobody", folder["a.db"], in: elsewhere)
    _ = inUse.wait()
    let said = try inUse.lines
    #expect(said.first == "300 trials" || said.first?.contains("a.db-wal") == true, "\(said)")
  }

  private func specification(_ name: String) throws -> StudySpecification {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    return try StudySpecification(
      name: name, space: space, objectives: [.minimize("loss")],
      method: MethodDescription("random"),
      seed: 0)
  }

  @Test func schemas() async throws {
    try filled(folder["a.db"], trials: 5)
    let next = Schema(
      steps: Schema.current.steps + [
        Schema.Step(name: "notes", sql: "CREATE TABLE notes (a TEXT) STRICT")
      ])
    do {
      // Reading brings a copy up to date; the file stays as it is.
      let before = try Data(contentsOf: URL(fileURLWithPath: folder["a.db"]))
      let store = try SQLiteStore(folder["a.db"], .read, schema: next, clock: SystemClock.now)
      #expect(try await store.summary(of: store.studies()[0]).trials == 5)
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder["a.db"])) == before)
      await #expect(throws: StudyError.self) { try await store.create(specification("t")) }
    }
    do {
      let store = try SQLiteStore(folder["a.db"], .write, schema: next, clock: SystemClock.now)
      #expect(try await store.summary(of: store.studies()[0]).trials == 5)
      // The header in the file is still the old one; the log has the new one.
      #expect(throws: StudyError.self) { try SQLiteStore(folder["a.db"], .write) }
    }
    try requireRefused("newer version")
    let again = try SQLiteStore(folder["a.db"], .read, schema: next, clock: SystemClock.now)
    #expect(try await again.studies().count == 1)
  }

  /// A file of every schema that was released is read as it was meant.
  @Test(arguments: 1...Schema.current.version) func releasedSchemas(_ version: Int) async throws {
    let kept = try #require(
      Bundle.module.url(forResource: "Schemas/schema-\(version)", withExtension: "db"))
    try FileManager.default.copyItem(at: kept, to: URL(fileURLWithPath: folder["a.db"]))
    let store = try SQLiteStore(folder["a.db"])
    let id = try #require(try await store.study(named: "s"))
    let summary = try await store.summary(of: id)
    #expect(summary.counts == [.complete: 5])
    let history = try await store.history(of: id)
    #expect(try await store.trials(of: id, matching: TrialQuery()) == history.trials)
    #expect(history.trials[0].assignment["act"] == "tanh")
    #expect(history.trials.compactMap(\.values?.first) == [0, 0.25, 0.5, 0.75, 1])
  }

  @Test func movedAway() async throws {
    let store = try SQLiteStore(folder["a.db"], .create)
    try FileManager.default.moveItem(atPath: folder["a.db"], toPath: folder["b.db"])
    await #expect(throws: StudyError.self) { try await store.create(specification("s")) }
  }

  @Test func networkFileSystems() {
    let mounts = """
      /dev/sda1 / ext4 rw 0 0
      server:/home /home nfs4 rw 0 0
      //server/share /mnt/my\\040share cifs rw 0 0
      me@host: /mnt/ssh fuse.sshfs rw 0 0
      /dev/sdb1 /mnt/usb fuseblk rw 0 0
      tmpfs /home/me/tmp tmpfs rw 0 0
      C:\\134 /mnt/c 9p rw 0 0
      """
    for (path, type) in [
      ("/a", nil), ("/home/me", "nfs4"), ("/home", "nfs4"), ("/homes", nil),
      ("/home/me/tmp/x", nil),
      ("/mnt/my share/x", "cifs"), ("/mnt/ssh/x", "fuse.sshfs"), ("/mnt/usb/x", nil),
      ("/mnt/c/Users", "9p"),
    ] { #expect(NetworkFileSystem.name(holding: path, mounts: mounts) == type, "\(path)") }
  }

  /// A second connection in the same process that comes and goes does not take the first one's locks
  /// along.
  @Test func severalConnections() async throws {
    let first = try SQLiteStore(folder["a.db"], .create)
    let id = try await first.create(specification("s"))
    for _ in 0..<3 {
      #expect(try await SQLiteStore(folder["a.db"]).studies() == [id])
      #expect(try ProbeProcess("view", folder["a.db"], ["0.05"], in: folder).wait() == 0)
      try await first.update(id) { $0.budget.trials = 3 }
    }
    #expect(folder.names().contains("a.db-wal"), "another process took the store for its own")
  }
}

/// A generator whose numbers are the same every time.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
