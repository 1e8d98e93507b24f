public import OuterloopText

/// Why a data file was refused: which file, where in it, what is wrong, and what to do about it.
///
/// Every reader of this module throws only this type. `description` is one line, `FILE:LINE: FIELD:
/// WHAT; REMEDY`, without the leading `error:`.
public struct DataError: ExplainedError, Hashable {
  /// The kind of error, for matching by case.
  public enum Cause: String, Sendable, Hashable, CaseIterable {
    /// There is no such file, or a folder lacks the files that were looked for.
    case missing
    /// The file exists and may not be opened or read.
    case unreadable
    /// A folder or device stands where a file was expected.
    case notAFile
    /// The file holds no examples or no features.
    case empty
    /// The file ends before its header or its gzip stream says so.
    case truncated
    /// The file continues after its data.
    case trailing
    /// The gzip stream is damaged: a wrong checksum, length or code.
    case corrupt
    /// The file is of another kind: not IDX, or labels where images were expected.
    case wrongKind
    /// The header states impossible sizes.
    case header
    /// A field is not a number, or a line does not follow the format.
    case malformed
    /// A value is NaN or infinite, or does not fit a 32-bit float.
    case nonFinite
    /// A label is negative, fractional, out of range or unknown.
    case label
    /// A row has more or fewer columns than the first.
    case ragged
    /// A requested column does not exist, or exists twice.
    case column
    /// Indices repeat or descend, or start at 0.
    case order
    /// Two files that belong together differ in number, shape or columns.
    case mismatch
    /// More bytes than the limit allows.
    case tooLarge
    /// A folder holds several data sets and it is unclear which is meant.
    case ambiguous
    /// Bytes that are invalid in the encoding of the file.
    case encoding
  }

  /// What callers match on.
  public let cause: Cause
  /// The path or name of the file or folder, as it was given.
  public let file: String
  /// The line, from 1, where the file is text.
  public let line: Int?
  /// The column, index or dimension concerned.
  public let field: String?
  /// The offset of the offending byte, from 0, in the unpacked file.
  public let byte: Int?
  /// What is wrong, with the numbers.
  public let what: String
  /// What to do about it.
  public let remedy: String

  /// An error, where it is, and what to do about it.
  public init(
    _ cause: Cause, file: String, line: Int? = nil, field: String? = nil, byte: Int? = nil,
    what: String, remedy: String
  ) {
    self.cause = cause
    self.file = file
    self.line = line
    self.field = field
    self.byte = byte
    self.what = what
    self.remedy = remedy
  }

  public var place: [String] {
    var place = [file + (line.map { ":\($0)" } ?? "")]
    if let byte { place.append("byte \(grouped(byte))") }
    if let field { place.append(field) }
    return place
  }
}

/// An integer with a comma every three digits: `47,040,016`.
package func grouped(_ number: Int) -> String {
  var text = ""
  let digits = String(number.magnitude)
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
    text.append(digit)
  }
  return number < 0 ? "-" + text : text
}

/// Text from a file, sanitized for one line of a message: at most `limit` characters, none of which
/// controls the terminal or breaks the line.
func quoted(_ bytes: some Sequence<UInt8>, limit: Int = 40) -> String {
  // A character is at most four bytes, so this prefix is enough.
  let text = String(decoding: Array(bytes.prefix(4 * limit + 4)), as: UTF8.self)
  var shown = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: shown += "?"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? "'\(shown)...'" : "'\(shown)'"
}
