internal import GRDB
internal import OuterloopStudy

/// The type of value that a column should hold. SQLite does not enforce column types.
enum OptunaColumnKind {
  case integer, number, text

  /// The results of `typeof`.
  fileprivate var types: [String] {
    switch self {
    case .integer: ["integer"]
    case .number: ["integer", "real"]
    case .text: ["text"]
    }
  }

  fileprivate var name: String {
    switch self {
    case .integer: "an integer"
    case .number: "a number"
    case .text: "a text"
    }
  }
}

/// One of Optuna's tables, with the columns that are read.
struct OptunaTable {
  struct Column {
    var name: String
    var kind: OptunaColumnKind
    var mayBeNull = false
  }

  /// What a row belongs to.
  enum Owner { case file, study, trial }

  let name: String
  let key: String
  let owner: Owner
  let columns: [Column]

  private init(
    _ name: String, key: String, of owner: Owner,
    _ columns: KeyValuePairs<String, OptunaColumnKind>,
    mayBeNull: Set<String> = []
  ) {
    self.name = name
    self.key = key
    self.owner = owner
    self.columns = columns.map {
      Column(name: $0.key, kind: $0.value, mayBeNull: mayBeNull.contains($0.key))
    }
  }

  static let studies = OptunaTable(
    "studies", key: "study_id", of: .file, ["study_id": .integer, "study_name": .text])
  static let directions = OptunaTable(
    "study_directions", key: "study_direction_id", of: .study,
    ["direction": .text, "objective": .integer])
  static let trials = OptunaTable(
    "trials", key: "trial_id", of: .study,
    [
      "trial_id": .integer, "number": .integer, "state": .text, "datetime_start": .text,
      "datetime_complete": .text,
    ], mayBeNull: ["datetime_start", "datetime_complete"])
  static let parameters = OptunaTable(
    "trial_params", key: "param_id", of: .trial,
    ["param_name": .text, "param_value": .number, "distribution_json": .text])
  static let values = OptunaTable(
    "trial_values", key: "trial_value_id", of: .trial,
    ["objective": .integer, "value": .number, "value_type": .text], mayBeNull: ["value"])
  static let steps = OptunaTable(
    "trial_intermediate_values", key: "trial_intermediate_value_id", of: .trial,
    ["step": .integer, "intermediate_value": .number, "intermediate_value_type": .text],
    mayBeNull: ["intermediate_value"])

  /// `study` or `trial`, `user` or `system`.
  static func attributes(of thing: String, _ kind: String) -> OptunaTable {
    OptunaTable(
      "\(thing)_\(kind)_attributes", key: "\(thing)_\(kind)_attribute_id",
      of: thing == "study" ? .study : .trial, ["key": .text, "value_json": .text])
  }

  static let all =
    [studies, directions, trials, parameters, values, steps]
    + ["study", "trial"].flatMap { thing in
      ["user", "system"].map { attributes(of: thing, $0) }
    }
}

// The checks before a row is read.
extension OptunaTable {
  /// Checks that the tables exist and have these columns.
  /// - Throws: `StudyError` that says what the file is instead.
  static func checkAll(_ db: Database, _ path: String) throws {
    var kinds: [String: String] = [:]
    let found = try db.rows("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')")
    while let row = try found.next() { kinds[row[0]] = row[1] }
    let names = ["version_info"] + all.map(\.name)
    guard names.contains(where: { kinds[$0] != nil }) else {
      throw StudyError(
        "`\(path)` is a database of SQLite, but not a file of Optuna: it has none of its tables",
        "name another file")
    }
    for name in names {
      switch kinds[name] {
      case "table": continue
      case "view":
        throw StudyError(
          "`\(path)` is not a file of Optuna as it is: `\(name)` is a view, not a table",
          "name the database that the view was made of, or copy the view into a table")
      default:
        throw StudyError(
          "`\(path)` is not a file of Optuna: it has no table `\(name)`", "name another file")
      }
    }
  }

