/// Tables with a class in one column, as text with separated columns.
///
/// `read` takes tables of numbers, in which every other column is a feature and a missing value is an
/// error; `prepare` takes raw tables, with texts, dates, missing values and rows without a class.
/// Classes are integers or names, numbered from 0 in sorted order. Quotes, CRLF, a byte-order mark
/// and blank lines are understood.
public enum CSV {
  /// Whether the first row holds names.
  public enum Header: Sendable, Equatable {
    /// A header is a first row with texts above columns of numbers, more of them than numbers; in a
    /// table of texts, one whose texts do not occur below.
    case detected
    /// The first row has names.
    case present
    /// The first row is an example.
    case absent
  }

  /// A column of the table.
  public enum LabelColumn: Sendable, Equatable {
    /// The last column.
    case last
    /// Counted from 0; negative numbers count from the end.
    case index(Int)
    /// The name in the header row.
    case name(String)
  }

  /// The format of a table.
  public struct Options: Sendable, Equatable {
    /// Whether the first row has names.
    public var header: Header
    /// The column with the class.
    public var label: LabelColumn
    /// The column with yes or no, true or false, 1 or 0 for whether a row's class is trusted.
    public var trusted: LabelColumn?
    /// The byte between fields; nil to detect it: a tab, a semicolon, a bar or a comma. If it is
    /// not a comma, numbers may have a decimal comma.
    public var separator: UInt8?
    /// How bytes stand for texts.
    public var encoding: TextEncoding
    /// The classes of another part of the same data, for consistent labels.
    public var classNames: [String]?
    /// The limit on the decompressed size in bytes.
    public var limit: Int

    /// Options; all have defaults.
    public init(
      header: Header = .detected, label: LabelColumn = .last, trusted: LabelColumn? = nil,
      separator: UInt8? = nil, encoding: TextEncoding = .detected, classNames: [String]? = nil,
      limit: Int = standardDataLimit
    ) {
      self.header = header
      self.label = label
      self.trusted = trusted
      self.separator = separator
      self.encoding = encoding
      self.classNames = classNames
      self.limit = limit
    }
  }

  /// Reads a table of numbers from a file, plain or gzip.
  ///
  /// - Throws: `DataError` with line and column: a cell that is empty, not a number or not finite,
  ///   a row with more or fewer columns than the first, a label that is not a class, bytes that are
  ///   invalid in the encoding; or a file without examples.
  /// - Complexity: O(bytes) time; memory 4 bytes a value.
  public static func read(_ path: String, options: Options = Options()) throws -> LabeledData {
    try read(ByteStream(path: path, limit: options.limit), options)
  }

  /// The same for a file in memory; `named` replaces its path in messages.
  ///
  /// - Throws: `DataError` that names the line and the column.
  public static func read(
    bytes: [UInt8], named: String, options: Options = Options()
  ) throws -> LabeledData {
    try read(ByteStream(bytes: bytes, name: named, limit: options.limit), options)
  }

  /// Reads a raw table from a file, plain or gzip.
  ///
  /// - Parameter other: a table that determines columns and classes, such as the training part; nil
  ///   for an independent table.
  /// - Throws: `DataError`: a row with more or fewer columns than the first, an infinite number, a
  ///   column of labels that are not classes, bytes that are invalid in the encoding, a file
  ///   without examples, or one that does not fit `other`.
  /// - Complexity: O(bytes) time; memory 4 bytes a value, 8 a text.
  public static func prepare(
    _ path: String, options: Options = Options(), like other: PreparedTable? = nil
  ) throws -> PreparedTable {
    try prepare(ByteStream(path: path, limit: options.limit), options, other)
  }

  /// The same for a file in memory; `named` replaces its path in messages.
  ///
  /// - Throws: `DataError` that names the line and the column.
  public static func prepare(
    bytes: [UInt8], named: String, options: Options = Options(), like other: PreparedTable? = nil
  ) throws -> PreparedTable {
    try prepare(ByteStream(bytes: bytes, name: named, limit: options.limit), options, other)
  }

  private static func read(_ stream: ByteStream, _ options: Options) throws(DataError)
    -> LabeledData
  {
    let table = try RawTable.read(stream, options, hasMissingWords: false)
    try table.checkNumbers()
    let (classes, classNames) = try table.classes(known: options.classNames, isStrict: true)
    return LabeledData(
      unchecked: [table.featureColumns.count], features: table.values, labels: classes,
      classNames: classNames,
      featureNames: table.names.isEmpty ? [] : table.featureColumns.map { table.names[$0] },
      kind: .numbers, source: stream.name, rows: table.rowNumbers, lines: table.lines)
  }

  private static func prepare(
    _ stream: ByteStream, _ options: Options, _ other: PreparedTable?
  ) throws(DataError) -> PreparedTable {
    var table = try RawTable.read(stream, options, hasMissingWords: true)
    let unlabeled = table.unlabeledRows
    let unlabeledLines = unlabeled.map { table.lines[$0] }
    guard unlabeled.count < table.count else {
      throw DataError(
        .label, file: stream.name, field: table.title(table.labelColumn),
        what: "no row has a label",
        remedy: "name the column that holds the class (--label)")
    }
    table.remove(rows: unlabeled)
    let known = other?.data.classNames ?? options.classNames
    let (classes, classNames) = try table.classes(known: known, isStrict: false)
    let preparation: TablePreparation
    if let other {
      preparation = other.preparation
    } else {
      preparation = try TablePreparation(fitting: table)
    }
    let features = try preparation.features(of: table)
    let data = LabeledData(
      unchecked: [features.count / table.count], features: features, labels: classes,
      classNames: classNames, featureNames: preparation.featureNames, kind: .numbers,
      source: stream.name, rows: table.rowNumbers, lines: table.lines)
    return PreparedTable(
      data: data, preparation: preparation, trusted: try table.marks(),
      unlabeledLines: unlabeledLines)
  }
}

extension RawTable {
  /// - Throws: `DataError` for the first cell that is not a finite number.
  fileprivate func checkNumbers() throws(DataError) {
    let first = exceptions.indices.compactMap { feature in
      exceptions[feature].first.map { (row: $0.row, feature: feature, code: $0.code) }
    }.min { ($0.row, $0.feature) < ($1.row, $1.feature) }
    guard let first else { return }
    let text = first.code >= 0 ? texts[first.feature].texts[Int(first.code)] : ""
    let isNumber = DecimalText.float(Array(text.utf8), 0..<text.utf8.count) != nil
    let isMissing = first.code == Exception.missing
    throw DataError(
      isNumber ? .nonFinite : .malformed, file: file, line: lines[Int(first.row)],
      field: title(featureColumns[first.feature]),
      what: isNumber
        ? "\(quoted(text.utf8)) is not a finite 32-bit float"
        : isMissing ? "the cell is empty" : "\(quoted(text.utf8)) is not a number",
      remedy: isNumber
        ? "replace the value, or leave the row out"
        : isMissing
          ? "fill it in, or leave the row out"
          : "features are numbers; encode names as numbers or remove the column")
  }
}
