internal import OuterloopPlatform

/// The status of what is at a path.
struct FileStatus {
  enum Kind { case ordinary, folder, link, blockDevice, characterDevice, pipe, socket }

  let kind: Kind
  let mode: mode_t
  let owner: uid_t
  let group: gid_t
  let size: Int
  private let device: UInt64
  private let number: UInt64
  /// Seconds and nanoseconds of the last change of the contents, and of any attribute.
  private let times: [Int]

  /// - Parameter follow: whether to follow a symbolic link.
  /// - Throws: the system's error number.
  init(_ path: String, follow: Bool = true) throws(SystemFailure) {
    var found = stat()
    guard (follow ? stat(path, &found) : lstat(path, &found)) == 0 else {
      throw SystemFailure(number: errno)
    }
    self.init(found)
  }

  /// Of an open file; nil if there is none.
  init?(descriptor: Int32) {
    var found = stat()
    guard fstat(descriptor, &found) == 0 else { return nil }
    self.init(found)
  }

  private init(_ found: stat) {
    kind =
      switch found.st_mode & S_IFMT {
      case S_IFDIR: .folder
      case S_IFLNK: .link
      case S_IFBLK: .blockDevice
      case S_IFCHR: .characterDevice
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      default: .ordinary
      }
    mode = found.st_mode & 0o7777
    owner = found.st_uid
    group = found.st_gid
    size = Int(found.st_size)
    device = UInt64(truncatingIfNeeded: found.st_dev)
    number = UInt64(found.st_ino)
    #if canImport(Darwin)
      let changes = [found.st_mtimespec, found.st_ctimespec]
    #else
      let changes = [found.st_mtim, found.st_ctim]
    #endif
    times = changes.flatMap { [Int($0.tv_sec), Int($0.tv_nsec)] }
  }

  /// Whether both are the same file, under whatever path.
  func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && number == other.number
  }

  /// Whether both are the same file, unchanged in between. Inode numbers are reused, so they alone
  /// are not sufficient.
  func isUnchanged(since before: FileStatus) -> Bool {
    isSameFile(as: before) && size == before.size && times == before.times
  }
}

struct SystemFailure: Error { let number: Int32 }

/// Paths without their symbolic links.
enum ResolvedPath {
  /// The path of an existing file.
  static func existing(_ path: String) throws(SystemFailure) -> String {
    guard let real = CLibrary.realPath(path) else { throw SystemFailure(number: errno) }
    return real
  }

  /// The path of a file that may not exist yet, in an existing folder.
  static func new(_ path: String) throws(SystemFailure) -> String {
    let (folder, name) = CLibrary.split(path)
    let real = try existing(folder)
    return real == "/" ? "/" + name : real + "/" + name
  }
}
