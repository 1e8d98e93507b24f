/// How a column of a table becomes features, fitted to the rows of one file.
enum ColumnPlan: Sendable, Equatable {
  case ignored
  /// The number, if it is used, then the missing-value indicator, if there is one. Texts of
  /// `asMissing` count as missing.
  case number(median: Float, isUsed: Bool, isMarked: Bool, asMissing: [String])
  /// One-hot indicators of the texts, without one for `texts[0]` if there are two and nothing is
  /// missing; then the missing-value indicator, if there is one.
  case category(texts: [String], isMarked: Bool)

  var featureCount: Int {
    switch self {
    case .ignored: 0
    case .number(_, let isUsed, let isMarked, _): (isUsed ? 1 : 0) + (isMarked ? 1 : 0)
    case .category(let texts, let isMarked):
      texts.count == 2 && !isMarked ? 1 : texts.count + (isMarked ? 1 : 0)
    }
  }

  /// Names of the features of a column with this name.
  func names(_ column: String) -> [String] {
    switch self {
    case .ignored: return []
    case .number(_, let isUsed, let isMarked, _):
      return (isUsed ? [column] : []) + (isMarked ? ["\(column) is missing"] : [])
    case .category(let texts, let isMarked):
      if texts.count == 2, !isMarked { return ["\(column)=\(texts[1])"] }
      return texts.map { "\(column)=\($0)" } + (isMarked ? ["\(column) is missing"] : [])
    }
  }

  /// More different texts than this are not a category.
  static let mostCategories = 50
}

/// Counts of one feature column of a table.
struct ColumnSummary {
  let feature: Int
  /// Rows, and those with a finite number.
  let count, numberCount: Int
  /// Rows without a value, and with a text.
  let missingCount, textCount: Int
  /// How often each text of the column occurs, by index.
  let textCounts: [Int]
  let low, high: Float
  /// Whether the column has more texts than are kept.
  let isOverfull: Bool
}

extension RawTable {
  /// Counts every feature column.
  ///
  /// - Complexity: O(values).
  var summaries: [ColumnSummary] {
    let width = featureColumns.count
    var low = [Float](repeating: .infinity, count: width)
    var high = [Float](repeating: -.infinity, count: width)
    values.withUnsafeBufferPointer { values in
      for start in stride(from: 0, to: values.count, by: max(width, 1)) {
        for feature in 0..<width {
          // False for NaN, which marks an exception.
          let value = values[start + feature]
          if value < low[feature] { low[feature] = value }
          if value > high[feature] { high[feature] = value }
        }
      }
    }
    return (0..<width).map { feature in
      var counts = [Int](repeating: 0, count: texts[feature].texts.count)
      var missing = 0
      for cell in exceptions[feature] {
        if cell.code == Exception.missing { missing += 1 }
        if cell.code >= 0 { counts[Int(cell.code)] += 1 }
      }
      let others = exceptions[feature].count
      return ColumnSummary(
        feature: feature, count: count, numberCount: count - others, missingCount: missing,
        textCount: others - missing, textCounts: counts, low: low[feature], high: high[feature],
        isOverfull: texts[feature].isOverfull)
    }
  }

  /// The finite numbers of a feature column, in order of the rows.
  func numbers(_ feature: Int) -> [Float] {
    stride(from: feature, to: values.count, by: max(featureColumns.count, 1)).map { values[$0] }
      .filter { !$0.isNaN }
  }
}
