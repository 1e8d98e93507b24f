/// One of the two streams that end in one log. It hands on whole lines, so that a line of the one never
/// stands inside a line of the other: programs write a line in pieces, its end apart from the rest.
///
/// What has no end yet waits for it; not beyond 4 kB, and not when nothing more comes, as of prompts and
/// of progress bars between two steps.
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

  /// Writes what waits.
  mutating func finish(in log: TrialLog) {
    log.write(unfinished[...])
    unfinished = []
  }
}
