import Foundation
import Testing

/// `outerloop copy` between files. Between files and servers: `PostgresCommandTests`.
@Suite struct CopyCommandTests {
  private let tool = Tool()
  private static let program = #"""
    echo '{"epoch": 1, "loss": 0.5}'; echo saved > "$1/1"; echo '{"checkpoint": "1", "epoch": 1}'
    """#

  private func tune(_ study: String) throws {
    let ending = try tool.run([
      "tune", "--store", "a.db", "--study", study, "--param", "x=float(0, 1)", "--minimize", "loss",
      "--trials", "2", "--no-progress", "--", "sh", "-c", Self.program, "sh", "{checkpoint}",
    ])
    #expect(ending.status == 0, "\(ending.err)")
  }

  private func exported(_ study: String, from store: String) throws -> String {
    let words = ["export", "--format", "jsonl", "--study", study, "--store", store]
    let ending = try tool.run(words)
    #expect(ending.status == 0 && !ending.out.isEmpty, "\(ending.err)")
    return ending.out
  }

  /// All studies with all that happened in them, and their files; nothing beside them is touched.
  @Test func studiesAndFiles() throws {
    try tune("one")
    try tune("two")
    // A folder whose name could be taken for that of an unfinished copy.
    try tool.makeFolder("b.trials/one.part")
    try tool.write("mine\n", "b.trials/one.part/notes.txt")
    let ending = try tool.run(["copy", "a.db", "b.db", "--json"])
    #expect(ending.status == 0, "\(ending.err)")
    let records = try ending.list
    #expect(records.compactMap { $0["name"] as? String } == ["one", "two"])
    #expect(records.allSatisfy { $0["trials"] as? Int == 2 && $0["running"] as? Int == 0 })
    for study in ["one", "two"] {
      #expect(try exported(study, from: "b.db") == exported(study, from: "a.db"))
      #expect(tool.has("b.trials/\(study)/1/checkpoint/1"))
    }
    #expect(tool.names("b.trials").sorted() == ["one", "one.part", "two"])
    #expect(tool.has("b.trials/one.part/notes.txt"))
    // The copy goes on.
    let resumed = try tool.run(
      ["resume", "--study", "one", "--store", "b.db", "--trials", "3", "--no-progress"])
    #expect(resumed.status == 0, "\(resumed.err)")
    for (store, count) in [("a.db", 2), ("b.db", 3)] {
      let trials = try tool.run(["trials", "--study", "one", "--store", store, "--json"]).list
      #expect(trials.count == count)
    }
  }

  /// What cannot be copied is refused before anything is, with what to do.
  @Test func refusals() throws {
    try tune("one")
    try tune("two")
    let none = try tool.failure(["copy", "no.db", "b.db"])
    #expect(none.contains("no.db"), "\(none)")
    let unknown = try tool.failure(["copy", "a.db", "b.db", "--study", "onne"])
    #expect(unknown.contains("has no study `onne`") && unknown.contains("one"), "\(unknown)")
    let several = try tool.failure(["copy", "a.db", "b.db", "--name", "x"], status: 64)
    #expect(several.contains("--study NAME"), "\(several)")
    #expect(try tool.run(["copy", "a.db", "b.db", "--study", "two"]).status == 0)
    // The second is there already: the first is not copied either.
    let again = try tool.failure(["copy", "a.db", "b.db"])
    #expect(again.contains("has a study `two` already") && again.contains("--name NAME"))
    #expect(try tool.run(["studies", "--store", "b.db", "--json"]).list.count == 1)
  }
}
