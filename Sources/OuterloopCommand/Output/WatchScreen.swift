internal import OuterloopText

/// The lines that stand in a terminal, and are replaced by the next.
struct WatchScreen {
  private var shown: [String] = []

  mutating func draw(_ lines: [String]) throws {
    guard lines != shown else { return }
    // Up to the first line, and away with all below.
    let back = shown.isEmpty ? "" : "\u{1b}[\(shown.count)A\u{1b}[J"
    let text = back + lines.map(\.visible).joined(separator: "\n") + "\n"
    shown = lines
    try Terminal.printPart(Array(text.utf8))
  }
}
