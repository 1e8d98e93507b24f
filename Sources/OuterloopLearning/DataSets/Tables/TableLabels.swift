/// The class of each row of a table.
extension RawTable {
  /// Rows whose class is missing, in ascending order.
  var unlabeledRows: [Int] {
    let isMissing = labels.texts.map(TextCells.isMissingClass)
    return labelCodes.indices.filter { isMissing[Int(labelCodes[$0])] }
  }

  /// Classes and their names, for rows that all have one.
  ///
  /// - Parameters:
  ///   - known: the names of another part of the same data; nil to determine them.
  ///   - isStrict: whether fractions are always refused, and labels are not checked otherwise.
  /// - Throws: `DataError` for labels that are not classes: measurements, row names, or a single
  ///   class.
  func classes(known: [String]?, isStrict: Bool) throws(DataError) -> (
    labels: [Int32], names: [String]
  ) {
    var classes = ClassLabels(
      file: file, field: title(labelColumn), mayBeText: true,
      mayBeFractions: !isStrict)
    for (row, code) in labelCodes.enumerated() {
      try classes.append(labels.texts[Int(code)], line: lines[row])
    }
    if !isStrict, known == nil { try checkClasses() }
    return try classes.resolved(known: known)
  }

  /// Whether each row is marked as trusted; nil without such a column.
  func marks() throws(DataError) -> [Bool]? {
    guard let trustedColumn else { return nil }
    var values: [Bool?] = []
    for text in trusted.texts {
      switch text.lowercased() {
      case "1", "1.0", "true", "t", "yes", "y", "x", "trusted": values.append(true)
      case "0", "0.0", "false", "f", "no", "n", "untrusted": values.append(false)
      case let other: values.append(TextCells.isMissing(Array(other.utf8)[...]) ? false : nil)
      }
    }
    for (row, code) in trustedCodes.enumerated() where values[Int(code)] == nil {
      throw DataError(
        .malformed, file: file, line: lines[row], field: title(trustedColumn),
        what: "\(quoted(trusted.texts[Int(code)].utf8)) says neither that the row is trusted nor"
          + " that it is not",
        remedy: "write yes or no, true or false, 1 or 0")
    }
    return trustedCodes.map { values[Int($0)] ?? false }
  }

  private func checkClasses() throws(DataError) {
    let different = Set(labelCodes)
    let shown = labels.texts.indices.filter { different.contains(Int32($0)) }.map {
      labels.texts[$0]
    }
    let rows = grouped(count)
    if different.count == 1 {
      throw refusal(
        count == 1
          ? "one row: \(quoted(shown[0].utf8)) is its class"
          : "all \(rows) rows are of class \(quoted(shown[0].utf8)), so that no label can be wrong")
    }
    if different.count == count {
      throw refusal("every one of the \(rows) rows has a label of its own, so they are no classes")
    }
    let areNumbers = shown.allSatisfy {
      DecimalText.float(Array($0.utf8), 0..<$0.utf8.count) != nil
    }
    let areWhole = shown.allSatisfy {
      DecimalText.integer(Array($0.utf8), 0..<$0.utf8.count) != nil
    }
    let classes = different.count
    if areNumbers, classes > (areWhole ? 20 : 10), classes > count / 5 {
      throw refusal(
        "\(grouped(classes)) different numbers in \(rows) rows, which look like a measurement and not"
          + " like classes")
    }
    if !areNumbers, classes > 20, classes > count / 2 {
      throw refusal("\(grouped(classes)) different labels in \(rows) rows, which are no classes")
    }
  }

  private func refusal(_ what: String) -> DataError {
    let others = summaries.compactMap { column -> String? in
      let texts = column.textCounts.count { $0 > 0 }
      let numbers = texts > 20 ? [] : Set(self.numbers(column.feature))
      let different = texts + numbers.count
      guard (2...20).contains(different), different < count else { return nil }
      guard numbers.allSatisfy({ $0 == $0.rounded() }) else { return nil }
      let place = featureColumns[column.feature]
      return names.isEmpty ? "\(place)" : names[place]
    }
    return DataError(
      .label, file: file, field: title(labelColumn), what: what,
      remedy: "name the column that holds the class (--label)"
        + (others.isEmpty ? "" : "; columns with a few values: \(ClassLabels.list(others))"))
  }
}
