#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The folder of a run, locked against other processes while this value lives.
///
/// Files are written under another name, made durable and renamed: under its own name there is
/// only ever a whole file, the old one or the new one.
final class RunFolder: Sendable {
  let path: String
  private let lock: Int32

  /// Makes the folder if need be and locks it.
  /// - Throws: `LabError` if it cannot be written or another process has it.
  init(_ path: String) throws(LabError) {
    self.path = path
    try Self.make(path)
    let name = path + "/.lock"
    lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw Self.refusal(path, errno) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(lock)
      guard code == EWOULDBLOCK else { throw Self.refusal(path, code) }
      throw LabError(
        .busy, "\(path): another process is working in this folder",
        remedy: "wait until it is done, or choose another --out")
    }
  }

  deinit { close(lock) }

  func joined(_ name: String) -> String { path + "/" + name }

  /// The bytes of a file, nil if there is none.
  func read(_ name: String) throws(LabError) -> [UInt8]? {
    let file = open(joined(name), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw Self.refusal(joined(name), errno)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Self.refusal(joined(name), errno) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let (start, rest) = (filled, bytes.count - filled)
      let count = bytes.withUnsafeMutableBytes {
        Self.plainRead(file, $0.baseAddress.map { $0 + start }, rest)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.refusal(joined(name), errno) }
      if count == 0 { break }
      filled += count
    }
    return Array(bytes[..<filled])
  }

  /// Puts a whole, durable file in place of any other of this name.
  func write(_ bytes: [UInt8], to name: String) throws(LabError) {
    let partial = joined("." + name + ".partial")
    let file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Self.refusal(joined(name), errno) }
    do throws(LabError) {
      defer { close(file) }
      var written = 0
      while written < bytes.count {
        let (start, rest) = (written, bytes.count - written)
        let count = bytes.withUnsafeBytes {
          Self.plainWrite(file, $0.baseAddress.map { $0 + start }, rest)
        }
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw Self.refusal(joined(name), errno) }
        written += count
      }
      guard fsync(file) == 0 else { throw Self.refusal(joined(name), errno) }
      guard rename(partial, joined(name)) == 0 else { throw Self.refusal(joined(name), errno) }
    } catch {
      unlink(partial)
      throw error
    }
    makeNamesDurable()
  }

  func write(_ text: String, to name: String) throws(LabError) {
    try write(Array(text.utf8), to: name)
  }

  /// Removes files; those that do not exist are no error.
  func remove(_ names: [String]) throws(LabError) {
    for name in names where unlink(joined(name)) != 0 && errno != ENOENT {
      throw Self.refusal(joined(name), errno)
    }
    makeNamesDurable()
  }

  /// Names of the files, in order.
  func names() throws(LabError) -> [String] {
    guard let folder = opendir(path) else { throw Self.refusal(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        })
    }
    return names.sorted()
  }

  private func makeNamesDurable() {
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    // Some file systems cannot do this; then the name is as durable as they make it.
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

  /// What the system's error number means for someone who stores a run there.
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
        .file, "\(path): something else stands where a folder or file is needed",
        remedy: "move it away, or choose another --out")
    default:
      LabError(
        .file, "\(path): \(String(cString: strerror(code)))",
        remedy: "check the path and the disk, or choose another --out")
    }
  }

  private static func plainRead(_ file: Int32, _ to: UnsafeMutableRawPointer?, _ n: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(file, to, n)
    #elseif canImport(Musl)
      Musl.read(file, to, n)
    #else
      Darwin.read(file, to, n)
    #endif
  }

  private static func plainWrite(_ file: Int32, _ from: UnsafeRawPointer?, _ n: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(file, from, n)
    #elseif canImport(Musl)
      Musl.write(file, from, n)
    #else
      Darwin.write(file, from, n)
    #endif
  }
}
