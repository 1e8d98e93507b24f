internal import OuterloopStudy

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An SQLite file that is made beside its place and moved there when it is whole, so that no one ever
/// sees half of it.
struct DraftFile {
  /// Where it is made.
  let draft: String
  private let path: String

  init(for path: String) {
    self.path = path
    draft = "\(path).new-\(getpid())"
    discard()
  }

  /// Moves what was made, and closed, to its place.
  func publish() throws {
    guard rename(draft, path) == 0 else {
      throw StudyError(
        "`\(path)` cannot be created: \(String(cString: strerror(errno)))",
        "choose another folder")
    }
    discard()
  }

  /// Removes what there is of it.
  func discard() { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft + suffix) } }
}
