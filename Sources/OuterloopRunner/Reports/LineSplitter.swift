/// Cuts a stream of bytes into lines.
///
/// Only lines up to `limit` bytes are handed on; of longer ones nothing is kept, so that a program
/// that never ends its line costs no memory.
struct LineSplitter {
  private var part: [UInt8] = []
  private var isTooLong = false
  private let limit: Int

  init(limit: Int = 1 << 20) { self.limit = limit }

  /// Takes bytes in and hands on each line that they end.
  mutating func take(_ bytes: ArraySlice<UInt8>, line: (ArraySlice<UInt8>) -> Void) {
    var rest = bytes
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let piece = rest[rest.startIndex..<end]
      rest = rest[(end + 1)...]
      if part.isEmpty && !isTooLong {
        if piece.count <= limit { line(piece) }
      } else {
        add(piece)
        finish(line)
      }
    }
    add(rest)
  }

  /// The stream has ended: what came after the last line break is a line too.
  mutating func finish(_ line: (ArraySlice<UInt8>) -> Void) {
    if !isTooLong && !part.isEmpty { line(part[...]) }
    part.removeAll(keepingCapacity: true)
    isTooLong = false
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
