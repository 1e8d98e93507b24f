/// Cuts a stream of bytes into lines. A carriage return ends a line too: what a progress bar
/// overwrites is a line of its own.
///
/// Only lines up to `limit` bytes are passed on; longer ones are dropped, so that a program that
/// never ends its line costs no memory.
struct LineSplitter {
  struct Line {
    var bytes: ArraySlice<UInt8>
    /// Whether it overwrites the line before: it follows a carriage return.
    var isRewritten: Bool
  }

  private var part: [UInt8] = []
  private var isTooLong = false
  private var isRewritten = false
  private let limit: Int

  init(limit: Int = 1 << 20) { self.limit = limit }

  /// Appends bytes and passes on each line that they complete.
  mutating func take(_ bytes: ArraySlice<UInt8>, line: (Line) -> Void) {
    var rest = bytes
    while let end = rest.firstIndex(where: { $0 == 0x0a || $0 == 0x0d }) {
      let piece = rest[rest.startIndex..<end]
      let isReturn = rest[end] == 0x0d
      rest = rest[(end + 1)...]
      if part.isEmpty && !isTooLong {
        if piece.count <= limit { line(Line(bytes: piece, isRewritten: isRewritten)) }
      } else {
        add(piece)
        finish(line)
      }
      isRewritten = isReturn
    }
    add(rest)
  }

  /// The stream has ended: what follows the last line break is a line too.
  mutating func finish(_ line: (Line) -> Void) {
    if !isTooLong && !part.isEmpty { line(Line(bytes: part[...], isRewritten: isRewritten)) }
    part.removeAll(keepingCapacity: true)
    isTooLong = false
    isRewritten = false
  }

  private mutating func add(_ piece: ArraySlice<UInt8>) {
    guard !isTooLong else { return }
    if part.count + piece.count > limit {
      part = []
      isTooLong = true
    } else {
      part.append(contentsOf: piece)
    }
  }
}
