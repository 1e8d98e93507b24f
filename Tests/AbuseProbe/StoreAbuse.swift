import Foundation
import OuterloopStore
import OuterloopStudy

extension AbuseRoom {
  static let store = AbuseRoom("OuterloopStore") { room in
    room.addFiles()
    room.addStores(named: "SQLiteStore") {
      try SQLiteStore(StoreFiles.empty(), .write) { 1e9 }
    }
    room.exclude("takes no values", "SQLiteStore.now", "SQLiteStore.studies")
  }
}

/// Paths in a folder of their own, which goes with the process.
enum StoreFiles {
  private static let folder: String = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("abuse-stores").path
    try? FileManager.default.removeItem(atPath: folder)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }()

  static func fresh() -> String { "\(folder)/\(UUID().uuidString).db" }

  /// The file of a store without studies, which is copied in a fraction of the time that it takes to make one.
  static func empty() throws -> String {
    let path = fresh()
    try store.write(to: URL(fileURLWithPath: path))
    return path
  }

  private static let store: Data = {
    let path = fresh()
    do { _ = try SQLiteStore(path, .create) } catch { return Data() }
    return (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()
  }()

  static func written(_ text: String) throws -> String {
    let path = fresh()
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }
}

extension AbuseRoom {
  fileprivate mutating func addFiles() {
    let accesses: [SQLiteStore.Access] = [.create, .write, .read]
    add("SQLiteStore.init", ["", "\0", "/", "/nowhere/a.db", "/dev/null", "a\0b"], accesses) {
      try SQLiteStore($0, $1).path
    }
    add(
      "SQLiteStore.init", ["", "text", "SQLite format 3\0", String(repeating: "x", count: 9999)],
      accesses
    ) {
      try SQLiteStore(StoreFiles.written($0), $1).path
    }
    add("SQLiteStore.init", Edges.numbers) { time in
      let store = try SQLiteStore(StoreFiles.fresh(), .create) { time }
      let id = try await store.create(Studies.specification())
      _ = try await store.add(
        Studies.suggestion(), asTrial: 0, to: id,
        claimedBy: Claimant(worker: "w", lease: time))
      return try await store.reap(id)
    }
    let kinds = Studies.kinds
    add("SQLiteStore.restore", kinds, Edges.integers) { kind, number in
      let store = try SQLiteStore(StoreFiles.fresh(), .create)
      let first = Event(revision: 1, time: .nan, trial: 0, try Studies.suggestion())
      return try await store.restore(
        Studies.specification(),
        events: [first, Event(revision: number, time: .infinity, trial: number, kind)])
    }
    add("StudyStore.export", TrialFormat.allCases, Edges.integers, kinds) { format, number, kind in
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      for _ in 0..<2 {
        _ = try store.add(
          Studies.suggestion(), asTrial: nil, to: id,
          claimedBy: Claimant(worker: "a\0\n\""))
      }
      _ = try store.append([kind], to: 0, of: id)
      var text = ""
      try await store.export(
        id, as: format, matching: TrialQuery(from: number, limit: number)
      ) { text += $0 }
      return text.count
    }
    add("TrialRecord.init", kinds, Edges.numbers, Edges.integers) { kind, time, number in
      var trial = try Studies.trial(number, through: number, created: time)
      for kind in [.claimed(attempt: 1, worker: "\u{1B}"), kind] {
        trial.apply(Event(revision: 0, time: time, trial: number, kind))
      }
      return TrialRecord(trial, try Studies.specification(), isWhole: true).text
    }
    add("TrialRecord.encode", kinds) { kind in
      var trial = try Studies.trial(created: .nan)
      trial.apply(Event(revision: 0, time: .infinity, trial: 0, kind))
      return try JSONEncoder().encode(TrialRecord(trial, Studies.specification())).count
    }
    let paths: [@Sendable () throws -> String] = [
      { "" }, { "\0" }, { "/" }, { "/dev/null" }, { "/nowhere/a.db" },
      { try StoreFiles.written("text") }, { try StoreFiles.written("") },
    ]
    let texts =
      Studies.texts + [
        "{}", "{\"params\": 1}", "{\"trials\": [{\"params\": {\"x\": []}}]}", "param.x\n1",
        "param.x,value.y\n1e999,nan\n", "param.x\n\"1", "param.x,state\n1\n", "[1]", "{\n{",
      ]
    add("TrialFile.results", texts) { try TrialFile.results(StoreFiles.written($0)).count }
    refuse("TrialFile.results", ["", "/", "/nowhere/a.csv", "a\0b"]) { try TrialFile.results($0) }
    add("OptunaFile.studies", Array(paths.indices)) { try OptunaFile.studies(in: paths[$0]()) }
    add("OptunaFile.read", Array(paths.indices), Studies.texts) {
      try OptunaFile.read(paths[$0](), study: $1).specification.name
    }
    add("OptunaFile.checkTarget", Array(paths.indices), [false, true]) {
      try OptunaFile.checkTarget(paths[$0](), replacesFile: $1)
      return 0
    }
    add("OptunaFile.write", Array(paths.indices), kinds) { place, kind in
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      _ = try store.add(
        Studies.suggestion(), asTrial: nil, to: id,
        claimedBy: Claimant(worker: "w"))
      _ = try store.append([kind], to: 0, of: id)
      try await OptunaFile.write(
        id, of: store, to: place == 0 ? StoreFiles.fresh() : paths[place]())
      return 0
    }
  }
}
