internal import GRDBSQLite

/// The first 100 bytes of an SQLite file, read without a lock and without leaving a trace.
///
/// They are read through SQLite's own file, never by `open` and `close`: closing a file drops all
/// POSIX locks that the process holds on it, those of other connections included.
struct FileHeader {
  var applicationID: Int32
  var schemaVersion: Int

  enum Failure: Error {
    case unreadable
    /// Not an SQLite database.
    case foreign
  }

  init(path: String) throws(Failure) {
    let bytes: [UInt8]
    do { bytes = try Self.bytes(path: path, limit: 100) } catch { throw .unreadable }
    guard bytes.count == 100, bytes.starts(with: Array("SQLite format 3\0".utf8)) else {
      throw .foreign
    }
    func number(at offset: Int) -> UInt32 {
      bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    applicationID = Int32(bitPattern: number(at: 68))
    schemaVersion = Int(Int32(bitPattern: number(at: 60)))
  }

  /// The file's first bytes, at most `limit`.
  static func bytes(path: String, limit: Int) throws -> [UInt8] {
    var connection: OpaquePointer?
    defer { sqlite3_close(connection) }
    guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY, nil) == SQLITE_OK else {
      throw Failure.unreadable
    }
    var pointer: UnsafeMutablePointer<sqlite3_file>?
    guard
      sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &pointer) == SQLITE_OK,
      let file = pointer, let methods = file.pointee.pMethods?.pointee
    else { throw Failure.unreadable }
    var size: sqlite3_int64 = 0
    guard methods.xFileSize(file, &size) == SQLITE_OK else { throw Failure.unreadable }
    let count = min(Int(size), limit)
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      // One read is of 2 GB at most.
      while initialized < count {
        let piece = min(count - initialized, 1 << 30)
        let code = methods.xRead(
          file, buffer.baseAddress.map { $0 + initialized }, Int32(piece),
          sqlite3_int64(initialized))
        guard code == SQLITE_OK else { throw Failure.unreadable }
        initialized += piece
      }
    }
  }
}
