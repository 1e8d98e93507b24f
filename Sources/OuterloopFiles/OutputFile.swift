internal import OuterloopPlatform

/// What a new file may replace. Folders, devices, write-protected files and anything in the folder
/// of a store's trials are never replaced.
public enum Replacement: Sendable {
  /// Nothing: there must be no file yet.
  case nothing
  /// Any ordinary file that neither is a database nor belongs to one.
  case ordinaryFiles
  /// Ordinary files that are found to be expendable, by their path without symbolic links.
  case files(where: @Sendable (_ path: String) throws -> Bool)
  /// Any ordinary file, and databases that are found to be expendable.
  case ordinaryFilesAndDatabases(where: @Sendable (_ path: String) throws -> Bool)
}

/// A user's file that is written completely or not at all: the only code that decides what may be
/// replaced.
///
/// It is written under another name in the same folder and moved to its path when it is complete, so
/// that an error on the way leaves the old file, and no one ever sees a partial file. If nothing
/// existed when this value was created, the move replaces nothing either. A symbolic link stays, and
/// its target is replaced, keeping the permissions. Pipes, terminals and devices such as `/dev/null`
/// are written directly, and so are `/dev/stdout` and `/dev/stderr`, whatever they refer to.
///
///     let file = try OutputFile("trials.csv")
///     try file.write(text)
///     try file.commit()
public final class OutputFile {
  public let path: String
  private let place: Place
  /// The temporary path.
  private var draft: String?
  /// The draft, or the stream; -1 if it is not open.
  private var descriptor: Int32 = -1

  private enum Place {
    case new(String)
    case replaced(String, FileStatus)
    /// A stream that is open already, or one to be opened.
    case stream(Int32?)

    /// The final path of the file, without symbolic links; nil for streams.
    var target: String? {
      switch self {
      case .new(let path), .replaced(let path, _): path
      case .stream: nil
      }
    }
  }

  /// Checks what exists; nothing is written yet.
  ///
  /// - Throws: `FileError` if an existing file may not be replaced, or the folder is missing; also
  ///   what `replacing` throws.
  public init(_ path: String, replacing: Replacement = .nothing) throws {
    self.path = path
    place = try Self.place(of: path, replacing)
  }

  deinit { discard() }

  // MARK: Existing files

  private static let ownStreams: [String: Int32] = [
    "/dev/stdout": STDOUT_FILENO, "/dev/fd/1": STDOUT_FILENO, "/proc/self/fd/1": STDOUT_FILENO,
    "/dev/stderr": STDERR_FILENO, "/dev/fd/2": STDERR_FILENO, "/proc/self/fd/2": STDERR_FILENO,
  ]

