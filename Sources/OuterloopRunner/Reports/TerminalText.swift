/// Lines as a terminal would show them: without colours and other control sequences, and without a
/// byte order mark.
enum TerminalText {
  static func plain(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard line.contains(where: { $0 == 0x1b || $0 == 0xef || $0 == 0x08 }) else { return line }
    var plain: [UInt8] = []
    plain.reserveCapacity(line.count)
    var rest = line
    while let byte = rest.first {
      if byte == 0x1b {
        rest = afterControl(rest)
      } else if byte == 0x08 {
        // Erases the byte before it, as progress bars do.
        _ = plain.popLast()
        rest = rest.dropFirst()
      } else if byte == 0xef, rest.starts(with: [0xef, 0xbb, 0xbf]) {
        rest = rest.dropFirst(3)
      } else {
        plain.append(byte)
        rest = rest.dropFirst()
      }
    }
    return plain[...]
  }

  /// What follows the control sequence at the start: `ESC [ ... letter`, `ESC ] ... BEL`, or `ESC` and
  /// one byte, perhaps with those between 0x20 and 0x2f before it.
  private static func afterControl(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = text.dropFirst()
    guard let kind = rest.first else { return rest }
    rest = rest.dropFirst()
    switch kind {
    case UInt8(ascii: "["):
      while let byte = rest.first {
        guard (0x20...0x7e).contains(byte) else { return rest }
        rest = rest.dropFirst()
        if byte >= 0x40 { return rest }
      }
    case UInt8(ascii: "]"), UInt8(ascii: "P"):
      while let byte = rest.first {
        if byte == 0x1b { return rest.starts(with: [0x1b, 0x5c]) ? rest.dropFirst(2) : rest }
        rest = rest.dropFirst()
        if byte == 0x07 { return rest }
      }
    default:
      guard (0x20...0x2f).contains(kind) else { return rest }
      while let byte = rest.first, (0x20...0x2f).contains(byte) { rest = rest.dropFirst() }
      rest = rest.dropFirst()
    }
    return rest
  }

  /// A part of a line, as a message shows it.
  static func shown(_ line: ArraySlice<UInt8>, limit: Int = 100) -> String {
    let text = String(decoding: line.prefix(4 * limit), as: UTF8.self)
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: shown += " "
      default: shown.unicodeScalars.append(scalar)
      }
    }
    let cut = shown.count > limit || line.count > 4 * limit
    return cut ? shown.prefix(limit - 3) + "..." : shown
  }
}
