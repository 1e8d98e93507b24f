/// An encoding of one byte a character: ASCII below 0x80, other characters above.
struct CodePage: Sendable {
  /// The UTF-8 of the bytes from 0x80 on; empty for undefined bytes.
  let characters: [[UInt8]]

  /// The page of this name, in any case; nil if there is none.
  init?(name: String) {
    guard let table = CodePage.tables.first(where: { $0.names.contains(name) }) else { return nil }
    characters = (table.low + table.high).unicodeScalars.map { scalar in
      scalar == "\u{FFFD}" ? [] : Array(String(scalar).utf8)
    }
  }
}
