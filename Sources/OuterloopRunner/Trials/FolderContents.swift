internal import OuterloopPlatform

/// The contents of a folder, recursively. Symbolic links are entries like others and are not followed; file
/// systems that are mounted there are skipped.
struct FolderContents {
  private let device: dev_t
  /// Entries that could not be read or removed.
  private(set) var failure: String?
  private var seen: Set<Entry> = []
  private(set) var bytes = 0

  private struct Entry: Hashable {
    var device: dev_t
    var number: ino_t
  }

  /// - Parameter folder: a descriptor of the folder that contains what is measured or removed.
  init?(in folder: Int32) {
    var status = stat()
    guard fstat(folder, &status) == 0 else { return nil }
    device = status.st_dev
  }

  /// Adds the disk space of the contents of `name`; a file with two links counts once.
  mutating func measure(_ name: String, in folder: Int32) {
    walk(name, in: folder, depth: 0) { contents, status, _, _ in
      let entry = Entry(device: status.st_dev, number: status.st_ino)
      guard contents.seen.insert(entry).inserted else { return }
      contents.bytes += Int(status.st_blocks) * 512
    }
  }

  /// Removes the contents of `name`, but not `name` itself.
  /// - Parameter isKept: whether an entry directly in it is kept too.
  mutating func empty(_ name: String, in folder: Int32, keeping isKept: (String) -> Bool) {
    walk(name, in: folder, depth: 0, passing: isKept) { contents, status, parent, entry in
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      guard unlinkat(parent, entry, isFolder ? AT_REMOVEDIR : 0) != 0, errno != ENOENT else {
        return
      }
      contents.failure = contents.failure ?? "\(entry): \(Files.systemMessage())"
    }
  }

  private static let deepest = 200

  /// Visits the contents of the folder `name`, those of a folder before the folder itself.
  private mutating func walk(
    _ name: String, in parent: Int32, depth: Int,
    passing isPassed: (String) -> Bool = { _ in false },
    _ visit: (inout FolderContents, stat, Int32, String) -> Void
  ) {
    let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno != ENOENT { failure = failure ?? "\(name): \(Files.systemMessage())" }
      return
    }
    guard depth < Self.deepest, let folder = fdopendir(descriptor) else {
      failure = failure ?? "\(name): folders in it are nested too deeply"
      _ = CLibrary.closeFile(descriptor)
      return
    }
    defer { closedir(folder) }
    var entries: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { entries.append(name) }
    }
    for entry in entries {
      var status = stat()
      guard !isPassed(entry), fstatat(descriptor, entry, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_dev == device
      else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        walk(entry, in: descriptor, depth: depth + 1, visit)
      }
      visit(&self, status, descriptor, entry)
    }
  }
}
