/// One record of a CSV file, split into fields (RFC 4180).
///
/// A field in double quotes may hold separators, line ends and, doubled, quotes. Spaces around an
/// unquoted field do not belong to it.
struct CSVRecord {
  /// The line the record begins on, from 1.
  private(set) var line = 0
  private(set) var fields: [Range<Int>] = []
  private(set) var bytes: [UInt8] = []
  private var nextLine = 1
  private let separator: UInt8

  private static let quote = UInt8(ascii: "\"")

  init(separator: UInt8) {
    self.separator = separator
  }

  /// Reads the next record that is not a blank line; false at the end.
  mutating func readNext(_ stream: ByteStream) throws(DataError) -> Bool {
    repeat {
      line = nextLine
      guard try stream.readLine(into: &bytes, number: line) else { return false }
      nextLine += 1
    } while DecimalText.trimmed(bytes, bytes.indices).isEmpty
    try split(stream)
    if let invalid = invalidUTF8(bytes) { throw foreign(stream, invalid) }
    return true
  }

  /// The text of a field, its quotes undone.
  func text(_ index: Int) -> String {
    String(decoding: bytes[fields[index]], as: UTF8.self)
  }

  /// The number in a field, nil if it is not a number.
  func number(_ index: Int) -> Float? {
    DecimalText.float(bytes, fields[index])
  }

  private mutating func split(_ stream: ByteStream) throws(DataError) {
    fields.removeAll(keepingCapacity: true)
    var at = 0
    while true {
      while at < bytes.count, DecimalText.isSpace(bytes[at]), bytes[at] != separator { at += 1 }
      if at < bytes.count, bytes[at] == CSVRecord.quote {
        fields.append(try quotedField(&at, stream))
      } else {
        let start = at
        while at < bytes.count, bytes[at] != separator { at += 1 }
        fields.append(DecimalText.trimmed(bytes, start..<at))
      }
      guard at < bytes.count else { return }
      at += 1
    }
  }

  /// Parses a quoted field, unescaping doubled quotes in place; leaves `at` on the separator.
  private mutating func quotedField(
    _ at: inout Int, _ stream: ByteStream
  ) throws(DataError) -> Range<Int> {
    let start = at + 1
    var write = start
    at = start
    while true {
      if at == bytes.count {
        // The field continues on the next line.
        bytes.append(UInt8(ascii: "\n"))
        guard try stream.readLine(into: &bytes, appending: true, number: nextLine) else {
          throw refusal(stream, "a quote is never closed")
        }
        nextLine += 1
      }
      let byte = bytes[at]
      at += 1
      if byte == CSVRecord.quote {
        guard at < bytes.count, bytes[at] == CSVRecord.quote else { break }
        at += 1
      }
      bytes[write] = byte
      write += 1
    }
    while at < bytes.count, DecimalText.isSpace(bytes[at]), bytes[at] != separator { at += 1 }
    guard at == bytes.count || bytes[at] == separator else {
      throw refusal(stream, "text follows a closing quote")
    }
    return start..<write
  }

  private func foreign(_ stream: ByteStream, _ invalid: Range<Int>) -> DataError {
    let column =
      fields.firstIndex { $0.upperBound > invalid.lowerBound } ?? max(fields.count - 1, 0)
    let earlier = bytes[..<invalid.lowerBound].count { $0 == UInt8(ascii: "\n") }
    let shown = hexadecimal(bytes[invalid.lowerBound...].prefix { $0 >= 0x80 }.prefix(4))
    return DataError(
      .encoding, file: stream.name, line: line + earlier, field: "column \(column + 1)",
      what: "\(shown) is not UTF-8",
      remedy: "name the encoding that the file was written in, windows-1251 or latin1 for example"
        + " (--encoding NAME)")
  }

  private func refusal(_ stream: ByteStream, _ what: String) -> DataError {
    DataError(
      .malformed, file: stream.name, line: line, field: "column \(fields.count + 1)", what: what,
      remedy: "close every quote, and double quotes inside quotes")
  }
}
