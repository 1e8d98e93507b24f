internal import GRDB
internal import GRDBSQLite

// Statements go to SQLite directly: listing a large study and storing a small event both consist
// mainly of binding and reading columns. Columns with a value of the wrong type (a damaged file)
// read as zero, an empty text or nil, and never trap.

extension Bound {
  fileprivate func bind(to statement: OpaquePointer, at place: Int32) {
    switch self {
    case .null: sqlite3_bind_null(statement, place)
    case .int(let value): sqlite3_bind_int64(statement, place, Int64(value))
    case .real(let value): sqlite3_bind_double(statement, place, value)
    case .text(var value):
      // SQLite takes a copy (-1: SQLITE_TRANSIENT, which C has as a pointer).
      let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      _ = value.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          // An empty text may have no address, which would mean NULL.
          $0.isEmpty
            ? sqlite3_bind_text(statement, place, "", 0, copy)
            : sqlite3_bind_text64(
              statement, place, $0.baseAddress, sqlite3_uint64($0.count), copy,
              UInt8(SQLITE_UTF8))
        }
      }
    }
  }
}

extension Database: StoreConnection {
  package func run(_ sql: String, _ values: [Bound]) throws {
    _ = try Columns(self, sql, values).next()
  }

  package func rows(_ sql: String, _ values: [Bound]) throws -> Columns {
    try Columns(self, sql, values)
  }
}

/// A running statement: the columns of its current row.
package final class Columns: StoreRows {
  private let database: Database
  private let statement: Statement
  private let pointer: OpaquePointer

  init(_ database: Database, _ sql: String, _ values: [Bound]) throws {
    self.database = database
    statement = try database.cachedStatement(sql: sql)
    pointer = statement.sqliteStatement
    for (place, value) in values.enumerated() { value.bind(to: pointer, at: Int32(place + 1)) }
  }

  deinit {
    sqlite3_reset(pointer)
    sqlite3_clear_bindings(pointer)
  }

  /// Advances to the next row; nil after the last one.
  package func next() throws -> Columns? {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return self
    case SQLITE_DONE: return nil
    case let code:
      throw DatabaseError(
        resultCode: ResultCode(rawValue: code),
        message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
    }
  }

  /// The type of a column's value, whatever its declared type.
  enum Kind { case null, integer, real, text, blob }

  func kind(_ place: Int32) -> Kind {
    switch sqlite3_column_type(pointer, place) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  package func isNull(_ place: Int32) -> Bool { kind(place) == .null }

  /// A column's value for a message: "the text `abc`", "NULL".
  func described(_ place: Int32) -> String {
    switch kind(place) {
    case .null: return "NULL"
    case .integer: return "\(self[place] as Int)"
    case .real: return "\(self[place] as Double)"
    case .blob: return "a blob"
    case .text:
      let text: String = self[place]
      return "the text `\(text.count > 60 ? text.prefix(59) + "…" : text)`"
    }
  }

  /// The text of a column; nil if its bytes are not UTF-8.
  func validText(_ place: Int32) -> String? {
    bytes(place) { String(validating: $0, as: UTF8.self) }
  }

  package subscript(place: Int32) -> Int { Int(sqlite3_column_int64(pointer, place)) }
  package subscript(place: Int32) -> Double { sqlite3_column_double(pointer, place) }
  package subscript(place: Int32) -> Bool { sqlite3_column_int64(pointer, place) != 0 }
  package subscript(place: Int32) -> String { bytes(place) { String(decoding: $0, as: UTF8.self) } }

  /// The bytes of a text, while `body` runs.
  package func bytes<T>(_ place: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows
    -> T
  {
    // The order matters: the first call may convert the value.
    let start = sqlite3_column_text(pointer, place)
    let count = Int(sqlite3_column_bytes(pointer, place))
    return try body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}
