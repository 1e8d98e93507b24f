internal import OuterloopPlatform

/// A user's folder that is filled repeatedly by its owner: files that were written before and are unchanged are
/// replaced, or removed when they are outdated. Everything else stays: a file that was changed since, or
/// replaced by someone else, is an error before anything is written.
///
/// What was written is listed in a hidden file of the folder, with a digest of each file (`FolderManifest`). It
/// is written before the files, with their old and new digests, and again after them, so that a process may be
/// killed at any moment: whatever it leaves behind is recognized. Files are written completely or not at all,
/// and only one process writes at a time.
///
///     let folder = try OutputFolder("results", of: "study `digits`")
///     try folder.claim()
///     try folder.fill([.init("best.json", text)])
public struct OutputFolder: Sendable {
  /// A file to be written.
  public struct File: Sendable, Hashable {
    /// The path in the folder: `best.json`, `plots/history.svg`.
    public var path: String
    public var bytes: [UInt8]

    public init(_ path: String, _ text: String) {
      self.path = path
      bytes = Array(text.utf8)
    }
  }

  /// A folder to be copied from another one, or from one file. An existing earlier copy is considered up to date.
  public struct Copy: Sendable, Hashable {
    /// The path in the folder.
    public var path: String
    /// A folder, or a file.
    public var source: String

    public init(_ path: String, of source: String) {
      self.path = path
      self.source = source
    }
  }

  /// As an absolute path.
  public let path: String
  /// Its owner, as a phrase.
  public let owner: String

