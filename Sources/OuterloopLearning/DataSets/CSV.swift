/// Tables of numbers with a class in one column, as comma-separated text.
///
/// Every other column is a numeric feature. Classes are whole numbers or names, numbered from 0 in
/// sorted order. Quotes, CRLF, a byte-order mark and blank lines are understood; a missing value
/// is an error.
public enum CSV {
  /// Whether the first row holds names.
  public enum Header: Sendable, Equatable {
    /// A header is a first row in which no feature is a number, or whose label alone is not one.
    case detected
    case present
    case absent
  }

  /// Which column holds the class.
  public enum LabelColumn: Sendable, Equatable {
    case last
    /// Counted from 0; from -1 backwards for the last ones.
    case index(Int)
    /// The name in the header row.
    case name(String)
  }

  /// How a table is written.
  public struct Options: Sendable, Equatable {
    public var header: Header
    public var label: LabelColumn
    /// The byte between fields.
    public var separator: UInt8
    /// The classes of another part of the same data, to number labels alike.
    public var classNames: [String]?
    /// The most bytes that the file may unpack to.
    public var limit: Int

    public init(
      header: Header = .detected, label: LabelColumn = .last,
      separator: UInt8 = UInt8(ascii: ","), classNames: [String]? = nil,
      limit: Int = standardDataLimit
    ) {
      self.header = header
      self.label = label
      self.separator = separator
      self.classNames = classNames
      self.limit = limit
    }
  }

  /// Reads a file, plain or gzip.
  ///
  /// - Throws: `DataError` with line and column: a cell that is empty, not a number or not finite,
  ///   a row with more or fewer columns than the first, a label that is no class; or a file
  ///   without examples.
  /// - Complexity: O(bytes) time; memory 4 bytes a value.
  public static func read(_ path: String, options: Options = Options()) throws -> LabeledData {
    try read(ByteStream(path: path, limit: options.limit), options)
  }

  /// The same for a file in memory; `named` stands for its path in messages.
  public static func read(
    bytes: [UInt8], named: String, options: Options = Options()
  ) throws -> LabeledData {
    try read(ByteStream(bytes: bytes, name: named, limit: options.limit), options)
  }

  private static func read(_ stream: ByteStream, _ options: Options) throws(DataError)
    -> LabeledData
  {
    var record = CSVRecord(separator: options.separator)
    guard try record.readNext(stream) else {
      throw DataError(
        .empty, file: stream.name, what: "the file is empty",
        remedy: "give a header row and at least one row of numbers")
    }
    let first = record
    // The second row helps to tell a header from a row of numbers.
    let hasSecond = try record.readNext(stream)
    let second = hasSecond ? record : nil
    var table = try CSVTable(stream.name, first: first, second: second, options: options)
    if !table.hasHeader { try table.append(first) }
    if hasSecond { try table.append(record) }
    while try record.readNext(stream) { try table.append(record) }
    return try table.labeled(options)
  }
}
