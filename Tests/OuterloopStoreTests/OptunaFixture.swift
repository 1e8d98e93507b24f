import GRDB
import OuterloopStudy
import Testing

@testable import OuterloopStore

/// A file of Optuna with one study, made by SQL.
struct OptunaFixture {
  let path: String
  private let queue: DatabaseQueue

  init(_ path: String, directions: [String] = ["MINIMIZE"]) throws {
    self.path = path
    queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(sql: OptunaSchema.sql)
      try db.execute(sql: "INSERT INTO studies VALUES (1, 's')")
      for (place, direction) in directions.enumerated() {
        try db.execute(
          sql: "INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, ?)",
          arguments: [direction, place])
      }
    }
  }

  func run(_ sql: String, _ arguments: StatementArguments = []) throws {
    try queue.write { try $0.execute(sql: sql, arguments: arguments) }
  }

  /// The same tables without anything that they forbid.
  func loosen() throws {
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      for table in OptunaTable.all.map(\.name) + ["version_info"] {
        let columns = try db.columns(in: table).map { column in
          let isKey = column.primaryKeyIndex > 0 && table != "version_info"
          return "\"\(column.name)\" \(column.type)\(isKey ? " PRIMARY KEY" : "")"
        }
        try db.execute(
          sql: """
            CREATE TABLE loose (\(columns.joined(separator: ", ")));
            INSERT INTO loose SELECT * FROM \(table);
            DROP TABLE \(table);
            ALTER TABLE loose RENAME TO \(table);
            """)
      }
    }
  }

  func texts(_ sql: String) throws -> [String] {
    try queue.read { try String.fetchAll($0, sql: sql) }
  }

  /// Adds a trial: parameters with a number and the text of their distribution.
  func trial(
    _ parameters: [(String, Double, String)], _ state: String = "COMPLETE", value: Double? = 1,
    steps: [Int: Double] = [:], system: [String: String] = [:], user: [String: String] = [:]
  ) throws {
    try queue.write { db in
      let number = try Int.fetchOne(db, sql: "SELECT count(*) FROM trials") ?? 0
      let id = number + 1
      let finished = ["COMPLETE", "PRUNED", "FAIL"].contains(state)
      try db.execute(
        sql: "INSERT INTO trials VALUES (?, ?, 1, ?, ?, ?)",
        arguments: [
          id, number, state, state == "WAITING" ? nil : "2026-01-02 03:04:05.000000",
          finished ? "2026-01-02 03:04:06.000000" : nil,
        ])
      for (name, number, distribution) in parameters {
        try db.execute(
          sql: """
            INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
            VALUES (?, ?, ?, ?)
            """, arguments: [id, name, number, distribution])
      }
      if let value, state == "COMPLETE" {
        try db.execute(
          sql:
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
          arguments: [id, value])
      }
      for (step, value) in steps {
        try db.execute(
          sql: """
            INSERT INTO trial_intermediate_values
              (trial_id, step, intermediate_value, intermediate_value_type)
            VALUES (?, ?, ?, 'FINITE')
            """, arguments: [id, step, value])
      }
      for (kind, attributes) in [("system", system), ("user", user)] {
        for (key, json) in attributes {
          try db.execute(
            sql:
              #"INSERT INTO trial_\#(kind)_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)"#,
            arguments: [id, key, json])
        }
      }
    }
  }

  static func float(_ low: Double, _ high: Double, log: Bool = false, step: Double? = nil) -> String
  {
    let step = step.map { "\($0)" } ?? "null"
    return """
      {"name": "FloatDistribution", "attributes": {"step": \(step), "low": \(low), "high": \(high), "log": \(log)}}
      """
  }

  static func int(_ low: Int, _ high: Int, log: Bool = false, step: Int = 1) -> String {
    """
    {"name": "IntDistribution", "attributes": {"log": \(log), "step": \(step), "low": \(low), "high": \(high)}}
    """
  }

  static func choices(_ json: String) -> String {
    #"{"name": "CategoricalDistribution", "attributes": {"choices": \#(json)}}"#
  }
}

extension Folder {
  /// The study in a store, and exported again to `out.db`.
  func through(
    _ read: OptunaStudy
  ) async throws -> (trials: [Trial], rows: (String) throws -> [String]) {
    let store = try SQLiteStore(self["store.db"], .create)
    let id = try await store.restore(read.specification, events: read.events)
    let out = self["out.db"]
    try await OptunaFile.write(id, of: store, to: out)
    // And in again: the same, without a word.
    let again = try OptunaFile.read(out)
    #expect(again.notes.isEmpty)
    #expect(again.specification == read.specification)
    let queue = try DatabaseQueue(path: out)
    return (
      try await store.trials(of: id, matching: TrialQuery()),
      { sql in try queue.read { try String.fetchAll($0, sql: sql) } }
    )
  }
}