  /// Looks at what is there; nothing is written yet.
  ///
  /// - Throws: `FileError` if the path is not a folder, belongs to the trials of a store, or contains files of
  ///   another owner. Hidden files are ignored.
  public init(_ path: String, of owner: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .system(path, ENOENT) }
    self.path = Self.absolute(path)
    self.owner = owner
    try OutputFile.checkFolder(self.path)
    guard let status = try? FileStatus(self.path) else { return }
    guard status.kind == .folder else { throw .noFolder(path) }
    guard CLibrary.names(inFolder: self.path) != nil else { throw .unreadable(path, errno) }
    if let manifest = try FolderManifest(in: self.path) {
      try check(manifest)
      return
    }
    if let name = visibleNames.first {
      throw FileError(
        .protected, "the folder `\(path)` holds other files, such as `\(name)`",
        "name a folder that is empty, or not there yet")
    }
  }

  /// A folder in which nothing was written yet can be claimed by anyone: its owner may have ended before there
  /// was anything to write.
  private func check(_ manifest: FolderManifest) throws(FileError) {
    let isEmpty = manifest.files.isEmpty && visibleNames.isEmpty
    guard manifest.owner == owner || isEmpty else {
      throw FileError(
        .protected, "the folder `\(path)` holds what was written for \(manifest.owner)",
        "name another folder for \(owner)")
    }
  }

  /// Hidden files are ignored.
  private var visibleNames: [String] {
    (CLibrary.names(inFolder: path) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func absolute(_ path: String) -> String {
    var whole = path
    while whole.count > 1, whole.hasSuffix("/") { whole.removeLast() }
    guard !whole.hasPrefix("/"), let here = getcwd(nil, 0) else { return whole }
    defer { free(here) }
    return String(cString: here) + "/" + whole
  }

  /// Makes the folder, and marks it as the owner's.
  public func claim() throws(FileError) {
    try FolderTree.make(path)
    if let manifest = try FolderManifest(in: path) {
      try check(manifest)
      if manifest.owner == owner { return }
    }
    try FolderManifest(owner: owner).write(in: path)
  }

  /// Makes a folder in it, for others to fill, and returns its path. Nothing in it is ever touched.
  public func makeFolder(_ name: String) throws(FileError) -> String {
    try FolderTree.make(whole(name))
    return whole(name)
  }

  /// Writes these files and copies, and removes all others that were written before.
  ///
  /// - Throws: `FileError`; files of others are unchanged.
  /// - Complexity: reads what was written before, and writes new files.
  public func fill(_ files: [File], copies: [Copy] = []) throws(FileError) {
    try claim()
    let lock = CLibrary.openFile(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    // Without locks on a file system that has none.
    if lock >= 0 { while flock(lock, LOCK_EX) != 0, errno == EINTR {} }
    defer { if lock >= 0 { close(lock) } }
    guard let before = try FolderManifest(in: path) else { throw .noFolder(path) }
    try check(before)
    for folder in Set([path] + (files.map(\.path) + copies.map(\.path)).map(place(around:))) {
      OutputFile.removeLeftovers(in: folder)
    }
    var after = FolderManifest(owner: owner)
    for file in files { after.files[file.path] = [FileDigest(file.bytes).description] }
    for file in files { try check(file.path, before) }
    var drafts: [(draft: String, copy: Copy)] = []
    defer { for draft in drafts { FolderTree.remove(draft.draft) } }
    for copy in copies {
      let kept = before.files.filter { $0.key.hasPrefix(copy.path + "/") }
      if FolderTree.kind(whole(copy.path)) == .folder, !kept.isEmpty {
        after.files.merge(kept) { new, _ in new }
        continue
      }
      if FolderTree.kind(whole(copy.path)) != nil { throw changed(copy.path) }
      try FolderTree.make(place(around: copy.path))
      let draft = "\(place(around: copy.path))/\(OutputFile.draftName())"
      drafts.append((draft, copy))
      let contents = try FolderTree.gather(copy.source, in: draft)
      // An empty copy has no files by which to recognize it.
      if contents.isEmpty { FolderTree.remove(drafts.removeLast().draft) }
      for file in contents {
        guard let digest = FolderManifest.digest(of: "\(draft)/\(file)") else { continue }
        after.files["\(copy.path)/\(file)"] = [digest]
      }
    }
    try before.union(after).write(in: path)
    for (draft, copy) in drafts {
      guard rename(draft, whole(copy.path)) == 0 else { throw .system(whole(copy.path), errno) }
    }
    for file in files { try write(file, before) }
    remove(before, except: after)
    try after.write(in: path)
  }

  private func whole(_ file: String) -> String { "\(path)/\(file)" }

  private func place(around file: String) -> String { CLibrary.split(whole(file)).folder }

  /// - Throws: `FileError` if something that was not written here is at the path of a file.
  private func check(_ file: String, _ manifest: FolderManifest) throws(FileError) {
    guard FolderTree.kind(whole(file)) != nil, !manifest.holds(file, in: path) else { return }
    throw changed(file)
  }

  private func changed(_ file: String) -> FileError {
    FileError(
      .protected, "`\(whole(file))` was changed since it was written, or comes from elsewhere",
      "move it away, or name another folder")
  }

  private func write(_ file: File, _ before: FolderManifest) throws(FileError) {
    let (digest, target) = (FileDigest(file.bytes), whole(file.path))
    if FileDigest(ofFile: target) == digest { return }
    try FolderTree.make(place(around: file.path))
    do {
      let output = try OutputFile(
        target, replacing: .files { _ in before.holds(file.path, in: path) })
      try output.write(file.bytes)
      try output.commit()
    } catch let error as FileError {
      throw error.cause == .exists ? changed(file.path) : error
    } catch { throw changed(file.path) }
  }

  /// Removes what was written before and is outdated, and folders that become empty.
  private func remove(_ before: FolderManifest, except after: FolderManifest) {
    for file in before.files.keys.sorted(by: >) where after.files[file] == nil {
      guard before.holds(file, in: path) else { continue }
      unlink(whole(file))
      var folder = CLibrary.split(file).folder
      while folder != ".", rmdir(whole(folder)) == 0 { folder = CLibrary.split(folder).folder }
    }
  }
}
