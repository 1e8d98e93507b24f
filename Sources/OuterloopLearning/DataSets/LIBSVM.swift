/// Text files of sparse examples, as LIBSVM and SVM-light write them.
///
/// A line is `label index:value index:value ...`; indices start at 1 and ascend, zeros are left
/// out, `#` begins a comment. Labels are integers, numbered from 0 in ascending order: -1 and +1
/// become 0 and 1. Source: C.-C. Chang, C.-J. Lin, LIBSVM (2011), README of the tools.
public enum LIBSVM {
  /// Reads a file, plain or gzip.
  ///
  /// - Parameters:
  ///   - classNames: the classes of another part of the same data, for consistent labels.
  ///   - features: the number of features, if it is more than the largest index of the file.
  ///   - limit: the limit on the decompressed size in bytes.
  /// - Throws: `DataError` with the line: a label or value that is not a number, NaN or infinity,
  ///   an index 0, repeated or descending; or a file without examples or features.
  /// - Complexity: O(bytes) time; memory 8 bytes a stored value and 12 a row.
  public static func read(
    _ path: String, classNames: [String]? = nil, features: Int = 0,
    limit: Int = standardDataLimit
  ) throws -> SparseData {
    let stream = try ByteStream(path: path, limit: limit)
    return try read(stream, classNames: classNames, features: features)
  }

  /// The same for a file in memory; `named` stands for its path in messages.
  ///
  /// - Throws: `DataError` that names the line.
  public static func read(
    bytes: [UInt8], named: String, classNames: [String]? = nil, features: Int = 0,
    limit: Int = standardDataLimit
  ) throws -> SparseData {
    let stream = try ByteStream(bytes: bytes, name: named, limit: limit)
    return try read(stream, classNames: classNames, features: features)
  }

  private static func read(
    _ stream: ByteStream, classNames: [String]?, features: Int
  ) throws(DataError) -> SparseData {
    try stream.beginText(.detected)
    var rows = Rows(file: stream.name)
    var line: [UInt8] = []
    var number = 1
    while try stream.readLine(into: &line, number: number) {
      try rows.append(line, number: number)
      number += 1
    }
    guard rows.labels.count > 0 else {
      throw DataError(
        .empty, file: stream.name, what: "no examples", remedy: "use a file with at least one")
    }
    let featureCount = max(rows.featureCount, features)
    guard featureCount > 0 else {
      throw DataError(
        .empty, file: stream.name, what: "no features: every line is a label alone",
        remedy: "check that values are written as index:value")
    }
    let (labels, names) = try rows.labels.resolved(known: classNames)
    return SparseData(
      featureCount: featureCount, rowStarts: rows.starts, columns: rows.columns,
      values: rows.values, labels: labels, classNames: names, source: stream.name,
      lines: rows.lines)
  }
}

/// The rows read so far.
private struct Rows {
  let file: String
  var labels: ClassLabels
  var starts = [0]
  var lines: [Int] = []
  var columns: [Int32] = []
  var values: [Float] = []
  var featureCount = 0

  init(file: String) {
    self.file = file
    labels = ClassLabels(file: file, field: nil, mayBeText: false)
  }

  /// Takes one line; blank lines and comments are skipped.
  mutating func append(_ line: [UInt8], number: Int) throws(DataError) {
    let end = line.firstIndex(of: UInt8(ascii: "#")) ?? line.count
    var at = 0
    guard let label = nextToken(line, &at, end) else { return }
    guard !line[label].contains(UInt8(ascii: ":")) else {
      throw refusal(
        .malformed, number, "the line begins with \(quoted(line[label])), not with a label",
        "begin every line with its class")
    }
    try labels.append(String(decoding: line[label], as: UTF8.self), line: number)
    var last = 0
    while let token = nextToken(line, &at, end) {
      let (index, value) = try entry(line, token, number)
      guard index > last else {
        throw refusal(
          .order, number, index == last ? "index \(index) twice" : "index \(index) after \(last)",
          "sort the indices of each line and give each once")
      }
      last = index
      columns.append(Int32(index - 1))
      values.append(value)
    }
    featureCount = max(featureCount, last)
    starts.append(columns.count)
    lines.append(number)
  }

  private func entry(
    _ line: [UInt8], _ token: Range<Int>, _ number: Int
  ) throws(DataError) -> (Int, Float) {
    guard let colon = line[token].firstIndex(of: UInt8(ascii: ":")),
      let index = DecimalText.count(line, token.lowerBound..<colon),
      let value = DecimalText.float(line, (colon + 1)..<token.upperBound)
    else {
      throw refusal(
        .malformed, number, "\(quoted(line[token])) is not index:value",
        "write each value as index:value, with a whole index and a number")
    }
    guard index > 0 else {
      throw refusal(.order, number, "index 0", "indices start at 1: add 1 to each")
    }
    guard index <= Int(Int32.max) else {
      throw refusal(
        .tooLarge, number, "index \(grouped(index))",
        "indices go up to \(grouped(Int(Int32.max)))")
    }
    guard value.isFinite else {
      throw refusal(
        .nonFinite, number, "\(quoted(line[token])) is not a finite 32-bit float",
        "replace the value, or leave the line out")
    }
    return (index, value)
  }

  private func nextToken(_ line: [UInt8], _ at: inout Int, _ end: Int) -> Range<Int>? {
    while at < end, DecimalText.isSpace(line[at]) { at += 1 }
    let start = at
    while at < end, !DecimalText.isSpace(line[at]) { at += 1 }
    return start < at ? start..<at : nil
  }

  private func refusal(
    _ cause: DataError.Cause, _ line: Int, _ what: String, _ remedy: String
  ) -> DataError {
    DataError(cause, file: file, line: line, what: what, remedy: remedy)
  }
}
