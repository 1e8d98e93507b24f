extension RawTable {
  /// Decides how a feature column is used.
  ///
  /// - Throws: `DataError` with the line of an infinite number in a column of numbers.
  func plan(_ column: ColumnSummary) throws(DataError) -> (ColumnPlan, ColumnUse.Kind, [String]) {
    if column.missingCount == column.count { return (.ignored, .empty, []) }
    let texts = self.texts[column.feature].texts
    let present = texts.indices.filter { column.textCounts[$0] > 0 }
    // Numbers too large for a float are not texts.
    let infinite = present.filter {
      DecimalText.float(Array(texts[$0].utf8), 0..<texts[$0].utf8.count) != nil
    }
    let infiniteCount = infinite.reduce(0) { $0 + column.textCounts[$1] }
    let wordCount = column.textCount - infiniteCount
    let words = present.filter { !infinite.contains($0) }.map { texts[$0] }
    let areFew = !column.isOverfull && words.count <= 3 && column.numberCount >= 9 * wordCount
    if wordCount == 0 || areFew {
      if let code = infinite.first { throw refusal(column.feature, code) }
      return numberPlan(column, wordCount, words)
    }
    return textPlan(column, infinite.map { texts[$0] } + words)
  }

  private func numberPlan(
    _ column: ColumnSummary, _ wordCount: Int, _ words: [String]
  ) -> (ColumnPlan, ColumnUse.Kind, [String]) {
    let missing = column.missingCount + wordCount
    if column.numberCount == 0 { return (.ignored, .empty, []) }
    if missing == 0 {
      if column.low == column.high { return (.ignored, .constant(shortNumber(column.low)), []) }
      if isIdentifier(column) { return (.ignored, .identifier, []) }
      // Used only for values that are missing in another file: an estimate suffices.
      let median = median(sample(column.feature, of: 1001))
      let plan = ColumnPlan.number(median: median, isUsed: true, isMarked: false, asMissing: [])
      return (plan, .number(missing: 0, median: median), [])
    }
    let median = median(numbers(column.feature))
    let plan = ColumnPlan.number(
      median: median, isUsed: column.low < column.high, isMarked: true, asMissing: words)
    return (plan, .number(missing: missing, median: median), words)
  }

  private func median(_ values: [Float]) -> Float {
    let sorted = values.sorted()
    let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    return low + (high / 2 - low / 2)
  }

  /// At most `most` numbers of a feature column without exceptions, from evenly spaced rows.
  private func sample(_ feature: Int, of most: Int) -> [Float] {
    let step = (count + most - 1) / most
    return stride(from: 0, to: count, by: max(step, 1)).map {
      values[$0 * featureColumns.count + feature]
    }
  }

  private func textPlan(
    _ column: ColumnSummary, _ words: [String]
  ) -> (ColumnPlan, ColumnUse.Kind, [String]) {
    let numbers = Set(self.numbers(column.feature))
    let different = words.count + numbers.count
    let rows = column.count - column.missingCount
    if !column.isOverfull, numbers.isEmpty, words.allSatisfy(RawTable.isDate) {
      return (.ignored, .date, [])
    }
    if different == 1, column.missingCount == 0 { return (.ignored, .constant(words[0]), []) }
    guard !column.isOverfull, different <= ColumnPlan.mostCategories, 2 * different <= rows else {
      return (.ignored, .text(different: different), [])
    }
    let texts = (words + numbers.map(shortNumber)).sorted()
    return (
      .category(texts: texts, isMarked: column.missingCount > 0),
      .category(texts, missing: column.missingCount), []
    )
  }

  /// Integers that increase by 1 with every row; or that are all different, in a column named like
  /// an identifier.
  private func isIdentifier(_ column: ColumnSummary) -> Bool {
    guard column.count >= 20, column.low == column.low.rounded() else { return false }
    let values = numbers(column.feature)
    if column.high - column.low == Float(column.count - 1),
      zip(values, values.dropFirst()).allSatisfy({ $1 - $0 == 1 })
    {
      return true
    }
    guard !names.isEmpty else { return false }
    let name = names[featureColumns[column.feature]].lowercased()
    let isNamed =
      ["id", "index", "uid", "uuid", "key", "row", "#"].contains(name)
      || [" id", "_id", "-id", ".id"].contains { name.hasSuffix($0) }
    return isNamed && values.allSatisfy { $0 == $0.rounded() } && Set(values).count == values.count
  }

  private func refusal(_ feature: Int, _ code: Int) -> DataError {
    let cell = exceptions[feature].first { $0.code == Int32(code) }
    return DataError(
      .nonFinite, file: file, line: cell.map { lines[Int($0.row)] },
      field: title(featureColumns[feature]),
      what: "\(quoted(texts[feature].texts[code].utf8)) is not a finite 32-bit float",
      remedy: "replace the value, or leave the row out")
  }

  /// Whether a text begins as dates do: `2026-11-29`, `29.11.2026`, `11/29/26`, with or without a
  /// time after a space or a T.
  static func isDate(_ text: String) -> Bool {
    let day = text.prefix { $0 != " " && $0 != "T" }
    for mark: Character in ["-", "/", "."] {
      let parts = day.split(separator: mark, omittingEmptySubsequences: false)
      if parts.count == 3,
        parts.allSatisfy({
          (1...4).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }),
        parts[1].utf8.count <= 2
      {
        return true
      }
    }
    return false
  }
}
