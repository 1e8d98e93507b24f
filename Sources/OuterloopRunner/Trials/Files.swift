internal import OuterloopPlatform
internal import OuterloopStudy

/// The few file operations that this module needs.
enum Files {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The system's message for the last failed call.
  static func systemMessage(_ number: Int32 = errno) -> String { String(cString: strerror(number)) }

  /// Makes a folder and its parents.
  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    if errno == ENOENT, !parent.isEmpty {
      try makeFolder(parent)
      if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    }
    throw StudyError(
      "\(path): \(systemMessage())",
      errno == ENAMETOOLONG
        ? "give the study a shorter name" : "make this folder, or free space for it")
  }

  /// Writes a file under another name first, so that no reader sees a partial file.
  static func write(_ text: String, to path: String) throws {
    let part = path + ".part"
    let file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw StudyError("\(part): \(systemMessage())", "make the folder writable, or free space")
    }
    defer { close(file) }
    guard CLibrary.writeAll(Array(text.utf8)[...], to: file), rename(part, path) == 0 else {
      let error = StudyError("\(path): \(systemMessage())", "free space on this disk")
      unlink(part)
      throw error
    }
  }

  /// Waits until a file's contents are on disk.
  static func makeDurable(_ path: String) -> Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return fsync(file) == 0
  }

  /// Copies a file's contents, and waits until they are on disk.
  static func copy(_ path: String, to other: String) -> Bool {
    let from = open(path, O_RDONLY | O_CLOEXEC)
    guard from >= 0 else { return false }
    defer { close(from) }
    let to = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard to >= 0 else { return false }
    defer { close(to) }
    while true {
      let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
        count = max(0, read(from, buffer.baseAddress, 1 << 20))
      }
      guard CLibrary.writeAll(bytes[...], to: to) else { return false }
      if bytes.isEmpty { return fsync(to) == 0 }
    }
  }

  /// The last bytes of a file, at most `limit`; none if it cannot be read.
  static func end(of path: String, limit: Int) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    let size = lseek(file, 0, SEEK_END)
    guard size >= 0, lseek(file, max(0, size - off_t(limit)), SEEK_SET) >= 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = max(0, read(file, buffer.baseAddress, limit))
    }
  }

  /// The start of a file, as text; nil if it cannot be read.
  static func text(of path: String, limit: Int = 1 << 14) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = max(0, read(file, buffer.baseAddress, limit))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
