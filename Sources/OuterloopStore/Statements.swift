internal import GRDB

/// Values on their way into a statement.
enum Bound {
  case null
  case int(Int)
  case real(Double)
  case text(String)

  static func int(_ value: Int?) -> Bound { value.map(Bound.int) ?? .null }
  static func real(_ value: Double?) -> Bound { value.map(Bound.real) ?? .null }
  static func text(_ value: String?) -> Bound { value.map(Bound.text) ?? .null }
}

extension Bound: DatabaseValueConvertible, StatementBinding {
  var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .int(let value): value.databaseValue
    case .real(let value): value.databaseValue
    case .text(let value): value.databaseValue
    }
  }

  static func fromDatabaseValue(_ value: DatabaseValue) -> Bound? { nil }

  func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
    switch self {
    case .null: DatabaseValue.null.bind(to: statement, at: index)
    case .int(let value): value.bind(to: statement, at: index)
    case .real(let value): value.bind(to: statement, at: index)
    case .text(let value): value.bind(to: statement, at: index)
    }
  }
}

extension Database {
  /// Runs a statement that is prepared once per connection.
  func run(_ sql: String, _ values: Bound...) throws {
    try cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
  }

  /// The rows of a query that is prepared once per connection, one after the other.
  func rows(_ sql: String, _ values: Bound...) throws -> RowCursor {
    try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(values))
  }

  /// The first row's first number; nil if there is no row, or it holds none.
  func integer(_ sql: String, _ values: Bound...) throws -> Int? {
    try Int.fetchOne(cachedStatement(sql: sql), arguments: StatementArguments(values))
  }
}
