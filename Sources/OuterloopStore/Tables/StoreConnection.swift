/// A connection to a database of studies, inside one transaction: the interface that `StudyTables`
/// and `Ledger` use.
///
/// Statements are those that SQLite and PostgreSQL both understand, with `?` for the values and
/// SQLite's hints (`INDEXED BY`), which other databases leave out.
package protocol StoreConnection {
  associatedtype Rows: StoreRows

  /// Runs a statement that is prepared once per connection. A remote connection may send it later,
  /// together with those that follow, but before the next query and the end of the transaction.
  func run(_ sql: String, _ values: [Bound]) throws
  /// The rows of a query that is prepared once per connection, one after another.
  func rows(_ sql: String, _ values: [Bound]) throws -> Rows
  /// Announces the next queries, so that a remote connection can send them together.
  func announce(_ queries: @autoclosure () -> [StoreQuery]) throws
  /// Called for each event that was written.
  func noteEvent(_ revision: Int, at time: Double, of study: Int) throws
}

/// A query with its values.
package struct StoreQuery: Hashable, Sendable {
  package var sql: String
  package var values: [Bound]

  package init(_ sql: String, _ values: Bound...) {
    self.sql = sql
    self.values = values
  }
}

/// Values to bind to a statement. NaN is stored as NULL.
package enum Bound: Hashable, Sendable {
  case null
  case int(Int)
  case real(Double)
  case text(String)

  package static func int(_ value: Int?) -> Bound { value.map(Bound.int) ?? .null }
  package static func real(_ value: Double?) -> Bound { value.map(Bound.real) ?? .null }
  package static func text(_ value: String?) -> Bound { value.map(Bound.text) ?? .null }
}

/// The rows of a running query: the columns of the current one, from 0. Columns with a value of the
/// wrong type read as zero, an empty text or nil, and never trap.
package protocol StoreRows {
  /// Goes to the next row; nil after the last one.
  func next() throws -> Self?
  func isNull(_ place: Int32) -> Bool
  subscript(place: Int32) -> Int { get }
  subscript(place: Int32) -> Double { get }
  subscript(place: Int32) -> Bool { get }
  subscript(place: Int32) -> String { get }
  /// The bytes of a text, while `body` runs.
  func bytes<T>(_ place: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T
}

extension StoreRows {
  package subscript(place: Int32) -> Int? { isNull(place) ? nil : self[place] as Int }
  package subscript(place: Int32) -> Double? { isNull(place) ? nil : self[place] as Double }
  package subscript(place: Int32) -> String? { isNull(place) ? nil : self[place] as String }
}

extension StoreConnection {
  package func announce(_ queries: @autoclosure () -> [StoreQuery]) {}
  package func noteEvent(_ revision: Int, at time: Double, of study: Int) {}

  package func run(_ sql: String, _ values: Bound...) throws { try run(sql, values) }

  package func rows(_ sql: String, _ values: Bound...) throws -> Rows { try rows(sql, values) }

  package func rows(_ query: StoreQuery) throws -> Rows { try rows(query.sql, query.values) }

  /// The first row's first number; nil if there is no row, or it holds none.
  package func integer(_ sql: String, _ values: Bound...) throws -> Int? {
    let found = try rows(sql, values)
    guard let row = try found.next() else { return nil }
    return row[0]
  }

  package func integer(_ query: StoreQuery) throws -> Int? {
    let found = try rows(query.sql, query.values)
    guard let row = try found.next() else { return nil }
    return row[0]
  }
}
