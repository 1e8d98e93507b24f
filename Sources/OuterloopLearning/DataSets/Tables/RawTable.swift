/// A table as read from its file, with features separate from the label and numbers from texts,
/// including the first record, which may be a header.
struct RawTable {
  /// A cell that holds no finite number.
  struct Exception {
    let row: Int32
    /// The index into the column's texts, or `missing`, or `untold`.
    let code: Int32

    static let missing: Int32 = -1
    /// A text beyond the limit of stored texts.
    static let untold: Int32 = -2
  }

  let file: String
  /// Names of all columns; empty without a header.
  private(set) var names: [String] = []
  let width: Int
  /// The columns with the class and with the trusted marker.
  let labelColumn: Int
  let trustedColumn: Int?
  /// The other columns, in order.
  let featureColumns: [Int]
  /// Row-major numbers of the feature columns, NaN where a cell is not a number.
  private(set) var values: [Float] = []
  /// The other cells of each feature column, by row.
  private(set) var exceptions: [[Exception]]
  private(set) var texts: [TextCells]
  /// The class and the mark of each row as written.
  private(set) var labels = TextCells()
  private(set) var labelCodes: [Int32] = []
  private(set) var trusted = TextCells()
  private(set) var trustedCodes: [Int32] = []
  /// The number of each row, from 1, and the line on which it begins.
  private(set) var rowNumbers: [Int] = []
  private(set) var lines: [Int] = []
  /// The first line with a decimal comma, and the first with a decimal point.
  private(set) var commaLine: Int?
  private(set) var pointLine: Int?

  private let separator: UInt8
  /// Whether words such as NA count as missing, not only empty cells.
  private let hasMissingWords: Bool

  var count: Int { lines.count }

  init(
    _ file: String, width: Int, label: Int, trusted: Int?, separator: UInt8, hasMissingWords: Bool
  ) {
    self.file = file
    self.width = width
    labelColumn = label
    trustedColumn = trusted
    self.separator = separator
    self.hasMissingWords = hasMissingWords
    featureColumns = (0..<width).filter { $0 != label && $0 != trusted }
    exceptions = [[Exception]](repeating: [], count: featureColumns.count)
    texts = [TextCells](repeating: TextCells(), count: featureColumns.count)
  }

  /// Appends the next row.
  mutating func append(_ record: CSVRecord) throws(DataError) {
    guard record.fields.count == width else {
      throw DataError(
        .ragged, file: file, line: record.line,
        what: "\(record.fields.count) columns, where the first row has \(width)",
        remedy: "give every row the same columns")
    }
    guard count < Int(Int32.max) else {
      throw DataError(
        .tooLarge, file: file, line: record.line,
        what: "more than \(grouped(Int(Int32.max))) rows", remedy: "split the file")
    }
    let row = Int32(count)
    for (feature, column) in featureColumns.enumerated() {
      if let value = number(record, column), value.isFinite {
        values.append(value)
      } else {
        values.append(.nan)
        let cell = record.fields[column]
        let isMissing =
          cell.isEmpty || hasMissingWords && TextCells.isMissing(record.bytes[cell])
        let code =
          isMissing
          ? Exception.missing : texts[feature].code(record.text(column)) ?? Exception.untold
        exceptions[feature].append(Exception(row: row, code: code))
      }
    }
    guard let label = labels.code(record.text(labelColumn)) else {
      throw DataError(
        .label, file: file, line: record.line, field: title(labelColumn),
        what: "more than \(grouped(TextCells.mostTexts)) different labels",
        remedy: "name the column that holds the class (--label)")
    }
    labelCodes.append(label)
    if let trustedColumn {
      guard let mark = trusted.code(record.text(trustedColumn)) else {
        throw DataError(
          .malformed, file: file, line: record.line, field: title(trustedColumn),
          what: "more than \(grouped(TextCells.mostTexts)) different marks",
          remedy: "mark trusted rows by yes or no")
      }
      trustedCodes.append(mark)
    }
    rowNumbers.append(count + 1)
    lines.append(record.line)
  }

  /// Uses the first row as column names.
  mutating func takeHeader(_ names: [String]) {
    self.names = names
    values.removeFirst(featureColumns.count)
    for feature in exceptions.indices {
      var rest = exceptions[feature][...]
      if rest.first?.row == 0 { rest = rest.dropFirst() }
      exceptions[feature] = rest.map { Exception(row: $0.row - 1, code: $0.code) }
    }
    labelCodes.removeFirst()
    if trustedColumn != nil { trustedCodes.removeFirst() }
    lines.removeFirst()
    rowNumbers.removeLast()
  }

  /// Leaves out rows, given in ascending order.
  mutating func remove(rows: [Int]) {
    guard !rows.isEmpty else { return }
    var isLeft = [Bool](repeating: true, count: count)
    for row in rows { isLeft[row] = false }
    var place = [Int32](repeating: 0, count: count)
    var next: Int32 = 0
    let width = featureColumns.count
    var kept: [Float] = []
    kept.reserveCapacity((count - rows.count) * width)
    for row in 0..<count where isLeft[row] {
      place[row] = next
      next += 1
      kept.append(contentsOf: values[(row * width)..<((row + 1) * width)])
    }
    values = kept
    for feature in exceptions.indices {
      exceptions[feature] = exceptions[feature].filter { isLeft[Int($0.row)] }.map {
        Exception(row: place[Int($0.row)], code: $0.code)
      }
    }
    func left<Element>(_ all: [Element]) -> [Element] {
      all.indices.filter { isLeft[$0] }.map { all[$0] }
    }
    labelCodes = left(labelCodes)
    if trustedColumn != nil { trustedCodes = left(trustedCodes) }
    lines = left(lines)
    rowNumbers = left(rowNumbers)
  }

  /// The name of a column in messages.
  func title(_ column: Int) -> String {
    names.isEmpty ? "column \(column + 1)" : "column \(quoted(names[column].utf8))"
  }

  /// The number in a field. If the comma is not the separator, it may be the decimal comma.
  private mutating func number(_ record: CSVRecord, _ column: Int) -> Float? {
    let range = record.fields[column]
    if let value = DecimalText.float(record.bytes, range) {
      if pointLine == nil, separator != UInt8(ascii: ","), count > 0,
        record.bytes[range].contains(UInt8(ascii: "."))
      {
        pointLine = record.line
      }
      return value
    }
    guard separator != UInt8(ascii: ","),
      let comma = record.bytes[range].firstIndex(of: UInt8(ascii: ","))
    else { return nil }
    var bytes = Array(record.bytes[range])
    bytes[comma - range.lowerBound] = UInt8(ascii: ".")
    guard let value = DecimalText.float(bytes, bytes.indices) else { return nil }
    if commaLine == nil { commaLine = record.line }
    return value
  }
}
