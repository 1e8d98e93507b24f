internal import OuterloopFiles
internal import OuterloopPlatform
internal import Synchronization

/// The folder of a run, locked against other processes for the lifetime of this value.
///
/// Files are written under another name, made durable and renamed: under its own name there is only
/// ever a complete file, the old one or the new one.
///
/// `.lock` lists the names of the files that were written here. Only those are ever replaced or
/// removed: other files of these names belong to someone else.
final class RunFolder: Sendable {
  let path: String
  private let lock: Int32
  /// The names of files that were written here; nil in a folder of a version that kept no list, where
  /// all are considered ours.
  private let own: Mutex<Set<String>?>

  private static let mark = "outerloop"

  /// Creates the folder if necessary and locks it.
  /// - Throws: `LabError` if it cannot be written or another process has it.
  init(_ path: String) throws(LabError) {
    self.path = path
    do { try OutputFile.checkFolder(path) } catch {
      throw LabError(.file, error.what, remedy: "choose another --out")
    }
    try Self.make(path)
    let name = path + "/.lock"
    let isNew = access(name, F_OK) != 0
    lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw Self.refusal(path, errno) }
    do throws(LabError) {
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw Self.refusal(path, errno) }
        throw LabError(
          .busy, "\(path): another process is working in this folder",
          remedy: "wait until it is done, or choose another --out")
      }
      own = Mutex(try Self.list(lock, name, isNew: isNew))
    } catch {
      close(lock)
      throw error
    }
    OutputFile.removeLeftovers(in: path)
  }

  deinit { close(lock) }

  /// The names that `.lock` lists, after a first line that identifies the owner.
  private static func list(
    _ lock: Int32, _ name: String, isNew: Bool
  ) throws(LabError) -> Set<String>? {
    let lines = String(decoding: try contents(of: lock, name), as: UTF8.self).split(separator: "\n")
    if let first = lines.first {
      guard first == mark else {
        throw LabError(
          .file, "\(name): this is a file of another program",
          remedy: "move it away, or choose another --out")
      }
      return Set(lines.dropFirst().map(String.init))
    }
    guard isNew else { return nil }
    try append(mark, to: lock, name)
    return []
  }

  private static func append(
    _ line: String, to lock: Int32, _ name: String
  ) throws(LabError) {
    let bytes = Array((line + "\n").utf8)
    lseek(lock, 0, SEEK_END)
    let count = bytes.withUnsafeBytes { CLibrary.writeFile(lock, $0.baseAddress, bytes.count) }
    guard count == bytes.count else { throw refusal(name, count < 0 ? errno : ENOSPC) }
  }

  /// Whether a file of this name may be replaced or removed.
  private func isOwn(_ name: String) -> Bool { own.withLock { $0?.contains(name) ?? true } }

  private func adopt(_ name: String) throws(LabError) {
    let isKnown = own.withLock { $0.map { $0.contains(name) } ?? true }
    guard !isKnown else { return }
    try Self.append(name, to: lock, joined(".lock"))
    own.withLock { _ = $0?.insert(name) }
  }

  /// Refuses a folder that holds files of these names which were not written here, before any work
  /// is done.
  /// - Throws: `LabError` naming the first of them.
  func require(free names: [String]) throws(LabError) {
    for name in names where !isOwn(name) && access(joined(name), F_OK) == 0 {
      throw Self.foreign(joined(name))
    }
  }

  private static func foreign(_ path: String) -> LabError {
    LabError(
      .file, "\(path): there is such a file already, which no earlier run here has written",
      remedy: "move it away, or choose another --out")
  }

  func joined(_ name: String) -> String { path + "/" + name }

  /// The bytes of a file, nil if there is none.
  func read(_ name: String) throws(LabError) -> [UInt8]? {
    let file = open(joined(name), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw Self.refusal(joined(name), errno)
    }
    defer { close(file) }
    return try Self.contents(of: file, joined(name))
  }

  private static func contents(of file: Int32, _ name: String) throws(LabError) -> [UInt8] {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw refusal(name, errno) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let (start, rest) = (filled, bytes.count - filled)
      let count = bytes.withUnsafeMutableBytes {
        CLibrary.readFile(file, $0.baseAddress.map { $0 + start }, rest)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw refusal(name, errno) }
      if count == 0 { break }
      filled += count
    }
    return Array(bytes[..<filled])
  }

  /// Writes a complete, durable file, replacing any other of this name that was written here.
  func write(_ bytes: [UInt8], to name: String) throws(LabError) {
    do {
      let isOwn = isOwn(name)
      let file = try OutputFile(joined(name), replacing: .files { _ in isOwn })
      try file.write(bytes)
      // First, since a kill between the two must not leave an unlisted file.
      try adopt(name)
      try file.commit()
    } catch let error as FileError {
      if error.cause == .exists { throw Self.foreign(joined(name)) }
      if let number = error.number { throw Self.refusal(joined(name), number) }
      throw LabError(.file, error.what, remedy: "move it away, or choose another --out")
    } catch {
      throw (error as? LabError) ?? LabError(.file, "\(error)", remedy: "choose another --out")
    }
    makeNamesDurable()
  }

  func write(_ text: String, to name: String) throws(LabError) {
    try write(Array(text.utf8), to: name)
  }

  /// Removes files that were written here; missing ones are not an error.
  func remove(_ names: [String]) throws(LabError) {
    try require(free: names)
    for name in names where unlink(joined(name)) != 0 && errno != ENOENT {
      throw Self.refusal(joined(name), errno)
    }
    makeNamesDurable()
  }

  /// Names of the files, in order.
  func names() throws(LabError) -> [String] {
    guard let names = CLibrary.names(inFolder: path) else { throw Self.refusal(path, errno) }
    return names.sorted()
  }

  private func makeNamesDurable() {
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    // Some file systems do not support this; durability is then up to them.
    fsync(folder)
    close(folder)
  }

  private static func make(_ path: String) throws(LabError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw refusal(path, ENOENT) }
    var missing: [String] = []
    var parent = path
    var status = stat()
    while !parent.isEmpty, stat(parent, &status) != 0 {
      guard errno == ENOENT else { throw refusal(path, errno) }
      missing.append(parent)
      guard let slash = parent.lastIndex(of: "/") else { break }
      parent = String(parent[..<slash])
    }
    if missing.isEmpty, status.st_mode & S_IFMT != S_IFDIR { throw refusal(path, ENOTDIR) }
    for folder in missing.reversed() where mkdir(folder, 0o755) != 0 && errno != EEXIST {
      throw refusal(path, errno)
    }
  }

  /// The error for a system error number when storing a run.
  private static func refusal(_ path: String, _ code: Int32) -> LabError {
    switch code {
    case ENOSPC, EDQUOT:
      LabError(
        .diskFull, "\(path): no space left on the disk",
        remedy: "free some space and run the same command again")
    case EFBIG:
      LabError(
        .diskFull, "\(path): the file may not grow so large here",
        remedy: "raise the limit (ulimit -f) and run the same command again")
    case EACCES, EPERM:
      LabError(
        .file, "\(path): permission denied", remedy: "make it writable, or choose another --out")
    case EROFS:
      LabError(
        .file, "\(path): the file system is read-only", remedy: "choose another --out")
    case ENOTDIR, EISDIR, EEXIST:
      LabError(
        .file, "\(path): a folder or file is needed there, and it is something else",
        remedy: "move it away, or choose another --out")
    default:
      LabError(
        .file, "\(path): \(String(cString: strerror(code)))",
        remedy: "check the path and the disk, or choose another --out")
    }
  }
}
