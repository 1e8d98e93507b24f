/// A writer of grey PNG pictures, 8 bits a pixel (ISO/IEC 15948).
///
/// The pixels are stored, not compressed: zlib "stored" blocks (RFC 1951, 3.2.4) keep the writer
/// small, and the pictures it is for are thumbnails.
enum PNG {
  /// The file for an image whose rows are laid one after another, top row first.
  ///
  /// Both sides are at least 1; missing pixels are black and surplus ones are left out.
  ///
  /// - Complexity: O(n) in the number of pixels.
  static func grey(width: Int, height: Int, pixels: [UInt8]) -> [UInt8] {
    let (columns, rows) = (max(1, width), max(1, height))
    var lines: [UInt8] = []
    lines.reserveCapacity((columns + 1) * rows)
    for row in 0..<rows {
      lines.append(0)  // filter type "none"
      for column in 0..<columns {
        let index = row * columns + column
        lines.append(index < pixels.count ? pixels[index] : 0)
      }
    }
    // Bit depth 8, colour type 0 (grey), then the only compression, filter and interlace there are.
    let header = bigEndian(UInt32(columns)) + bigEndian(UInt32(rows)) + [8, 0, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", header) + chunk("IDAT", stored(lines)) + chunk("IEND", [])
  }

  /// A zlib stream (RFC 1950) of stored blocks of at most 65,535 bytes.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65_535, bytes.count)
      let length = UInt16(end - start)
      result.append(end == bytes.count ? 1 : 0)
      for part in [length, ~length] { result += [UInt8(part & 255), UInt8(part >> 8)] }
      result += bytes[start..<end]
      start = end
    } while start < bytes.count
    return result + bigEndian(adler32(bytes))
  }

  /// The checksum of zlib streams (RFC 1950, section 8.2).
  static func adler32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }

  /// The checksum of PNG chunks (ISO 3309, reflected polynomial 0xEDB88320).
  static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes { crc = crcTable[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8) }
    return ~crc
  }

  private static let crcTable: [UInt32] = (0..<256).map { entry in
    var value = UInt32(entry)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    return value
  }

  private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(kind.utf8) + content
    return bigEndian(UInt32(content.count)) + body + bigEndian(crc32(body))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
  }
}
