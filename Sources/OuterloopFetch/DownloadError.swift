import Foundation
internal import OuterloopFiles
public import OuterloopText

/// Why a file could not be downloaded, and what to do about it.
///
/// `description` is one line, `FILE: WHAT; REMEDY`, without the leading `error:`.
public struct DownloadError: ExplainedError, Hashable {
  /// The kind of error, for matching by case.
  public enum Cause: String, Sendable, Hashable {
    /// No mirror answered, or connections broke too often.
    case network
    /// No mirror has the file.
    case notFound
    /// Every mirror sent a different file: another size or checksum.
    case checksum
    /// The folder cannot be written.
    case folder
    /// The disk is full.
    case diskFull
    /// A different file of that name exists.
    case exists
    /// Another process downloads the same file.
    case busy
    /// The address of a mirror is not a web address.
    case address
  }

  public let cause: Cause
  /// The path of the file or folder concerned.
  public let file: String
  public let what: String
  public let remedy: String

  public init(_ cause: Cause, file: String, what: String, remedy: String) {
    self.cause = cause
    self.file = file
    self.what = what
    self.remedy = remedy
  }

  public var place: [String] { [file] }

  init(_ error: FileError, _ path: String) {
    if let number = error.number {
      self = .disk(path, number)
    } else {
      self.init(
        .exists, file: path,
        what: error.cause == .exists ? "another file has this name" : error.what,
        remedy: "move it away, or download to another folder")
    }
  }

  /// The error for a system error number when writing a file.
  static func disk(_ path: String, _ code: Int32) -> DownloadError {
    switch code {
    case ENOSPC, EDQUOT:
      DownloadError(
        .diskFull, file: path, what: "no space left on the disk",
        remedy: "free some space, or set OUTERLOOP_CACHE to a folder elsewhere; what has arrived"
          + " is kept")
    case EACCES, EPERM, EROFS:
      DownloadError(
        .folder, file: path,
        what: code == EROFS ? "the file system is read-only" : "permission denied",
        remedy: "make the folder writable, or set OUTERLOOP_CACHE to another")
    case ENOTDIR, EEXIST, ENOENT:
      DownloadError(
        .folder, file: path, what: "its folder does not exist or is not a folder",
        remedy: "move away what stands there, or set OUTERLOOP_CACHE to another folder")
    default:
      DownloadError(
        .folder, file: path, what: String(cString: strerror(code)),
        remedy: "check the disk, or set OUTERLOOP_CACHE to a folder elsewhere")
    }
  }
}
