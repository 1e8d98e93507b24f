internal import OuterloopPlatform
internal import OuterloopStudy

/// The log of a trial, which may still grow.
struct LogFile {
  let path: String

  /// Nil if there is none.
  init?(_ path: String) {
    guard access(path, F_OK) == 0 else { return nil }
    self.path = path
  }

  /// The bytes after the first `start`, at most `limit` of them.
  /// - Throws: `CommandError` if it cannot be read.
  func bytes(after start: Int, limit: Int = 1 << 16) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw CommandError(
        "\(path): \(String(cString: strerror(errno)))", hint: "check its permissions")
    }
    defer { close(file) }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      let read = pread(file, buffer.baseAddress, limit, off_t(start))
      if read < 0 { code = errno }
      count = max(0, read)
    }
    guard code == 0 else {
      throw CommandError("\(path): \(String(cString: strerror(code)))", hint: "check the disk")
    }
    return bytes
  }

  var size: Int {
    var found = stat()
    return stat(path, &found) == 0 ? Int(found.st_size) : 0
  }

  /// The last lines, without the final line break; lines longer than 64 kB are cut at the start.
  func end(lines: Int) throws -> String {
    let size = size
    var bytes = try bytes(after: max(0, size - 1 << 16))
    while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    let last = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .suffix(lines)
    return last.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
  }
}
