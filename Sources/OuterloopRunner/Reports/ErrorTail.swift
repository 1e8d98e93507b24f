/// The last lines of standard error.
struct ErrorTail {
  private var bytes: [UInt8] = []

  mutating func take(_ new: ArraySlice<UInt8>) {
    bytes += new.suffix(2000)
    if bytes.count > 4000 { bytes.removeFirst(bytes.count - 2000) }
  }

  /// At most eight lines and 1000 bytes, without terminal controls.
  var text: String {
    let recent = bytes.suffix(1000).map { $0 < 0x20 && $0 != 0x0a && $0 != 0x09 ? 0x20 : $0 }
    let lines = String(decoding: recent, as: UTF8.self).split(separator: "\n")
    return lines.filter { !$0.allSatisfy(\.isWhitespace) }.suffix(8).joined(separator: "\n")
  }
}
