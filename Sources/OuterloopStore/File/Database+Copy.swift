internal import GRDB
internal import GRDBSQLite

extension Database {
  /// Makes this connection, which is to no file, one to a copy of a database's bytes in memory.
  func become(_ bytes: [UInt8]) throws {
    guard let memory = sqlite3_malloc64(sqlite3_uint64(bytes.count)) else {
      throw DatabaseError(resultCode: .SQLITE_NOMEM)
    }
    bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    let code = sqlite3_deserialize(
      sqliteConnection, "main", memory.assumingMemoryBound(to: UInt8.self),
      sqlite3_int64(bytes.count), sqlite3_int64(bytes.count),
      UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE))
    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    clearSchemaCache()
  }
}
