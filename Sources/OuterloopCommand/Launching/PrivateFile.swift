internal import OuterloopPlatform

/// Files that nobody else can read.
enum PrivateFile {
  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws {
    var parts = path.split(separator: "/")[...]
    var folder = ""
    while let part = parts.popFirst() {
      folder += "/\(part)"
      // That it is there is no error; what else is will be.
      if mkdir(folder, parts.isEmpty ? 0o700 : 0o777) != 0, errno != EEXIST, parts.isEmpty {
        throw trouble(folder)
      }
    }
  }

  /// Writes a text in place of what was there.
  static func write(_ text: String, to path: String) throws {
    let part = path + ".part"
    unlink(part)
    let file = CLibrary.openFile(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw trouble(part) }
    let isWritten = CLibrary.writeAll(Array(text.utf8)[...], to: file)
    guard close(file) == 0, isWritten, rename(part, path) == 0 else { throw trouble(path) }
  }

  private static func trouble(_ path: String) -> Complaint {
    Complaint(
      "\(path): \(String(cString: strerror(errno)))",
      hint: "launch from a folder that you may write to")
  }
}
