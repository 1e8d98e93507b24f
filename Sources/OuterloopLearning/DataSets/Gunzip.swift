internal import CZlib

/// Decompresses a gzip stream of one or more members (RFC 1952), or a bare zlib stream (RFC 1950),
/// as it is read; checksums and lengths are verified by zlib.
///
/// Memory: two windows of fixed size, whatever the stream claims.
final class Gunzip {
  private let source: RawBytes
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var unpacked = 0
  private var isBetweenMembers = false
  private var isAtEnd = false

  /// - Parameter start: bytes of the stream that were read from `source` already.
  init(_ source: RawBytes, start: ArraySlice<UInt8>) throws(DataError) {
    self.source = source
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = .allocate(byteCount: max(1 << 16, start.count), alignment: 16)
    input.copyBytes(from: start)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_in = uInt(start.count)
    // 15 bits of window; 32 more: gzip or zlib, detected from the header.
    let version = ZLIB_VERSION
    guard inflateInit2_(stream, 15 + 32, version, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DataError(
        .unreadable, file: source.name, what: "zlib could not start (\(version))",
        remedy: "free some memory, or unpack the file with gunzip first")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  /// Decompresses the next bytes into `buffer`; 0 means a complete, verified end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    guard !isAtEnd, buffer.count > 0 else { return 0 }
    stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = uInt(clamping: buffer.count)
    let room = stream.pointee.avail_out
    while stream.pointee.avail_out == room {
      if stream.pointee.avail_in == 0, try !refill() {
        guard isBetweenMembers else { throw cutShort() }
        isAtEnd = true
        return 0
      }
      if isBetweenMembers { try beginMember() }
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: isBetweenMembers = true
      default: throw damaged()
      }
    }
    let count = Int(room - stream.pointee.avail_out)
    unpacked += count
    return count
  }

  private func refill() throws(DataError) -> Bool {
    let count = try source.read(into: input)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_in = uInt(count)
    return count > 0
  }

  private func beginMember() throws(DataError) {
    guard stream.pointee.next_in.pointee == 0x1F else {
      throw DataError(
        .trailing, file: source.name, what: "bytes that are not gzip follow the gzip data",
        remedy: "cut them off, or download the file again")
    }
    inflateReset(stream)
    isBetweenMembers = false
  }

  private func cutShort() -> DataError {
    DataError(
      .truncated, file: source.name,
      what: "the gzip data break off after \(grouped(source.position)) bytes"
        + " (\(grouped(unpacked)) unpacked)",
      remedy: downloadAgain(source.name))
  }

  private func damaged() -> DataError {
    let reason = stream.pointee.msg.map { String(cString: $0) } ?? "unknown reason"
    return DataError(
      .corrupt, file: source.name,
      what: "the gzip data are damaged after \(grouped(unpacked)) unpacked bytes (\(reason))",
      remedy: downloadAgain(source.name))
  }
}

/// The remedy for an incomplete file, with the command if it is a known file.
func downloadAgain(_ path: String) -> String {
  let name = path.split(separator: "/").last.map(String.init) ?? path
  let known = ["train-images", "train-labels", "t10k-images", "t10k-labels"]
  guard known.contains(where: { name.hasPrefix($0) }) else { return "download or copy it again" }
  let set = path.contains("fashion") ? "fashion-mnist" : "mnist"
  return "download it again (outerloop data fetch \(set))"
}
