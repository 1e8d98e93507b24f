/// What the first bytes of a file reveal about its encoding.
struct TextStart {
  /// The length of the byte-order mark.
  let markLength: Int
  /// Whether it is UTF-16, and with the high byte first.
  let utf16: Bool?
  /// What the file is if it is not text.
  let otherKind: String?

  init(_ bytes: ArraySlice<UInt8>) {
    otherKind = TextStart.magics.first { bytes.starts(with: $0.bytes) }?.kind
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      (markLength, utf16) = (3, nil)
    } else if bytes.starts(with: [0xFF, 0xFE]) {
      (markLength, utf16) = (2, false)
    } else if bytes.starts(with: [0xFE, 0xFF]) {
      (markLength, utf16) = (2, true)
    } else {
      markLength = 0
      utf16 = TextStart.order(Array(bytes.prefix(64)))
    }
  }

  /// Without a byte-order mark: in UTF-16, Latin letters, digits and separators each have a zero
  /// byte, on the same side.
  private static func order(_ bytes: [UInt8]) -> Bool? {
    let pairs = bytes.count / 2
    guard pairs >= 2 else { return nil }
    let low = (0..<pairs).count { bytes[2 * $0] != 0 && bytes[2 * $0 + 1] == 0 }
    let high = (0..<pairs).count { bytes[2 * $0] == 0 && bytes[2 * $0 + 1] != 0 }
    if low * 2 > pairs, high == 0 { return false }
    if high * 2 > pairs, low == 0 { return true }
    return nil
  }

  private static let magics: [(bytes: [UInt8], kind: String)] = [
    ([0x50, 0x4B, 3, 4], "a ZIP archive or an Excel workbook"),
    ([0xD0, 0xCF, 0x11, 0xE0], "an old Excel workbook"),
    (Array("PAR1".utf8), "a Parquet file"),
    (Array("SQLite format 3".utf8), "an SQLite database"),
    (Array("%PDF-".utf8), "a PDF file"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ([0xFF, 0xFE, 0, 0], "UTF-32"),
  ]
}