  func checkColumns(_ db: Database, _ path: String) throws {
    var there: Set<String> = []
    let found = try db.rows("SELECT name FROM pragma_table_xinfo(?)", .text(name))
    while let row = try found.next() { there.insert(row[0]) }
    for column in [key] + columns.map(\.name) where !there.contains(column) {
      throw StudyError(
        "`\(path)` is not a file of Optuna 3 to 5: its table `\(name)` has no column `\(column)`",
        "run `optuna storage upgrade` on it, or name another file")
    }
  }

  /// Checks every row that belongs to the study.
  /// - Throws: `OptunaFormatError` naming the first invalid row.
  /// - Complexity: O(rows).
  func checkRows(_ db: Database, of study: Int?) throws {
    let conditions = columns.map { column in
      let types = (column.kind.types + (column.mayBeNull ? ["null"] : [])).map { "'\($0)'" }
      let isWrong = "typeof(t.\"\(column.name)\") NOT IN (\(types.joined(separator: ", ")))"
      guard column.kind == .number else { return isWrong }
      // Optuna's tables hold no infinite numbers: they have a type column for that.
      return "(\(isWrong) OR abs(t.\"\(column.name)\") > 1.7976931348623157e308)"
    }
    let source =
      switch owner {
      case .file: "\(name) t WHERE (?1 IS NULL OR ?1 IS NOT NULL)"
      case .study: "\(name) t WHERE t.study_id = ?1"
      case .trial: "\(name) t JOIN trials USING (trial_id) WHERE trials.study_id = ?1"
      }
    try checkOwners(db)
    let number = owner == .trial ? "trials.number" : self.name == "trials" ? "t.number" : "NULL"
    let wrong = try db.rows(
      """
      SELECT t.\(key), \(number), \(columns.map { "t.\"\($0.name)\"" }.joined(separator: ", "))
      FROM \(source) AND (\(conditions.joined(separator: " OR "))) LIMIT 1
      """, .int(study))
    guard let row = try wrong.next() else { return }
    let place = place(row[0], trial: row.kind(1) == .integer ? row[1] : nil)
    for (index, column) in columns.enumerated() {
      let kind = row.kind(Int32(index) + 2)
      let isRight =
        switch (kind, column.kind) {
        case (.integer, _) where column.kind != .text: true
        case (.real, .number): (row[Int32(index) + 2] as Double).isFinite
        case (.text, .text): true
        case (.null, _): column.mayBeNull
        default: false
        }
      guard isRight else {
        throw OptunaFormatError(
          place, "`\(column.name)` is \(row.described(Int32(index) + 2)), not \(column.kind.name)")
      }
    }
    throw OptunaFormatError(place, "its values are not what they should be")
  }

  /// `trial_params, param_id 12 of trial 3`.
  func place(_ id: Int, trial: Int?) -> String {
    "`\(name)`, \(key) \(id)" + (trial.map { " (trial \($0))" } ?? "")
  }

  /// Rows without an owner would be ignored silently.
  private func checkOwners(_ db: Database) throws {
    let owner = self.owner == .study ? "study_id" : "trial_id"
    guard self.owner != .file else { return }
    let wrong = try db.rows(
      "SELECT \(key), \(owner) FROM \(name) WHERE typeof(\(owner)) <> 'integer' LIMIT 1")
    guard let row = try wrong.next() else { return }
    throw OptunaFormatError(
      place(row[0], trial: nil), "`\(owner)` is \(row.described(1)), not an integer")
  }
}

/// A value in Optuna's database that Optuna cannot have written, and where it is.
struct OptunaFormatError: Error {
  /// The table and the row: `trial_params, row 12 (param_id) of trial 3`.
  var place: String
  var what: String

  init(_ place: String, _ what: String) {
    self.place = place
    self.what = what
  }

  func about(_ path: String) -> StudyError {
    StudyError(
      "`\(path)` is a database of Optuna, but in its table \(place): \(what)",
      "correct the row, with `sqlite3` for instance, or import another study")
  }
}
