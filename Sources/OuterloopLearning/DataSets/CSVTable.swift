/// The rows of a table read so far: features apart from the label column.
struct CSVTable {
  let hasHeader: Bool
  private let file: String
  /// Names of all columns, empty without a header.
  private let names: [String]
  private let width: Int
  private let labelColumn: Int
  private var labels: ClassLabels
  private var features: [Float] = []

  /// Decides on header and label column from the first rows.
  init(
    _ file: String, first: CSVRecord, second: CSVRecord?, options: CSV.Options
  ) throws(DataError) {
    self.file = file
    width = first.fields.count
    guard width >= 2 else {
      throw DataError(
        .ragged, file: file, line: first.line,
        what: "one column, where features and a label were expected",
        remedy: "separate columns by '\(Character(UnicodeScalar(options.separator)))'")
    }
    let isPresent: Bool
    switch options.header {
    case .present: isPresent = true
    case .absent: isPresent = false
    case .detected:
      // A column chosen by name means that there are names.
      if case .name = options.label {
        isPresent = true
      } else {
        let column = try CSVTable.column(options.label, of: width, names: [], file)
        isPresent = CSVTable.isHeader(first, second, label: column)
      }
    }
    hasHeader = isPresent
    names = isPresent ? (0..<width).map(first.text) : []
    labelColumn = try CSVTable.column(options.label, of: width, names: names, file)
    labels = ClassLabels(
      file: file, field: CSVTable.title(labelColumn, names), mayBeText: true)
  }

  /// Takes a row of numbers and its label.
  mutating func append(_ record: CSVRecord) throws(DataError) {
    guard record.fields.count == width else {
      throw DataError(
        .ragged, file: file, line: record.line,
        what: "\(record.fields.count) columns, where the first row has \(width)",
        remedy: "give every row the same columns")
    }
    for column in 0..<width where column != labelColumn {
      guard let value = record.number(column) else { throw notANumber(record, column) }
      guard value.isFinite else {
        throw DataError(
          .nonFinite, file: file, line: record.line, field: CSVTable.title(column, names),
          what: "\(quoted(record.bytes[record.fields[column]])) is not a finite 32-bit float",
          remedy: "replace the value, or leave the row out")
      }
      features.append(value)
    }
    try labels.append(record.text(labelColumn), line: record.line)
  }

  /// The data set of all rows taken.
  func labeled(_ options: CSV.Options) throws(DataError) -> LabeledData {
    guard labels.count > 0 else {
      throw DataError(
        .empty, file: file, what: "a header row but no examples",
        remedy: "use a file with at least one row of numbers")
    }
    let (classes, classNames) = try labels.resolved(known: options.classNames)
    var featureNames = names
    if hasHeader { featureNames.remove(at: labelColumn) }
    return LabeledData(
      unchecked: [width - 1], features: features, labels: classes, classNames: classNames,
      featureNames: featureNames, kind: .numbers, source: file)
  }

  private func notANumber(_ record: CSVRecord, _ column: Int) -> DataError {
    let cell = record.bytes[record.fields[column]]
    return DataError(
      .malformed, file: file, line: record.line, field: CSVTable.title(column, names),
      what: cell.isEmpty ? "the cell is empty" : "\(quoted(cell)) is not a number",
      remedy: cell.isEmpty
        ? "fill it in, or leave the row out"
        : "features are numbers; encode names as numbers or remove the column")
  }

  private static func isHeader(_ first: CSVRecord, _ second: CSVRecord?, label: Int) -> Bool {
    let columns = first.fields.indices.filter { $0 != label }
    if columns.allSatisfy({ first.number($0) == nil }) { return true }
    // Columns may be named 0, 1, 2, ...: then only the label's name gives the header away.
    guard let second, second.fields.count == first.fields.count else { return false }
    return first.number(label) == nil && second.number(label) != nil
  }

  private static func column(
    _ chosen: CSV.LabelColumn, of width: Int, names: [String], _ file: String
  ) throws(DataError) -> Int {
    switch chosen {
    case .last: return width - 1
    case .index(let index):
      guard index >= -width, index < width else {
        throw DataError(
          .column, file: file, what: "no column \(index) among \(width)",
          remedy: "count from 0, or from -1 backwards")
      }
      return index < 0 ? width + index : index
    case .name(let name):
      let found = names.indices.filter { names[$0] == name }
      guard let column = found.first else {
        let known = names.isEmpty ? "there is no header row" : ClassLabels.list(names)
        throw DataError(
          .column, file: file, what: "no column named \(quoted(name.utf8))",
          remedy: "choose one that exists: \(known)")
      }
      guard found.count == 1 else {
        throw DataError(
          .column, file: file, what: "\(found.count) columns named \(quoted(name.utf8))",
          remedy: "choose one by its index: \(found)")
      }
      return column
    }
  }

  /// How messages call a column.
  private static func title(_ column: Int, _ names: [String]) -> String {
    names.isEmpty ? "column \(column + 1)" : "column \(quoted(names[column].utf8))"
  }
}
