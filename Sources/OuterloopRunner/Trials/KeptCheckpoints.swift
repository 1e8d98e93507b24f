internal import OuterloopPlatform
internal import OuterloopText

/// A checkpoint that a trial's program has announced.
public struct SavedCheckpoint: Sendable, Hashable {
  public enum State: Sendable, Hashable {
    /// Intact, at this path.
    case whole(String)
    case damaged
    case gone
  }

  public var epoch: Int
  public var state: State
}

/// The checkpoints that a trial's program has announced, as they were then: a trial continues only from a
/// checkpoint that is known to be intact.
///
/// When a file is announced, its size and a hash of its contents are recorded, and a second link to it is kept,
/// so that it survives when the program replaces it with the next one. The last two are kept: a checkpoint is
/// removed only when a later one is on disk. Before an attempt, the newest one at or below the epoch in the
/// study is compared with the record. A damaged or missing checkpoint is restored from its second link, if that
/// is intact; otherwise the previous one is used, and if there is none the trial restarts.
///
/// Below a trial's folder:
///
///     kept/EPOCH.json    path, size and hash; written under another name first
///     kept/EPOCH         the second link
///
/// Folders that are announced as a checkpoint are trusted if they are not empty, and so is a checkpoint announced by `true`:
/// only the program knows what has to be intact in them. A file that is changed in place instead of being replaced changes
/// under both names; then only the hash helps.
///
/// - Complexity: a checkpoint is read once when it is announced and once when a trial continues from it; of a
///   file above 64 MiB, 64 MiB are read, in pieces spread over the file.
struct KeptCheckpoints {
  private let folder: String

  /// - Parameter folder: the trial's folder.
  init(in folder: String) { self.folder = folder + "/kept" }

  private struct Record {
    var path: String
    /// Nil: a folder.
    var file: (size: Int, hash: UInt64)?

    var text: String {
      let what =
        file.map { "\"size\": \($0.size), \"hash\": \"\(String($0.hash, radix: 16))\"" }
        ?? "\"folder\": true"
      return "{\"path\": \(path.jsonString), \(what)}\n"
    }
  }

  // MARK: Announcement

  /// Keeps an announced checkpoint. A failure is no reason to stop the trial: its announcement is then
  /// trusted.
  func keep(_ path: String, epoch: Int) {
    let isFolder = Files.isFolder(path)
    guard isFolder || Files.makeDurable(path) else { return }
    let file = isFolder ? nil : Self.contents(path)
    guard isFolder || file != nil, (try? Files.makeFolder(folder)) != nil else { return }
    let link = "\(folder)/\(epoch)"
    unlink(link)
    // Other file systems have no second link; the hash is useful anyway.
    if !isFolder { _ = OuterloopPlatform.link(path, link) }
    guard (try? Files.write(Record(path: path, file: file).text, to: link + ".json")) != nil else {
      return
    }
    for old in epochs().dropLast(2) where old != epoch { drop(old) }
  }

  private func drop(_ epoch: Int) {
    unlink("\(folder)/\(epoch).json")
    unlink("\(folder)/\(epoch)")
  }

  /// Records that checkpoints at or below `epoch` are about to be removed, so that none is trusted. False: the
  /// record cannot be written.
  func recordLoss(through epoch: Int) -> Bool {
    guard epoch > 0, !epochs().contains(epoch) else { return true }
    guard (try? Files.makeFolder(folder)) != nil else { return false }
    let none = Record(path: folder + "/none", file: nil)
    return (try? Files.write(none.text, to: "\(folder)/\(epoch).json")) != nil
  }

  // MARK: Use

  /// Whether the checkpoint of an epoch is intact, and where: at its own path, or else at its second
  /// link.
  func saved(epoch: Int) -> SavedCheckpoint {
    guard let record = record(epoch) else { return SavedCheckpoint(epoch: epoch, state: .gone) }
    let places = [record.path, "\(folder)/\(epoch)"]
    if let path = places.first(where: { isWhole($0, record) }) {
      return SavedCheckpoint(epoch: epoch, state: .whole(path))
    }
    let isThere = record.file != nil && places.contains(where: Files.exists)
    return SavedCheckpoint(epoch: epoch, state: isThere ? .damaged : .gone)
  }

