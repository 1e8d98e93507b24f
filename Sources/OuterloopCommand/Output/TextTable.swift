/// Columns of text: numbers to the right, everything else to the left, two spaces between columns.
///
/// Cells are kept as bytes in one buffer, since tables list all trials of a study: a cell costs two
/// passes over its bytes.
struct TextTable {
  private struct Cell {
    /// Where it ends in the buffer; it begins where the one before ends.
    var end: Int
    /// Letters, as a reader counts them.
    var width: Int
  }

  private var bytes: [UInt8] = []
  private var cells: [Cell] = []
  private var widths: [Int]
  private var isNumeric: [Bool]

  init(_ header: [String]) {
    widths = header.map { _ in 0 }
    isNumeric = header.map { _ in true }
    add(header, isHeader: true)
  }

  /// Adds a row of as many cells as the header has.
  mutating func add(_ row: [String]) { add(row, isHeader: false) }

  /// Adds the rows of a table with the same header.
  mutating func add(_ other: TextTable) {
    guard let header = other.cells.dropFirst(widths.count - 1).first?.end else { return }
    let shift = bytes.count - header
    bytes += other.bytes[header...]
    cells += other.cells.dropFirst(widths.count).map { Cell(end: $0.end + shift, width: $0.width) }
    for column in widths.indices {
      widths[column] = max(widths[column], other.widths[column])
      isNumeric[column] = isNumeric[column] && other.isNumeric[column]
    }
  }

  private mutating func add(_ row: [String], isHeader: Bool) {
    for column in widths.indices {
      var cell = column < row.count ? row[column] : ""
      let width = cell.withUTF8 { text in
        bytes += text
        return text.allSatisfy { $0 < 0x80 } ? text.count : nil
      }
      cells.append(Cell(end: bytes.count, width: width ?? cell.count))
      widths[column] = max(widths[column], cells[cells.count - 1].width)
      if !isHeader, isNumeric[column] { isNumeric[column] = cell.isEmpty || Self.isNumber(&cell) }
    }
  }

  /// Whether it reads as a number. Digits with a point at most, as nearly all are, are seen at a
  /// glance.
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
  var text: String {
    let space = UInt8(ascii: " ")
    var text: [UInt8] = []
    text.reserveCapacity(
      (widths.reduce(0, +) + 2 * widths.count) * cells.count / max(widths.count, 1))
    var start = 0
    for (place, cell) in cells.enumerated() {
      let column = place % widths.count
      let padding = repeatElement(space, count: widths[column] - cell.width)
      if column > 0 { text += [space, space] }
      if isNumeric[column] { text += padding }
      text += bytes[start..<cell.end]
      if !isNumeric[column] { text += padding }
      start = cell.end
      if column == widths.count - 1 {
        while text.last == space { text.removeLast() }
        if place < cells.count - 1 { text.append(UInt8(ascii: "\n")) }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