  private static func place(of path: String, _ replacing: Replacement) throws -> Place {
    if let stream = ownStreams[path] { return .stream(stream) }
    guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError.system(path, ENOENT) }
    do {
      let status: FileStatus
      do { status = try FileStatus(path, follow: false) } catch {
        guard error.number == ENOENT else { throw error }
        guard !path.hasSuffix("/") else { throw FileError.protected(path, "is a folder's name") }
        let target = try ResolvedPath.new(path)
        try refuseUserData(path, target, nil)
        return .new(target)
      }
      guard status.kind == .link else {
        return try place(of: path, status, ResolvedPath.existing(path), replacing)
      }
      do {
        return try place(of: path, FileStatus(path), ResolvedPath.existing(path), replacing)
      } catch let error as SystemFailure where error.number == ENOENT {
        throw FileError.protected(path, "is a symbolic link that leads nowhere")
      }
    } catch let error as SystemFailure { throw FileError.system(path, error.number) }
  }

  private static func place(
    of path: String, _ status: FileStatus, _ target: String, _ replacing: Replacement
  ) throws -> Place {
    switch status.kind {
    case .pipe, .characterDevice: return .stream(nil)
    case .folder, .link: throw FileError.protected(path, "is a folder")
    case .blockDevice: throw FileError.protected(path, "is a device that holds a file system")
    case .socket: throw FileError.protected(path, "is a socket")
    case .ordinary: break
    }
    switch replacing {
    case .nothing:
      try refuseUserData(path, target, status)
      throw FileError.exists(path)
    case .ordinaryFiles: try refuseUserData(path, target, status)
    case .files(let isExpendable):
      try refuseTrialFolders(path, target)
      guard try isExpendable(target) else { throw FileError.exists(path) }
    case .ordinaryFilesAndDatabases(let isExpendable):
      try refuseTrialFolders(path, target)
      if try !isExpendable(target) { try refuseUserData(path, target, status) }
    }
    // Applies to the superuser too.
    guard status.mode & 0o222 != 0, access(target, W_OK) == 0 else {
      throw FileError(
        .protected, "`\(path)` is write-protected", "make it writable, or name another file")
    }
    // Inspecting a database may have changed it.
    return .replaced(target, try FileStatus(target, follow: false))
  }

  private static func refuseUserData(
    _ path: String, _ target: String, _ status: FileStatus?
  ) throws(FileError) {
    if let objection = DatabaseFile.objection(to: target, status) {
      throw .protected(path, objection)
    }
    try refuseTrialFolders(path, target)
  }

  private static func refuseTrialFolders(_ path: String, _ target: String) throws(FileError) {
    if let store = [target, path].lazy.compactMap(DatabaseFile.store(holding:)).first {
      throw .protected(path, "is in the folder of the trials of `\(store)`")
    }
  }

  /// Checks that files may be written into a folder, which need not exist yet.
  /// - Throws: `FileError` if it belongs to a store's trials.
  public static func checkFolder(_ path: String) throws(FileError) {
    // Its location follows from the nearest existing parent.
    var (folder, rest) = (path, "/")
    while folder != ".", folder != "/", (try? FileStatus(folder)) == nil {
      let parts = CLibrary.split(folder)
      (folder, rest) = (parts.folder, "/" + parts.name + rest)
    }
    try refuseTrialFolders(path + "/", ((try? ResolvedPath.existing(folder)) ?? folder) + rest)
  }

  /// Removes temporary files that killed processes left in a folder.
  public static func removeLeftovers(in folder: String) {
    for name in CLibrary.names(inFolder: folder) ?? [] {
      let parts = name.split(separator: "-")
      guard name.hasPrefix(draftPrefix), name.hasSuffix(draftSuffix), parts.count == 3,
        let process = pid_t(parts[1]), process > 0, kill(process, 0) != 0, errno == ESRCH
      else { continue }
      FolderTree.remove("\(folder)/\(name)")
    }
  }

  /// A temporary name, which `removeLeftovers` recognizes.
  static func draftName() -> String {
    "\(draftPrefix)\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))\(draftSuffix)"
  }

  static func isDraft(_ name: String) -> Bool {
    name.hasPrefix(draftPrefix) && name.hasSuffix(draftSuffix)
  }

  private static let draftPrefix = ".outerloop-"
  private static let draftSuffix = ".part"

  /// Whether the path means the standard output of this process.
  public static func isStandardOutput(_ path: String) -> Bool {
    ownStreams[path] == STDOUT_FILENO
  }

  // MARK: Writing

  /// Appends text.
  public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    try open()
    guard CLibrary.writeAll(bytes[...], to: descriptor) else { throw .system(path, errno) }
  }

  private func open() throws(FileError) {
    guard descriptor < 0 else { return }
    if case .stream(let stream) = place {
      descriptor = stream ?? CLibrary.openFile(path, O_WRONLY | O_CLOEXEC | O_NOCTTY, 0)
      guard descriptor >= 0 else { throw .system(path, errno) }
      return
    }
    _ = try makeDraft()
  }

  /// An empty file in the same folder, for code that opens its output by name. It must be closed
  /// when `commit` is called.
  ///
  /// - Throws: `FileError`, also if the output is a stream.
  public func draftPath() throws(FileError) -> String {
    let draft = try makeDraft()
    closeDescriptor()
    return draft
  }

  private func makeDraft() throws(FileError) -> String {
    if let draft { return draft }
    guard let target = place.target else {
      throw .protected(path, "is not an ordinary file, and a database needs one")
    }
    let folder = CLibrary.split(target).folder
    // Never an existing file, nor one that another process creates.
    while true {
      let name = "\(folder)/\(Self.draftName())"
      descriptor = CLibrary.openFile(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        draft = name
        return name
      }
      guard errno == EEXIST else { throw .system(path, errno) }
    }
  }

  /// Moves a file that was made by other means, on the same file system, to the path.
  ///
  /// - Throws: as `commit`; then the file is removed.
  public func commit(_ made: String) throws(FileError) {
    discard()
    draft = made
    try commit()
  }

  /// Makes what was written durable, and moves it to the path.
  ///
  /// - Throws: `FileError`, also if another file has appeared at the path since; then what was written
  ///   is removed.
  public func commit() throws(FileError) {
    try open()
    guard let draft else { return closeStream() }
    do throws(FileError) {
      if descriptor < 0 { descriptor = CLibrary.openFile(draft, O_WRONLY | O_CLOEXEC, 0) }
      guard descriptor >= 0, fsync(descriptor) == 0 else { throw .system(path, errno) }
      switch place {
      case .new(let target): try publish(draft, as: target)
      case .replaced(let target, let status): try replace(target, status, by: draft)
      case .stream: break
      }
    } catch {
      discard()
      throw error
    }
    self.draft = nil
    closeDescriptor()
  }

  /// Renames the draft to its final name, unless that exists by now.
  private func publish(_ draft: String, as target: String) throws(FileError) {
    if link(draft, target) == 0 {
      unlink(draft)
      return
    }
    guard errno != EEXIST else { throw .exists(path) }
    // File systems without hard links: the name is taken by an empty file first.
    let own = CLibrary.openFile(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard own >= 0 else { throw errno == EEXIST ? .exists(path) : .system(path, errno) }
    close(own)
    guard rename(draft, target) == 0 else {
      let number = errno
      unlink(target)
      throw .system(path, number)
    }
  }

  private func replace(
    _ target: String, _ status: FileStatus, by draft: String
  ) throws(FileError) {
    // A file that someone else has put there since is left alone.
    guard let now = try? FileStatus(target, follow: false), now.isUnchanged(since: status)
    else {
      throw FileError(.exists, "`\(path)` has changed meanwhile", "try again")
    }
    // Where the owner cannot be kept, the permissions still are.
    if fchown(descriptor, status.owner, status.group) != 0 { _ = errno }
    guard fchmod(descriptor, status.mode) == 0, rename(draft, target) == 0 else {
      throw .system(path, errno)
    }
  }

  /// Removes what has been written, but nothing that existed before.
  public func discard() {
    if let draft {
      for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft + suffix) }
    }
    draft = nil
    closeStream()
  }

  private func closeStream() {
    if case .stream(.some) = place { descriptor = -1 }
    closeDescriptor()
  }

  private func closeDescriptor() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }
}
