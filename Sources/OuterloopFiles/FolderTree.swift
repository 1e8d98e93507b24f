internal import OuterloopPlatform

/// Folders with all their contents.
enum FolderTree {
  /// The files below a folder, by their paths in it, symbolic links among them, in the order of their names.
  static func files(in folder: String) -> [String] {
    (CLibrary.names(inFolder: folder) ?? []).filter { $0 != "." && $0 != ".." }.sorted()
      .flatMap { name -> [String] in
        guard kind("\(folder)/\(name)") == .folder else { return [name] }
        return files(in: "\(folder)/\(name)").map { "\(name)/\($0)" }
      }
  }

  /// The kind of what is at a path, without following links; nil: nothing.
  static func kind(_ path: String) -> FileStatus.Kind? {
    (try? FileStatus(path, follow: false))?.kind
  }

  /// Makes a folder and its parents.
  static func make(_ path: String) throws(FileError) {
    guard mkdir(path, 0o777) != 0 else { return }
    let (code, parent) = (errno, CLibrary.split(path).folder)
    if code == EEXIST {
      if let status = try? FileStatus(path), status.kind == .folder { return }
      throw .noFolder(path)
    }
    guard code != ENOTDIR else {
      var place = parent
      while kind(place) == nil, place != "/", place != "." { place = CLibrary.split(place).folder }
      throw .noFolder(place)
    }
    guard code == ENOENT, parent != path, parent != "." else { throw .system(path, code) }
    try make(parent)
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .system(path, errno) }
  }

  /// Fills a folder with the contents of another one, or with one file.
  ///
  /// - Returns: the files, by their paths in it.
  static func gather(_ source: String, in folder: String) throws(FileError) -> [String] {
    guard let status = try? FileStatus(source), status.kind == .ordinary else {
      return try copy(source, to: folder)
    }
    let name = CLibrary.split(source).name
    try make(folder)
    try copyFile(source, to: "\(folder)/\(name)")
    return [name]
  }

  /// Copies a folder to a path where nothing exists. Files are on disk when it returns; symbolic links stay
  /// links; pipes, sockets and devices are left out.
  ///
  /// - Returns: the files, by their paths in it.
  static func copy(_ folder: String, to other: String) throws(FileError) -> [String] {
    guard mkdir(other, 0o777) == 0 else { throw .system(other, errno) }
    guard let names = CLibrary.names(inFolder: folder) else { throw .unreadable(folder, errno) }
    var files: [String] = []
    for name in names.sorted() where name != "." && name != ".." {
      let (from, to) = ("\(folder)/\(name)", "\(other)/\(name)")
      switch kind(from) {
      case .folder:
        for file in try copy(from, to: to) { files.append("\(name)/\(file)") }
      case .ordinary:
        try copyFile(from, to: to)
        files.append(name)
      case .link:
        try copyLink(from, to: to)
        files.append(name)
      case .blockDevice, .characterDevice, .pipe, .socket, nil: break
      }
    }
    return files
  }

  private static func copyFile(_ path: String, to other: String) throws(FileError) {
    let from = CLibrary.openFile(path, O_RDONLY | O_CLOEXEC, 0)
    guard from >= 0 else { throw .unreadable(path, errno) }
    defer { close(from) }
    let to = CLibrary.openFile(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard to >= 0 else { throw .system(other, errno) }
    defer { close(to) }
    while true {
      var code: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
        let read = CLibrary.readFile(from, buffer.baseAddress, 1 << 20)
        if read < 0 { code = errno }
        count = max(0, read)
      }
      if code == EINTR { continue }
      guard code == 0 else { throw .unreadable(path, code) }
      guard CLibrary.writeAll(bytes[...], to: to) else { throw .system(other, errno) }
      if bytes.isEmpty { break }
    }
    guard fsync(to) == 0 else { throw .system(other, errno) }
    if let status = FileStatus(descriptor: from) { fchmod(to, status.mode) }
  }

  private static func copyLink(_ path: String, to other: String) throws(FileError) {
    // Keeps the terminating zero.
    var target = [CChar](repeating: 0, count: 4097)
    guard readlink(path, &target, target.count - 1) >= 0 else { throw .unreadable(path, errno) }
    guard symlink(target, other) == 0 else { throw .system(other, errno) }
  }

  /// Removes a folder recursively; links are removed, not their targets.
  static func remove(_ path: String) {
    if kind(path) == .folder {
      for name in CLibrary.names(inFolder: path) ?? [] where name != "." && name != ".." {
        remove("\(path)/\(name)")
      }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
