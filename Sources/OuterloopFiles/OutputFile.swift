internal import OuterloopPlatform

/// What a new file may take the place of. Folders, devices, write-protected files and whatever is in
/// the folder of a store's trials are never replaced.
public enum Replacement: Sendable {
  /// Nothing: there must be no file yet.
  case nothing
  /// Any ordinary file that is no database and belongs to none.
  case ordinaryFiles
  /// Ordinary files that are found to be expendable, by their path without symbolic links.
  case files(where: @Sendable (_ path: String) throws -> Bool)
  /// Any ordinary file, and of databases those that are found to be expendable.
  case ordinaryFilesAndDatabases(where: @Sendable (_ path: String) throws -> Bool)
}

/// A file of the user's that is written whole or not at all: the one place that decides what may be
/// replaced.
///
/// It is made under another name beside its place and moved there when it is whole, so that an error
/// part-way leaves what was there, and no one ever sees half of a file. Where nothing was when this
/// value was made, nothing is replaced by the move either. A symbolic link stays, and the file it
/// leads to is replaced, with its permissions. Pipes, terminals and devices such as `/dev/null` are
/// written straight into, and so are `/dev/stdout` and `/dev/stderr`, wherever they lead.
///
///     let file = try OutputFile("trials.csv")
///     try file.write(text)
///     try file.commit()
public final class OutputFile {
  public let path: String
  private let place: Place
  /// Where it is made.
  private var draft: String?
  /// The draft, or the stream; -1 if it is not open.
  private var descriptor: Int32 = -1

  private enum Place {
    case new(String)
    case replaced(String, FileStatus)
    /// A stream that is open already, or one to be opened.
    case stream(Int32?)

    /// Where the file is to be, without symbolic links; nil for streams.
    var target: String? {
      switch self {
      case .new(let path), .replaced(let path, _): path
      case .stream: nil
      }
    }
  }

  /// Looks at what is there; nothing is written yet.
  ///
  /// - Throws: `FileError` if something there may not be replaced, or the folder is missing, and what
  ///   `replacing` throws.
  public init(_ path: String, replacing: Replacement = .nothing) throws {
    self.path = path
    place = try Self.place(of: path, replacing)
  }

  deinit { discard() }

  // MARK: What is there

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
        try refuseBelongings(path, target, nil)
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
      try refuseBelongings(path, target, status)
      throw FileError.exists(path)
    case .ordinaryFiles: try refuseBelongings(path, target, status)
    case .files(let isExpendable):
      try refuseTrials(path, target)
      guard try isExpendable(target) else { throw FileError.exists(path) }
    case .ordinaryFilesAndDatabases(let isExpendable):
      try refuseTrials(path, target)
      if try !isExpendable(target) { try refuseBelongings(path, target, status) }
    }
    // Whoever may do everything is not to do this either.
    guard status.mode & 0o222 != 0, access(target, W_OK) == 0 else {
      throw FileError(
        .protected, "`\(path)` is write-protected", "make it writable, or name another file")
    }
    // Looking into a database may have tidied it.
    return .replaced(target, try FileStatus(target, follow: false))
  }

  private static func refuseBelongings(
    _ path: String, _ target: String, _ status: FileStatus?
  ) throws(FileError) {
    if let objection = DatabaseFile.objection(to: target, status) {
      throw .protected(path, objection)
    }
    try refuseTrials(path, target)
  }

  private static func refuseTrials(_ path: String, _ target: String) throws(FileError) {
    if let store = [target, path].lazy.compactMap(DatabaseFile.store(holding:)).first {
      throw .protected(path, "is in the folder of the trials of `\(store)`")
    }
  }

  /// Whether files may be put into a folder, which need not be there yet.
  /// - Throws: `FileError` if it belongs to a store's trials.
  public static func checkFolder(_ path: String) throws(FileError) {
    // Where it will be is said by the nearest folder above it that is there.
    var (folder, rest) = (path, "/")
    while folder != ".", folder != "/", (try? FileStatus(folder)) == nil {
      let parts = CLibrary.split(folder)
      (folder, rest) = (parts.folder, "/" + parts.name + rest)
    }
    try refuseTrials(path + "/", ((try? ResolvedPath.existing(folder)) ?? folder) + rest)
  }

  /// Removes what processes that were killed left of files they were writing into a folder.
  public static func removeLeftovers(in folder: String) {
    for name in CLibrary.names(inFolder: folder) ?? [] {
      let parts = name.split(separator: "-")
      guard name.hasPrefix(draftPrefix), name.hasSuffix(draftSuffix), parts.count == 3,
        let process = pid_t(parts[1]), process > 0, kill(process, 0) != 0, errno == ESRCH
      else { continue }
      FolderTree.remove("\(folder)/\(name)")
    }
  }

  /// A name beside others for what is being made, by which `removeLeftovers` knows it.
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

  /// An empty file beside the place, for programs that open what they write by its name. They have
  /// closed it when `commit` is called.
  ///
  /// - Throws: `FileError`, also where a stream is to be written.
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
    // Never a file that is there, nor one that another process makes.
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

  /// Moves a file that was made by other means, on the same file system, to its place.
  ///
  /// - Throws: as `commit`; the file is gone then.
  public func commit(_ made: String) throws(FileError) {
    discard()
    draft = made
    try commit()
  }

  /// Makes what was written durable, and moves it to its place.
  ///
  /// - Throws: `FileError`, also if another file has come to the place since; what was written is gone
  ///   then.
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

  /// Gives the draft its name, unless something has that by now.
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
    // A file that someone else has put there since is theirs.
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

  /// Removes what has been written; nothing that was there before.
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
