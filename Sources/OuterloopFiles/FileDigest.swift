internal import OuterloopPlatform

/// The size of a file and a hash of its contents, to detect whether it has changed since it was
/// written.
///
/// The hash is FNV-1a over words of eight bytes, with a rotation after each: it detects accidental changes,
/// not malice. Of a file above 64 MiB, 64 MiB are read, in pieces spread over the file.
struct FileDigest: Hashable, CustomStringConvertible {
  private let size: Int
  private let hash: UInt64

  private static let piece = 1 << 20
  private static let mostPieces = 64

  /// The digest of bytes before they are written.
  init(_ bytes: [UInt8]) {
    self.init(size: bytes.count) { place, count in bytes[place..<(place + count)] }
  }

  /// The digest of a file's contents; nil if it is not a file or cannot be read.
  init?(ofFile path: String) {
    guard let status = try? FileStatus(path), status.kind == .ordinary else { return nil }
    let file = CLibrary.openFile(path, O_RDONLY | O_CLOEXEC, 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var isWhole = true
    self.init(size: status.size) { place, count in
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = max(0, pread(file, buffer.baseAddress, count, off_t(place)))
      }
      if bytes.count < count { isWhole = false }
      return bytes[...]
    }
    guard isWhole else { return nil }
  }

  private init(size: Int, bytes: (_ place: Int, _ count: Int) -> ArraySlice<UInt8>) {
    let pieces = (size + Self.piece - 1) / Self.piece
    let count = min(pieces, Self.mostPieces)
    var hash = 0xcbf2_9ce4_8422_2325 ^ UInt64(truncatingIfNeeded: size)
    for index in 0..<count {
      // The first, the last, and others evenly spaced between them.
      let place = count == 1 ? 0 : index * (pieces - 1) / (count - 1) * Self.piece
      Self.mix(bytes(place, min(Self.piece, size - place)), into: &hash)
    }
    (self.size, self.hash) = (size, hash)
  }

  private static func mix(_ bytes: ArraySlice<UInt8>, into hash: inout UInt64) {
    bytes.withUnsafeBytes { buffer in
      var place = 0
      while place + 8 <= buffer.count {
        let word = buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        hash = (hash ^ UInt64(littleEndian: word)) &* 0x100_0000_01b3
        hash = hash << 29 | hash >> 35
        place += 8
      }
      for byte in buffer[place...] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
  }

  /// `1204-cbf29ce484222325`
  var description: String { "\(size)-\(String(hash, radix: 16))" }
}
