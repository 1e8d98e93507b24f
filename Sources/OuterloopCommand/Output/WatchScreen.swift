internal import OuterloopText

/// The lines shown in a terminal, which the next ones replace.
struct WatchScreen {
  private var shown: [String] = []

  mutating func draw(_ lines: [String]) throws {
    guard lines != shown else { return }
    // Moves to the first line and clears everything below.
    let back = shown.isEmpty ? "" : "\u{1b}[\(shown.count)A\u{1b}[J"
    let text = back + lines.map(\.visible).joined(separator: "\n") + "\n"
    shown = lines
    try Terminal.printPart(Array(text.utf8))
  }
}
