internal import OuterloopPlatform

/// Files that nobody else can read.
enum PrivateFile {
  /// Makes a folder and its parents.
  static func makeFolder(_ path: String) throws {
    var parts = path.split(separator: "/")[...]
    var folder = ""
    while let part = parts.popFirst() {
      folder += "/\(part)"
      // An existing folder is not an error; other problems show later.
      if mkdir(folder, parts.isEmpty ? 0o700 : 0o777) != 0, errno != EEXIST, parts.isEmpty {
        throw writeError(folder)
      }
    }
  }

  /// Writes a text, replacing the file.
  static func write(_ text: String, to path: String) throws {
    let part = path + ".part"
    unlink(part)
    let file = CLibrary.openFile(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw writeError(part) }
    let isWritten = CLibrary.writeAll(Array(text.utf8)[...], to: file)
    guard close(file) == 0, isWritten, rename(part, path) == 0 else { throw writeError(path) }
  }

  private static func writeError(_ path: String) -> CommandError {
    CommandError(
      "\(path): \(String(cString: strerror(errno)))",
      hint: "launch from a folder that you may write to")
  }
}
