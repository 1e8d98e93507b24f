import Foundation
import GRDB
import OuterloopFiles
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopStore

/// Files that no Optuna wrote: each is told for what it is, by table and row, and nothing is taken for
/// a value that it is not.
@Suite struct OptunaFaultTests {
  private let folder = Folder()

  /// A sound file with every kind of row, in which one statement spoils something.
  private func fixture() throws -> OptunaFixture {
    let fixture = try OptunaFixture(folder["\(UUID().uuidString).db"])
    let parameters = [
      ("x", 0.5, OptunaFixture.float(0, 1)), ("n", 2, OptunaFixture.int(1, 3)),
      ("c", 1, OptunaFixture.choices(#"["a", "b"]"#)),
    ]
    try fixture.trial(
      parameters, steps: [1: 0.5], system: ["constraints": "[0.5]"], user: ["host": "\"a\""])
    try fixture.trial(parameters)
    try fixture.run(
      #"INSERT INTO study_system_attributes VALUES (1, 1, 'study:metric_names', '["loss"]')"#)
    try fixture.run("INSERT INTO study_user_attributes VALUES (1, 1, 'note', '1')")
    return fixture
  }

  private func refusal(_ path: String) -> String {
    do {
      _ = try OptunaFile.studies(in: path)
      _ = try OptunaFile.read(path)
      return "taken"
    } catch { return (error as? StudyError)?.description ?? "another error: \(error)" }
  }

  @Test func theSoundFileIsTaken() throws {
    #expect(try refusal(fixture().path) == "taken")
  }

  /// What is done to the file, and what is said about it.
  @Test(
    arguments: [
      // A text, a blob, nothing, or a number that is none where a number belongs.
      "UPDATE trial_params SET param_value = 'abc' WHERE param_id = 4":
        "`trial_params`, param_id 4 (trial 1): `param_value` is the text `abc`, not a number",
      "UPDATE trial_params SET param_value = NULL WHERE param_id = 1":
        "`trial_params`, param_id 1 (trial 0): `param_value` is NULL, not a number",
      "UPDATE trial_params SET param_value = x'00ff' WHERE param_id = 1": "is a blob",
      "UPDATE trial_params SET param_value = 9e999 WHERE param_id = 1": "is inf, not a number",
      "UPDATE trial_params SET param_value = 1.5 WHERE param_id = 2":
        "param_id 2 (trial 0): `param_value` of `n` is 1.5, and the parameter is an integer",
      "UPDATE trial_params SET param_value = 1e300 WHERE param_id = 2": "beyond 2^53",
      "UPDATE trial_params SET param_value = 1e305 WHERE param_id = 1": "beyond 1e300",
      "UPDATE trial_params SET param_value = 2 WHERE param_id = 3":
        "`param_value` of `c` is 2.0, and there are 2 choices, counted from 0",
      "UPDATE trial_params SET param_value = -1 WHERE param_id = 3": "there are 2 choices",
      "UPDATE trial_params SET param_value = 0.5 WHERE param_id = 3": "there are 2 choices",
      "UPDATE trial_params SET param_name = NULL WHERE param_id = 1": "`param_name` is NULL",
      "UPDATE trial_params SET param_name = x'ff' WHERE param_id = 1": "`param_name` is a blob",
      "UPDATE trial_params SET param_name = CAST(x'ff' AS TEXT) WHERE param_id = 1":
        "is not valid UTF-8",
      "UPDATE trial_params SET distribution_json = NULL WHERE param_id = 1":
        "`distribution_json` is NULL",
      "UPDATE trial_params SET distribution_json = '{' WHERE param_id = 1":
        "`x` has a distribution that is not known",
      "UPDATE trial_params SET trial_id = 'one' WHERE param_id = 1":
        "`trial_params`, param_id 1: `trial_id` is the text `one`, not an integer",
      // Values.
      "UPDATE trial_values SET value = 'abc' WHERE trial_value_id = 2":
        "`trial_values`, trial_value_id 2 (trial 1): `value` is the text `abc`, not a number",
      "UPDATE trial_values SET value = NULL WHERE trial_value_id = 2":
        "trial_value_id 2 (trial 1): its value is NULL, and its type is FINITE",
      "UPDATE trial_values SET value_type = 'SOME' WHERE trial_value_id = 1":
        "the type of its value is the text `SOME`",
      "UPDATE trial_values SET objective = 1 WHERE trial_value_id = 1":
        "`objective` is 1, and the study has 1 objectives",
      "UPDATE trial_values SET objective = 'first' WHERE trial_value_id = 1":
        "`objective` is the text `first`, not an integer",
      "DELETE FROM trial_values WHERE trial_value_id = 2":
        "`trials`, trial_id 2 (trial 1): it is COMPLETE with 0 of 1 values",
      "UPDATE trial_intermediate_values SET step = 'x'": "`step` is the text `x`",
      "UPDATE trial_intermediate_values SET step = 9223372036854775807": "beyond 2^53",
      "UPDATE trial_intermediate_values SET intermediate_value = 'x'":
        "`intermediate_value` is the text `x`",
      // Trials.
      "UPDATE trials SET number = NULL WHERE trial_id = 2": "`number` is NULL",
      "UPDATE trials SET number = 0 WHERE trial_id = 2":
        "trial_id 2 (trial 0): another trial has its number",
      "UPDATE trials SET number = -1 WHERE trial_id = 2": "its number is below 0",
      "UPDATE trials SET number = 'x' WHERE trial_id = 2": "`number` is the text `x`",
      "UPDATE trials SET state = 'DONE' WHERE trial_id = 2":
        "`trials`, trial_id 2 (trial 1): `state` is the text `DONE`, which is no state of a trial",
      "UPDATE trials SET datetime_start = 'yesterday' WHERE trial_id = 1":
        "`datetime_start` is the text `yesterday`, which is no time",
      "UPDATE trials SET datetime_complete = 5 WHERE trial_id = 1": "`datetime_complete` is ",
      // The study.
      "UPDATE study_directions SET direction = 'UP'": "`direction` is the text `UP`",
      "UPDATE study_directions SET objective = 3": "not counted from 0",
      "DELETE FROM study_directions": "has no row there, so no objective",
      "UPDATE study_system_attributes SET value_json = '{}'": "is not a list of texts",
      "UPDATE study_user_attributes SET value_json = NULL": "`value_json` is NULL, not a text",
      "INSERT INTO study_user_attributes VALUES (2, 1, 'outerloop:specification', '{}')":
        "belong together",
      #"UPDATE trial_system_attributes SET value_json = '["x"]'"#: "is not a list of numbers",
      "INSERT INTO trial_user_attributes VALUES (9, 1, 'outerloop:trial', '[')":
        "key outerloop:trial (trial 0): `value_json` is not an object of JSON",
      #"INSERT INTO trial_user_attributes VALUES (9, 1, 'outerloop:trial', '{"created": "x"}')"#:
        "`created` is not what an export writes",
      "UPDATE studies SET study_name = NULL": "`studies`, study_id 1: `study_name` is NULL",
      // The file.
      "ALTER TABLE trial_params RENAME TO p; CREATE VIEW trial_params AS SELECT * FROM p":
        "`trial_params` is a view, not a table",
      "ALTER TABLE trials RENAME TO p; CREATE VIEW trials AS SELECT * FROM p":
        "`trials` is a view, not a table",
      "DROP TABLE trial_values": "it has no table `trial_values`",
      "ALTER TABLE trials DROP COLUMN state": "its table `trials` has no column `state`",
      "DELETE FROM version_info": "`version_info` says no version",
      "UPDATE version_info SET schema_version = 'x'": "`version_info` says no version",
      "UPDATE version_info SET schema_version = 3": "run `optuna storage upgrade` on it",
    ])
  func isTold(_ statement: String, _ what: String) throws {
    let fixture = try fixture()
    // What Optuna's tables forbid can be in a copy of them.
    try fixture.loosen()
    try fixture.run(statement)
    let said = refusal(fixture.path)
    #expect(said.contains(what), "\(statement): \(said)")
    #expect(!said.contains("damaged"), "\(statement)")
  }

  /// Other files, whatever they are.
  @Test func otherFiles() throws {
    func put(_ text: String, _ name: String) throws -> String {
      try Data(text.utf8).write(to: URL(filePath: folder[name]))
      return folder[name]
    }
    #expect(try refusal(put("", "empty")).contains("is empty"))
    #expect(try refusal(put("x,y\n1,2\n", "a.csv")).contains("is text, not a file of Optuna"))
    #expect(try refusal(put("{\"a\": 1}", "a.json")).contains("is JSON"))
    #expect(
      try refusal(put("{\"op_code\": 0}\n", "journal.log")).contains("is a journal of Optuna"))
    #expect(try refusal(put("\u{1f}\0\0", "a.gz")).contains("is no database of SQLite"))
    #expect(refusal(folder.path).contains("is a folder"))
    #expect(refusal(folder["none"]).contains("there is no file"))
    #expect(refusal("/dev/null").contains("is not an ordinary file"))
    _ = try SQLiteStore(folder["store.db"], .create)
    #expect(refusal(folder["store.db"]).contains("is a store of Outerloop"))
    let queue = try DatabaseQueue(path: folder["other.db"])
    try queue.write { try $0.execute(sql: "CREATE TABLE places (id INTEGER)") }
    #expect(refusal(folder["other.db"]).contains("not a file of Optuna: it has none of its tables"))
  }

  /// A gap in the numbers is no fault, but is said.
  @Test func gapsAreSaid() throws {
    let fixture = try fixture()
    try fixture.run("UPDATE trials SET number = 5 WHERE trial_id = 2")
    let read = try OptunaFile.read(fixture.path)
    #expect(read.notes.contains { $0.contains("numbers of trials are missing there") })
  }

  // MARK: What an export may replace

  @Test func exportsReplaceExportsAlone() async throws {
    let store = try SQLiteStore(folder["store.db"], .create)
    let read = try OptunaFile.read(fixture().path)
    let id = try await store.restore(read.specification, events: read.events)
    try await OptunaFile.write(id, of: store, to: folder["out.db"])
    func refusal(_ name: String, replacesFile: Bool) async -> FileError? {
      do {
        try await OptunaFile.write(id, of: store, to: folder[name], replacesFile: replacesFile)
        return nil
      } catch { return error as? FileError }
    }
    #expect(await refusal("out.db", replacesFile: false)?.cause == .exists)
    #expect(await refusal("out.db", replacesFile: true) == nil)
    // Optuna's own study, the store, a database of another program, a file with a second study.
    let own = try fixture()
    try FileManager.default.moveItem(atPath: own.path, toPath: folder["own.db"])
    let other = try DatabaseQueue(path: folder["other.db"])
    try await other.write { try $0.execute(sql: "CREATE TABLE studies (id INTEGER)") }
    try await OptunaFile.write(id, of: store, to: folder["two.db"])
    let two = try DatabaseQueue(path: folder["two.db"])
    try await two.write { try $0.execute(sql: "INSERT INTO studies VALUES (2, 'second')") }
    for name in ["own.db", "other.db", "two.db", "store.db"] {
      let before = try Data(contentsOf: URL(filePath: folder[name]))
      #expect(await refusal(name, replacesFile: false)?.cause == .protected, "\(name)")
      #expect(await refusal(name, replacesFile: true)?.cause == .protected, "\(name)")
      #expect(try Data(contentsOf: URL(filePath: folder[name])) == before)
    }
    try Data("text".utf8).write(to: URL(filePath: folder["text"]))
    #expect(await refusal("text", replacesFile: false)?.cause == .exists)
    #expect(await refusal("text", replacesFile: true) == nil)
    #expect(try OptunaFile.studies(in: folder["text"]) == [read.specification.name])
  }
}