  // MARK: Before an attempt

  /// The epoch to continue from: that of the newest intact checkpoint at or below `epoch`; 0 if
  /// there is none.
  /// - Parameter note: gets a message about what is damaged and what is done about it.
  func usable(through epoch: Int, note: (String) -> Void) -> Int {
    guard epoch > 0 else { return 0 }
    let known = epochs()
    // No record: a folder, an earlier version, or a disk that was full.
    guard known.contains(epoch) else {
      return known.contains { $0 < epoch } || known.isEmpty ? epoch : 0
    }
    for candidate in known.reversed() where candidate <= epoch {
      guard let record = record(candidate) else { continue }
      if isWhole(record.path, record) {
        if candidate < epoch { note("it continues from epoch \(candidate)") }
        return candidate
      }
      let link = "\(folder)/\(candidate)"
      if isWhole(link, record), restore(record, from: link) {
        note("the checkpoint of epoch \(candidate) was replaced or damaged, and is restored")
        return candidate
      }
      note("the checkpoint of epoch \(candidate), \(record.path), is damaged or gone")
    }
    note("no checkpoint is intact; it starts at epoch 0")
    return 0
  }

  /// Copies it to where the program looks for it, under another name first; the link stays.
  private func restore(_ record: Record, from link: String) -> Bool {
    let part = record.path + ".part"
    guard Files.copy(link, to: part) else { return false }
    return rename(part, record.path) == 0
  }

  private func isWhole(_ path: String, _ record: Record) -> Bool {
    guard let file = record.file else {
      return (CLibrary.names(inFolder: path) ?? []).contains { $0 != "." && $0 != ".." }
    }
    guard let (size, hash) = Self.contents(path) else { return false }
    return size == file.size && hash == file.hash
  }

  /// In ascending order.
  private func epochs() -> [Int] {
    (CLibrary.names(inFolder: folder) ?? []).compactMap { name in
      name.hasSuffix(".json") ? Int(name.dropLast(5)) : nil
    }.sorted()
  }

  private func record(_ epoch: Int) -> Record? {
    guard let text = Files.text(of: "\(folder)/\(epoch).json"), let json = JSONReader.value(text),
      let path = json["path"]?.text
    else { return nil }
    if json["folder"] == .bool(true) { return Record(path: path) }
    guard let size = json["size"]?.int, let digits = json["hash"]?.text,
      let hash = UInt64(digits, radix: 16)
    else { return nil }
    return Record(path: path, file: (size, hash))
  }

  // MARK: Contents

  private static let piece = 1 << 20
  private static let mostPieces = 64

  /// The size of a file and a hash of its contents; nil if it cannot be read.
  private static func contents(_ path: String) -> (size: Int, hash: UInt64)? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let size = Int(lseek(file, 0, SEEK_END))
    guard size >= 0 else { return nil }
    let pieces = max((size + piece - 1) / piece, 1)
    let count = min(pieces, mostPieces)
    var hash = UInt64(truncatingIfNeeded: size)
    for index in 0..<count {
      // The first, the last, and others evenly spaced between them.
      let place = count == 1 ? 0 : index * (pieces - 1) / (count - 1) * piece
      let bytes = [UInt8](unsafeUninitializedCapacity: piece) { buffer, filled in
        filled = max(0, pread(file, buffer.baseAddress, piece, off_t(place)))
      }
      hash = mixed(hash, bytes)
    }
    return (size, hash)
  }

  /// A 64-bit hash against accidental damage, not malice: FNV-1a over words of eight bytes, with a final
  /// rotation each.
  private static func mixed(_ start: UInt64, _ bytes: [UInt8]) -> UInt64 {
    bytes.withUnsafeBytes { buffer in
      var hash = start ^ 0xcbf2_9ce4_8422_2325
      var place = 0
      while place + 8 <= buffer.count {
        hash =
          (hash ^ buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)) &* 0x100_0000_01b3
        hash = hash << 29 | hash >> 35
        place += 8
      }
      for byte in buffer[place...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      return hash
    }
  }
}
