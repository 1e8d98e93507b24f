internal import OuterloopPlatform

/// A lock on a folder, held for the lifetime of this value; the system releases it when the process ends.
/// Processes that work on a trial share the lock on its folder; a process that removes its files holds it
/// exclusively.
final class FolderLock: Sendable {
  enum Kind: Sendable {
    /// Waits while someone holds the lock exclusively.
    case shared
    /// Does not wait: fails while anyone holds the lock.
    case alone
  }

  let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Nil, with `errno`: no such folder, a symbolic link, a file system without locks, or someone else holds
  /// it.
  static func take(_ folder: String, _ kind: Kind) -> FolderLock? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = CLibrary.openFile(folder, flags, 0)
    guard descriptor >= 0 else { return nil }
    while flock(descriptor, kind == .shared ? LOCK_SH : LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      let code = errno
      _ = CLibrary.closeFile(descriptor)
      errno = code
      return nil
    }
    return FolderLock(descriptor)
  }

  deinit { _ = CLibrary.closeFile(descriptor) }
}
