/// How one column of a table is used.
public struct ColumnUse: Sendable, Equatable, CustomStringConvertible {
  /// What a column was taken for.
  public enum Kind: Sendable, Equatable {
    /// The class.
    case label
    /// The marker of trusted rows.
    case trusted
    /// A number. Missing values become the median, with a 0/1 indicator feature.
    case number(missing: Int, median: Float)
    /// One of a few texts: a 0/1 feature for each, or a single one for two texts; a missing value
    /// counts as a separate text.
    case category([String], missing: Int)
    /// A constant: left out.
    case constant(String)
    /// No value anywhere: left out.
    case empty
    /// Numbers that count the rows, or identify them: left out.
    case identifier
    /// Dates: left out.
    case date
    /// Many different texts, free text or names for example: left out.
    case text(different: Int)

    /// Why columns of this kind are left out; empty for others.
    var reason: String {
      switch self {
      case .label, .trusted, .number, .category: ""
      case .constant: "the same in every row"
      case .empty: "without values"
      case .identifier: "they number the rows"
      case .date: "dates"
      case .text: "too many different texts for a category"
      }
    }
  }

  /// The name in the header, or `column 3`.
  public let name: String
  /// The index in the file, from 0.
  public let index: Int
  /// What the column was taken for.
  public let kind: Kind
  /// Texts in a column of numbers that were read as missing values.
  public let readAsMissing: [String]
  /// How many features it became.
  public let featureCount: Int

  /// The name in messages: `column 'age'`, or `column 3`.
  public var title: String {
    name == "column \(index + 1)" ? name : "column \(quoted(name.utf8))"
  }

  /// Whether the column was left out.
  public var isIgnored: Bool {
    switch kind {
    case .constant, .empty, .identifier, .date, .text: true
    case .label, .trusted, .number, .category: false
    }
  }

  /// One line without the name: `number, 12 missing values replaced by the median 31`.
  public var description: String {
    switch kind {
    case .label: return "the class"
    case .trusted: return "the mark of trusted rows"
    case .number(0, _): return "number"
    case .number(let missing, let median):
      let texts = readAsMissing.map { quoted($0.utf8) }.joined(separator: ", ")
      return "number, \(grouped(missing)) missing \(missing == 1 ? "value" : "values")"
        + (texts.isEmpty ? "" : " (\(texts) among them)")
        + " replaced by the median \(shortNumber(median)) and marked"
    case .category(let texts, let missing):
      return "category of \(ClassLabels.list(texts))"
        + (missing == 0 ? "" : ", \(grouped(missing)) missing")
    case .constant(let text): return "left out: \(quoted(text.utf8)) in every row"
    case .empty: return "left out: no values"
    case .identifier: return "left out: it numbers the rows"
    case .date: return "left out: dates"
    case .text(let different):
      return "left out: \(grouped(different)) different texts, too many for a category"
    }
  }
}

/// A number without `.0` where it is whole.
func shortNumber(_ value: Float) -> String {
  if let whole = Int32(exactly: value) { return "\(whole)" }
  return "\(value)"
}
