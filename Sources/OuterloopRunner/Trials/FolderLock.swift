internal import OuterloopPlatform

/// A lock on a folder, for as long as this value lives; the system lets go of it when its process ends. Whoever is
/// at work on a trial shares the lock on its folder; who removes its files has it alone.
final class FolderLock: Sendable {
  enum Kind: Sendable {
    /// Waits while someone has the lock alone.
    case shared
    /// Does not wait: there is none while anyone has it.
    case alone
  }

  let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Nil, with `errno`: no such folder, a symbolic link, a file system without locks, or someone else has it.
  static func take(_ folder: String, _ kind: Kind) -> FolderLock? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = CLibrary.openFile(folder, flags, 0)
    guard descriptor >= 0 else { return nil }
    while flock(descriptor, kind == .shared ? LOCK_SH : LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      let trouble = errno
      _ = CLibrary.closeFile(descriptor)
      errno = trouble
      return nil
    }
    return FolderLock(descriptor)
  }

  deinit { _ = CLibrary.closeFile(descriptor) }
}
