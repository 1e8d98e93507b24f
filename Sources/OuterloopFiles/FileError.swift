internal import OuterloopPlatform
public import OuterloopText

/// Why a file cannot be written, and what to do about it. `description` is `WHAT; REMEDY`.
public struct FileError: ExplainedError, Hashable {
  /// The kind of error, for matching by case.
  public enum Cause: Sendable, Hashable {
    /// A file exists already; it may be replaced on request.
    case exists
    /// Something exists that is never replaced: a folder, a database, a file of a store.
    case protected
    /// The file system refused.
    case system
  }

  public let cause: Cause
  public let what: String
  public let remedy: String
  /// The system's error number, where that is the cause.
  public let number: Int32?

  public init(_ cause: Cause, _ what: String, _ remedy: String, number: Int32? = nil) {
    self.cause = cause
    self.what = what
    self.remedy = remedy
    self.number = number
  }

  static func exists(_ path: String) -> FileError {
    FileError(.exists, "there is a file `\(path)` already", "name another, or remove it")
  }

  static func protected(_ path: String, _ what: String) -> FileError {
    FileError(.protected, "`\(path)` \(what)", "name another file")
  }

  static func noFolder(_ path: String) -> FileError {
    FileError(.protected, "`\(path)` is not a folder", "name another folder")
  }

  static func unreadable(_ path: String, _ number: Int32) -> FileError {
    FileError(
      .system, "`\(path)` cannot be read: \(String(cString: strerror(number)))",
      "check its permissions, and that it still exists", number: number)
  }

  /// The error for a system error number when writing `path`.
  static func system(_ path: String, _ number: Int32) -> FileError {
    let remedy =
      switch number {
      case ENOENT: "create its folder first, or name another file"
      case ENOTDIR: "a folder is needed where there is a file: name another file"
      case ENOSPC, EDQUOT: "free some space on its disk"
      case EFBIG: "raise the limit on file sizes (ulimit -f)"
      case EACCES, EPERM: "make its folder writable, or name another file"
      case EROFS: "the file system is read-only: name another file"
      case ENAMETOOLONG: "give it a shorter name"
      default: "check the folder and its space, or name another file"
      }
    return FileError(
      .system, "`\(path)` cannot be written: \(String(cString: strerror(number)))", remedy,
      number: number)
  }
}
