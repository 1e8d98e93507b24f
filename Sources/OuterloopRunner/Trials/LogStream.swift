/// One of the two streams that are written to one log. It passes on complete lines, so that a line of
/// one stream never interrupts a line of the other: programs write a line in pieces.
///
/// An incomplete line waits for its end, unless it exceeds 4 kB or no more output comes, as with prompts
/// and progress bars.
struct LogStream {
  private var unfinished: [UInt8] = []
  private static let limit = 1 << 12

  mutating func take(_ bytes: ArraySlice<UInt8>, to log: TrialLog) {
    let end = bytes.lastIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    let rest = end.map { bytes[($0 + 1)...] } ?? bytes
    let whole = bytes[..<rest.startIndex]
    if unfinished.isEmpty || whole.isEmpty {
      log.write(whole)
    } else {
      log.write((unfinished + whole)[...])
      unfinished = []
    }
    unfinished += rest
    if unfinished.count > Self.limit { finish(in: log) }
  }

  /// Writes the incomplete line.
  mutating func finish(in log: TrialLog) {
    log.write(unfinished[...])
    unfinished = []
  }
}
