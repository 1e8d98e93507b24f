internal import OuterloopPlatform

/// SQLite databases and the files that belong to them, recognized by their contents, whatever their
/// names.
///
/// Inspecting a file opens and closes it, which drops the locks that this process holds on it:
/// never inspect a database that this process has open.
public enum DatabaseFile {
  /// In the header of every store of Outerloop, at `application_id`: "OutL".
  public static let storeMark: Int32 = 0x4f75_744c

  private static let companions = ["-wal", "-shm", "-journal"]

  /// - Throws: `FileError` if the file at `path`, a path without symbolic links, is a database or belongs
  ///   to one.
  public static func refuse(_ path: String) throws(FileError) {
    if let objection = objection(to: path, try? FileStatus(path)) {
      throw .protected(path, objection)
    }
  }

  /// Why `path`, a path without symbolic links, must not be replaced by another file; nil if it may
  /// be.
  static func objection(to path: String, _ status: FileStatus?) -> String? {
    if let status, let what = kind(path, status) { return what }
    for suffix in companions where path.hasSuffix(suffix) {
      let base = String(path.dropLast(suffix.count))
      if isDatabase(base) { return "belongs to the database `\(base)`" }
    }
    if status != nil, hasOpenLog(path) { return "is a database that is in use" }
    return nil
  }

  /// The store in whose folder of trials the path is: `runs.db` for anything in `runs.trials`.
  static func store(holding path: String) -> String? {
    var folder = Substring(path)
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      let suffix = ".trials"
      if folder.hasSuffix(suffix) {
        let base = String(folder.dropLast(suffix.count))
        if let store = [base + ".db", base].first(where: isStore) { return store }
      }
    }
    return nil
  }

  private static func kind(_ path: String, _ status: FileStatus) -> String? {
    let bytes = start(of: path)
    if isDatabase(bytes) {
      return applicationID(bytes) == storeMark
        ? "is a store of studies" : "is a database of SQLite"
    }
    // A log begins with one of two numbers that differ in the last bit, a journal with a magic
    // number.
    if bytes.starts(with: [0x37, 0x7f, 0x06]), bytes.count > 3, bytes[3] & 0xfe == 0x82 {
      return "is the log of a database of SQLite"
    }
    if bytes.starts(with: [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]) {
      return "is the journal of a database of SQLite"
    }
    // The index of a log: its version, 3007000, in the byte order of the machine.
    let isIndex =
      bytes.starts(with: [0x18, 0xe2, 0x2d, 0x00]) || bytes.starts(with: [0x00, 0x2d, 0xe2, 0x18])
    if isIndex, status.size % 32_768 == 0 { return "is the index of a log of SQLite" }
    return nil
  }

  private static func hasOpenLog(_ path: String) -> Bool {
    ["-wal", "-journal"].contains { (try? FileStatus(path + $0).size) ?? 0 > 0 }
  }

  private static func isDatabase(_ path: String) -> Bool { isDatabase(start(of: path)) }

  private static func isDatabase(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: Array("SQLite format 3\0".utf8))
  }

  private static func isStore(_ path: String) -> Bool {
    let bytes = start(of: path)
    return isDatabase(bytes) && applicationID(bytes) == storeMark
  }

  private static func applicationID(_ bytes: [UInt8]) -> Int32? {
    guard bytes.count >= 72 else { return nil }
    return Int32(bitPattern: bytes[68..<72].reduce(0) { $0 << 8 | UInt32($1) })
  }

  /// The first 100 bytes of an ordinary file; none of anything else.
  private static func start(of path: String) -> [UInt8] {
    guard let status = try? FileStatus(path), status.kind == .ordinary else { return [] }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return [] }
    defer { close(file) }
    return [UInt8](unsafeUninitializedCapacity: 100) { buffer, count in
      count = max(0, read(file, buffer.baseAddress, 100))
    }
  }
}
