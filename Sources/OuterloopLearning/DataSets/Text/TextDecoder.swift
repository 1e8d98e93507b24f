/// Converts bytes to UTF-8 as they arrive, in pieces of any size.
struct TextDecoder {
  private enum Form {
    case page([[UInt8]])
    case utf16(isBigEndian: Bool)
  }

  private let form: Form
  private let name: String
  private let file: String
  /// The bytes of a character that the next piece completes: at most three.
  private var rest: [UInt8] = []
  /// The position of the next character, for messages.
  private var line = 1
  private var place = 1

  /// - Parameter page: one of `CodePage.tables`.
  init(page: String, file: String) {
    form = .page(CodePage(name: page)?.characters ?? [])
    name = page
    self.file = file
  }

  init(utf16BigEndian isBigEndian: Bool, file: String) {
    form = .utf16(isBigEndian: isBigEndian)
    name = isBigEndian ? "utf-16be" : "utf-16le"
    self.file = file
  }

  /// Appends the decoded `bytes` to `text`.
  ///
  /// - Throws: `DataError` with line and character for undefined bytes.
  mutating func decode(_ bytes: ArraySlice<UInt8>, into text: inout [UInt8]) throws(DataError) {
    switch form {
    case .page(let characters): try decode(bytes, characters, into: &text)
    case .utf16(let isBigEndian): try decode(bytes, isBigEndian, into: &text)
    }
  }

  /// - Throws: `DataError` when the file ends inside a character.
  func finish() throws(DataError) {
    if !rest.isEmpty { throw refusal(rest) }
  }

  private mutating func decode(
    _ bytes: ArraySlice<UInt8>, _ characters: [[UInt8]], into text: inout [UInt8]
  ) throws(DataError) {
    for byte in bytes {
      if byte < 0x80 {
        text.append(byte)
      } else {
        let character = characters[Int(byte) - 0x80]
        guard !character.isEmpty else { throw refusal([byte]) }
        text.append(contentsOf: character)
      }
      advance(isLineEnd: byte == UInt8(ascii: "\n"))
    }
  }

  private mutating func decode(
    _ bytes: ArraySlice<UInt8>, _ isBigEndian: Bool, into text: inout [UInt8]
  ) throws(DataError) {
    for byte in bytes {
      rest.append(byte)
      guard rest.count.isMultiple(of: 2) else { continue }
      let units = stride(from: 0, to: rest.count, by: 2).map { at in
        let (high, low) = isBigEndian ? (rest[at], rest[at + 1]) : (rest[at + 1], rest[at])
        return UInt32(high) << 8 | UInt32(low)
      }
      let value: UInt32
      if units.count == 2 {
        guard (0xDC00..<0xE000).contains(units[1]) else { throw refusal(rest) }
        value = 0x10000 + (units[0] - 0xD800) << 10 + (units[1] - 0xDC00)
      } else if (0xD800..<0xDC00).contains(units[0]) {
        continue
      } else {
        value = units[0]
      }
      guard let scalar = Unicode.Scalar(value) else { throw refusal(rest) }
      rest.removeAll(keepingCapacity: true)
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      advance(isLineEnd: scalar == "\n")
    }
  }

  private mutating func advance(isLineEnd: Bool) {
    if isLineEnd {
      line += 1
      place = 1
    } else {
      place += 1
    }
  }

  private func refusal(_ bytes: [UInt8]) -> DataError {
    DataError(
      .encoding, file: file, line: line, field: "character \(grouped(place))",
      what: "\(hexadecimal(bytes)) \(bytes.count == 1 ? "is" : "are") nothing in \(name)",
      remedy: "name the encoding that the file was written in (--encoding NAME)")
  }
}

/// Bytes for a message: `0xea 0xee`.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { "0x" + String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined(separator: " ")
}

/// The first bytes that are not UTF-8: their position and length; nil if there are none.
///
/// - Complexity: O(bytes); ASCII is skipped eight bytes at a time.
func invalidUTF8(_ bytes: [UInt8]) -> Range<Int>? {
  bytes.withUnsafeBytes { bytes -> Range<Int>? in
    var at = 0
    let count = bytes.count
    while at < count {
      while at + 8 <= count,
        bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      { at += 8 }
      guard at < count else { return nil }
      let first = bytes[at]
      if first < 0x80 {
        at += 1
        continue
      }
      // Length by the first byte; the second excludes overlong forms, surrogates, and the end.
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch first {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF1...0xF3: length = 4
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      default: return at..<(at + 1)
      }
      for step in 1..<length {
        guard at + step < count, (step == 1 ? second : 0x80...0xBF).contains(bytes[at + step])
        else { return at..<(at + step) }
      }
      at += length
    }
    return nil
  }
}
