import Foundation
internal import OuterloopFiles

/// An unfinished download, on disk as `NAME.part` and locked against other processes.
///
/// Its bytes are a prefix of the file; `commit` renames it atomically. Without it, they stay for
/// the next time.
final class PartFile {
  let path: String
  /// Bytes on disk.
  private(set) var count: Int
  private let descriptor: Int32

  /// Opens or creates the part for `path`.
  ///
  /// - Throws: `DownloadError` when the folder cannot be written or another process is downloading
  ///   it.
  init(for path: String) throws(DownloadError) {
    self.path = path + ".part"
    while true {
      let opened = open(self.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard opened >= 0 else { throw .disk(self.path, errno) }
      guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
        close(opened)
        throw DownloadError(
          .busy, file: self.path, what: "another process is downloading this file",
          remedy: "wait for it, then try again")
      }
      var status = stat()
      var named = stat()
      guard fstat(opened, &status) == 0 else {
        let code = errno
        close(opened)
        throw .disk(self.path, code)
      }
      // Between opening and locking, another process may have finished and renamed the file.
      if stat(self.path, &named) == 0, named.st_ino == status.st_ino {
        descriptor = opened
        count = Int(status.st_size)
        return
      }
      close(opened)
    }
  }

  deinit {
    close(descriptor)
  }

  /// Discards all bytes.
  func restart() throws(DownloadError) {
    guard count > 0 else { return }
    guard ftruncate(descriptor, 0) == 0 else { throw .disk(path, errno) }
    count = 0
  }

  /// Appends bytes.
  func append(_ bytes: UnsafeRawBufferPointer) throws(DownloadError) {
    var rest = bytes
    while !rest.isEmpty {
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(count))
      if written < 0 {
        if errno == EINTR { continue }
        throw .disk(path, errno)
      }
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// The SHA-256 of all bytes.
  func checksum() throws(DownloadError) -> String {
    try PartFile.checksum(descriptor, path)
  }

  /// Makes the bytes durable and gives the file its name.
  func commit(to final: OutputFile) throws(DownloadError) {
    do { try final.commit(path) } catch { throw DownloadError(error, final.path) }
  }

  func remove() {
    unlink(path)
  }

  /// Whether the file at `path` is complete and undamaged.
  static func isComplete(_ file: PublishedFile, at path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) == file.bytes else { return false }
    return (try? checksum(descriptor, path)) == file.sha256
  }

  private static func checksum(
    _ descriptor: Int32, _ path: String
  ) throws(DownloadError) -> String {
    var hash = SHA256()
    let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { window.deallocate() }
    var offset = 0
    while true {
      let count = pread(descriptor, window.baseAddress, window.count, off_t(offset))
      if count == 0 { return hash.finish() }
      if count < 0 {
        if errno == EINTR { continue }
        throw .disk(path, errno)
      }
      hash.update(UnsafeRawBufferPointer(rebasing: window[..<count]))
      offset += count
    }
  }
}
