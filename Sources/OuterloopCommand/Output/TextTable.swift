internal import OuterloopStudy
internal import OuterloopText

/// Columns of text: numbers right-aligned, everything else left-aligned, two spaces between columns.
/// A row is one line: control characters in cells are shown as `\n` or `\u001b`.
///
/// Cells are kept as bytes in one buffer, since tables list all trials of a study: a cell costs two
/// passes over its bytes.
struct TextTable {
  private struct Cell {
    /// Where it ends in the buffer; it begins where the one before ends.
    var end: Int
    /// Width in characters.
    var width: Int
  }

  private var bytes: [UInt8] = []
  private var cells: [Cell] = []
  /// The column layout that the rows need.
  private(set) var layout: Layout

  /// The width of each column, and whether it is right-aligned.
  struct Layout {
    fileprivate var widths: [Int]
    fileprivate var isNumeric: [Bool]

    /// The layout that fits the rows of both tables.
    func union(_ other: Layout) -> Layout {
      Layout(
        widths: zip(widths, other.widths).map(max),
        isNumeric: zip(isNumeric, other.isNumeric).map { $0 && $1 })
    }
  }

  init(_ header: [String]) {
    layout = Layout(widths: header.map { _ in 0 }, isNumeric: header.map { _ in true })
    add(header, isHeader: true)
  }

  /// Adds a row of as many cells as the header has.
  mutating func add(_ row: [String]) { add(row, isHeader: false) }

  private mutating func add(_ row: [String], isHeader: Bool) {
    for column in layout.widths.indices {
      var cell = column < row.count ? row[column] : ""
      let isPlain = cell.withUTF8 { $0.allSatisfy { $0 >= 0x20 && $0 < 0x7f } }
      if !isPlain { cell = cell.visible }
      let width = cell.withUTF8 { text in
        bytes += text
        return isPlain ? text.count : nil
      }
      cells.append(Cell(end: bytes.count, width: width ?? cell.count))
      layout.widths[column] = max(layout.widths[column], cells[cells.count - 1].width)
      if !isHeader, layout.isNumeric[column] {
        layout.isNumeric[column] = cell.isEmpty || Self.isNumber(&cell)
      }
    }
  }

  /// Whether it is a number. Plain digits with at most a decimal point, the usual case, are
  /// recognized quickly.
  private static func isNumber(_ cell: inout String) -> Bool {
    let isPlain = cell.withUTF8 { text in
      let digits = text[0] == UInt8(ascii: "-") ? text.dropFirst() : text[...]
      var points = 0
      for byte in digits {
        if byte == UInt8(ascii: ".") {
          points += 1
        } else if byte < UInt8(ascii: "0") || byte > UInt8(ascii: "9") {
          return false
        }
      }
      return points < 2 && points < digits.count
    }
    return isPlain || Double(cell) != nil
  }

  /// The rows, without spaces at their ends.
  var text: String { text(layout) }

  /// The rows as part of a longer table with this layout: where it is not the first, without header.
  func text(_ layout: Layout, isFirst: Bool = true) -> String {
    let space = UInt8(ascii: " ")
    let columns = layout.widths.count
    let cells = isFirst ? cells[...] : cells.dropFirst(columns)
    var start = isFirst ? 0 : self.cells.prefix(columns).last?.end ?? 0
    var text: [UInt8] = []
    text.reserveCapacity(
      (layout.widths.reduce(0, +) + 2 * columns) * cells.count / max(columns, 1))
    for (place, cell) in cells.enumerated() {
      let column = place % columns
      let padding = repeatElement(space, count: layout.widths[column] - cell.width)
      if column > 0 { text += [space, space] }
      if layout.isNumeric[column] { text += padding }
      text += bytes[start..<cell.end]
      if !layout.isNumeric[column] { text += padding }
      start = cell.end
      if column == columns - 1 {
        while text.last == space { text.removeLast() }
        if place < cells.count - 1 { text.append(UInt8(ascii: "\n")) }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Names and values in two columns, without a header.
  static func pairs(_ pairs: [(String, String)]) -> [Substring] {
    guard !pairs.isEmpty else { return [] }
    var table = TextTable(["", ""])
    for (name, value) in pairs { table.add([name, value]) }
    // An empty header is an empty line.
    return table.text.split(separator: "\n")
  }
}
