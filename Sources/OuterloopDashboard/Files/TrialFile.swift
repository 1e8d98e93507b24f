internal import OuterloopPlatform
internal import OuterloopText

/// A file of a trial, reached from its folder without following links, so that nothing in a program's folder
/// leads outside it.
struct TrialFile: Sendable {
  /// Below the folder, parts between slashes.
  let path: String
  let size: Int
  /// Seconds since 1970.
  let modified: Double
  private let folder: String

  /// How it is displayed.
  enum Kind: String {
    case image, table, text, other
  }

  var kind: Kind { Self.kinds[ending]?.kind ?? .other }

  /// The media type to send. Texts are never markup, and unknown types are bytes.
  var type: String { Self.kinds[ending]?.type ?? "application/octet-stream" }

  private static let kinds: [String: (kind: Kind, type: String)] = [
    "png": (.image, "image/png"), "jpg": (.image, "image/jpeg"), "jpeg": (.image, "image/jpeg"),
    "gif": (.image, "image/gif"), "webp": (.image, "image/webp"),
    "svg": (.image, "image/svg+xml"), "csv": (.table, "text/plain; charset=utf-8"),
    "tsv": (.table, "text/plain; charset=utf-8"), "txt": (.text, "text/plain; charset=utf-8"),
    "log": (.text, "text/plain; charset=utf-8"), "md": (.text, "text/plain; charset=utf-8"),
    "json": (.text, "text/plain; charset=utf-8"), "jsonl": (.text, "text/plain; charset=utf-8"),
    "yaml": (.text, "text/plain; charset=utf-8"), "yml": (.text, "text/plain; charset=utf-8"),
  ]

  private var ending: String {
    path.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() ?? ""
  }

  /// The file at an absolute path.
  /// - Returns: nil if there is no ordinary file.
  init?(_ path: String) {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last else { return nil }
    self.init(in: "/" + parts.dropLast().joined(separator: "/"), [name])
  }

  /// The file at a path given by its parts.
  /// - Returns: nil if there is none, or if a part on the way is not a real folder.
  init?(in folder: String, _ parts: [String]) {
    guard let descriptor = Self.open(parts, in: folder) else { return nil }
    defer { _ = CLibrary.closeFile(descriptor) }
    self.init(descriptor, path: parts.joined(separator: "/"), in: folder)
  }

  private init?(_ descriptor: Int32, path: String, in folder: String) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    self.path = path
    self.folder = folder
    size = Int(status.st_size)
    modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
  }

  /// A descriptor for a path given by its parts, without following links.
  private static func open(_ parts: [String], in folder: String) -> Int32? {
    guard let name = parts.last,
      parts.allSatisfy({
        !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(UInt8(ascii: "/"))
      })
    else { return nil }
    var current = CLibrary.openFile(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard current >= 0 else { return nil }
    for part in parts.dropLast() {
      let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      _ = CLibrary.closeFile(current)
      guard next >= 0 else { return nil }
      current = next
    }
    defer { _ = CLibrary.closeFile(current) }
    // A pipe or a device would block the server.
    let file = openat(current, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    return file >= 0 ? file : nil
  }

  /// Bytes from `start` on, at most `limit` of them.
  /// - Returns: nil if it can no longer be read.
  func bytes(from start: Int, limit: Int) -> [UInt8]? {
    guard let descriptor = Self.open(path.split(separator: "/").map(String.init), in: folder) else {
      return nil
    }
    defer { _ = CLibrary.closeFile(descriptor) }
    guard Self(descriptor, path: path, in: folder) != nil else { return nil }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      var code: Int32 = 0
      let wanted = min(1 << 20, limit - bytes.count)
      let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        let read = pread(descriptor, buffer.baseAddress, wanted, off_t(start + bytes.count))
        if read < 0 { code = errno }
        count = max(0, read)
      }
      if code == EINTR { continue }
      guard code == 0 else { return nil }
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  // MARK: Folder listing

  private static let mostFiles = 500
  private static let deepest = 8

  /// The ordinary files in and below a folder, by path; none if there is no such folder.
  static func all(in folder: String) -> [TrialFile] {
    var found: [TrialFile] = []
    collect([], folder, &found)
    return found.sorted { $0.path < $1.path }
  }

  private static func collect(_ parts: [String], _ folder: String, _ found: inout [TrialFile]) {
    let descriptor =
      parts.isEmpty
      ? CLibrary.openFile(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
      : open(parts, in: folder) ?? -1
    guard descriptor >= 0 else { return }
    guard let stream = fdopendir(descriptor) else {
      _ = CLibrary.closeFile(descriptor)
      return
    }
    var names: [String] = []
    while let entry = readdir(stream), names.count < mostFiles {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    closedir(stream)
    for name in names.sorted() where found.count < mostFiles {
      if let file = TrialFile(in: folder, parts + [name]) {
        found.append(file)
      } else if parts.count < deepest {
        collect(parts + [name], folder, &found)
      }
    }
  }

  var json: JSON {
    .object([
      "path": .text(path), "size": .int(size), "modified": .float(modified),
      "kind": .text(kind.rawValue),
    ])
  }
}
