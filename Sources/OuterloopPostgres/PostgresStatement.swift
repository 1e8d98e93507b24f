/// A statement of `StudyTables` in PostgreSQL's syntax.
enum PostgresStatement {
  /// Values are `$1`, `$2`, ... for `?` (the next one) and `?1` (that one); hints for SQLite's planner
  /// are left out.
  static func text(_ sql: String) -> String {
    var text: [UInt8] = []
    var last = 0
    var bytes = Array(sql.utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "?") else {
        text.append(byte)
        continue
      }
      let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      bytes = bytes.dropFirst(digits.count)
      let number = Int(String(decoding: digits, as: UTF8.self)) ?? last + 1
      last = max(last, number)
      text += Array("$\(number)".utf8)
    }
    return String(decoding: text, as: UTF8.self).replacing(/INDEXED BY \w+/, with: "")
  }

  /// PostgreSQL stores no NUL in a text. It is escaped as two characters, the first of which is a
  /// private character, which is escaped too.
  static let mark = Array("\u{10FFFE}".utf8)

  /// The bytes of a text on its way into the database.
  static func escaped(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.contains(0) || bytes.contains(mark[0]) else { return bytes }
    var escaped: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.first {
      if byte == 0 {
        escaped += mark + [UInt8(ascii: "0")]
        rest = rest.dropFirst()
      } else if rest.starts(with: mark) {
        escaped += mark + [UInt8(ascii: "1")]
        rest = rest.dropFirst(mark.count)
      } else {
        escaped.append(byte)
        rest = rest.dropFirst()
      }
    }
    return escaped
  }

  /// The bytes as they were; nil if nothing is escaped in them.
  static func plain(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard bytes.contains(mark[0]) else { return nil }
    var plain: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.first {
      if rest.starts(with: mark) {
        rest = rest.dropFirst(mark.count)
        plain += rest.first == UInt8(ascii: "0") ? [0] : mark
      } else {
        plain.append(byte)
      }
      rest = rest.dropFirst()
    }
    return plain
  }
}
