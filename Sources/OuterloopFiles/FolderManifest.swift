internal import OuterloopPlatform
internal import OuterloopText

/// The files written into an `OutputFolder`, and their owner: a hidden file in it.
///
///     {"owner":"study `digits`, seed 7","files":{"best.json":["204-9e3779b97f4a7c15"]}}
struct FolderManifest {
  static let name = ".outerloop-folder.json"
  /// The digest of a symbolic link, whatever its target.
  private static let link = "link"

  var owner: String
  /// The digests that each file may have, by path in the folder: more than one while it is not known whether
  /// the newest has been written.
  var files: [String: Set<String>] = [:]

  init(owner: String) { self.owner = owner }

  /// The manifest of a folder; nil if it has none.
  /// - Throws: `FileError` if it cannot be read or understood.
  init?(in folder: String) throws(FileError) {
    let path = "\(folder)/\(Self.name)"
    guard FolderTree.kind(path) != nil else { return nil }
    let file = CLibrary.openFile(path, O_RDONLY | O_CLOEXEC, 0)
    guard file >= 0 else { throw .unreadable(path, errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    while true {
      let part = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
        count = max(0, CLibrary.readFile(file, buffer.baseAddress, 1 << 16))
      }
      if part.isEmpty { break }
      bytes += part
    }
    guard let text = String(validating: bytes, as: UTF8.self),
      let json = JSONReader.value(text), let owner = json["owner"]?.text,
      let files = json["files"]?.members
    else {
      throw FileError(
        .protected, "`\(path)`, which lists what was written into its folder, cannot be understood",
        "name another folder, or remove what is in this one")
    }
    self.owner = owner
    for file in files {
      self.files[file.name] = Set((file.value.array ?? []).compactMap(\.text))
    }
  }

  /// Whether a file is as it was written.
  func holds(_ file: String, in folder: String) -> Bool {
    guard let digests = files[file], let digest = Self.digest(of: "\(folder)/\(file)") else {
      return false
    }
    return digests.contains(digest)
  }

  /// The digest of what is at a path; nil: nothing that could have been written there.
  static func digest(of path: String) -> String? {
    FolderTree.kind(path) == .link ? link : FileDigest(ofFile: path)?.description
  }

  /// The union of both manifests.
  func union(_ other: FolderManifest) -> FolderManifest {
    var all = self
    all.files.merge(other.files) { $0.union($1) }
    return all
  }

  func write(in folder: String) throws(FileError) {
    let members = files.sorted { $0.key < $1.key }.map { file in
      JSON.Member(name: file.key, value: .array(file.value.sorted().map(JSON.text)))
    }
    let json = JSON.object(["owner": .text(owner), "files": .object(members)])
    do {
      let file = try OutputFile("\(folder)/\(Self.name)", replacing: .files { _ in true })
      try file.write("\(json)\n")
      try file.commit()
    } catch let error as FileError { throw error } catch { throw .noFolder(folder) }
  }
}
