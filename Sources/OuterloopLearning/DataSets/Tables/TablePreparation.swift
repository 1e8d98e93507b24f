/// How the columns of a table become features: fitted to one file, then applied to others.
public struct TablePreparation: Sendable, Equatable {
  /// How each column of the file is used, in order.
  public let columns: [ColumnUse]
  /// The name of each feature; empty where the file has no header and all columns are plain numbers.
  public let featureNames: [String]
  /// Whether the file has a header row.
  public var hasHeader: Bool { !names.isEmpty }

  /// Names of the file's columns, empty without a header; and the columns of the plans.
  private let names: [String]
  private let featureColumns: [Int]
  private let width: Int
  private let plans: [ColumnPlan]
  /// The total number of features.
  private let size: Int

  /// Fits the preparation to the rows of a table.
  ///
  /// - Throws: `DataError` for an infinite number in a column of numbers, or when no column is left.
  init(fitting table: RawTable) throws(DataError) {
    names = table.names
    width = table.width
    featureColumns = table.featureColumns
    var plans: [ColumnPlan] = []
    var uses: [Int: ColumnUse] = [:]
    func name(_ column: Int) -> String {
      table.names.isEmpty ? "column \(column + 1)" : table.names[column]
    }
    for summary in table.summaries {
      let (plan, kind, asMissing) = try table.plan(summary)
      let column = table.featureColumns[summary.feature]
      plans.append(plan)
      uses[column] = ColumnUse(
        name: name(column), index: column, kind: kind, readAsMissing: asMissing,
        featureCount: plan.featureCount)
    }
    self.plans = plans
    columns = (0..<table.width).map { column in
      uses[column]
        ?? ColumnUse(
          name: name(column), index: column,
          kind: column == table.labelColumn ? .label : .trusted, readAsMissing: [], featureCount: 0)
    }
    size = plans.reduce(0) { $0 + $1.featureCount }
    let isPlain = table.names.isEmpty && plans.allSatisfy(\.isPlain)
    featureNames =
      isPlain
      ? []
      : zip(plans, table.featureColumns).flatMap { plan, column in plan.names(name(column)) }
    guard size > 0 else {
      let reasons = columns.filter(\.isIgnored).prefix(4).map { use in
        "\(use.title) \(use)"
      }
      throw DataError(
        .empty, file: table.file,
        what: "no column is left to learn from: \(reasons.joined(separator: "; "))",
        remedy: "use a file with columns of numbers or of a few different texts")
    }
  }

  /// Whether rows are used unchanged.
  private var isIdentity: Bool { plans.allSatisfy(\.isPlain) }

  /// The features of all rows of a table, row-major.
  ///
  /// Columns are matched by name where both files have a header, otherwise by position. A text that
  /// the fitted file does not have sets no indicator; a missing number becomes the median.
  /// - Throws: `DataError` for columns that are missing, and with the line for a text or an infinite
  ///   number in a column of numbers.
  func features(of table: RawTable) throws(DataError) -> [Float] {
    let sources = try places(in: table)
    if isIdentity, sources == Array(plans.indices), table.exceptions.allSatisfy(\.isEmpty) {
      return table.values
    }
    var features: [Float] = []
    let (total, overflow) = table.count.multipliedReportingOverflow(by: size)
    guard !overflow, total <= standardDataLimit / 4 else {
      throw DataError(
        .tooLarge, file: table.file,
        what: "\(grouped(size)) features for each of \(grouped(table.count)) rows",
        remedy: "leave out columns with many different texts")
    }
    features.reserveCapacity(total)
    let marks = try plans.indices.map { plan throws(DataError) in
      try codes(plans[plan], sources[plan], table)
    }
    var next = [Int](repeating: 0, count: plans.count)
    let used = plans.indices.filter { plans[$0].featureCount > 0 }
    let isPlain = plans.map(\.isPlain)
    let sourceWidth = table.featureColumns.count
    for row in 0..<table.count {
      let start = row * sourceWidth
      for index in used {
        let value = table.values[start + sources[index]]
        if isPlain[index], !value.isNaN {
          features.append(value)
          continue
        }
        var code: Int32?
        if value.isNaN {
          code = table.exceptions[sources[index]][next[index]].code
          next[index] += 1
        }
        plans[index].append(value, code, marks[index], to: &features)
      }
    }
    return features
  }

  /// The feature column of `table` for each plan; 0 where none is needed.
  private func places(in table: RawTable) throws(DataError) -> [Int] {
    if names.isEmpty || table.names.isEmpty {
      guard table.width == width, table.featureColumns == featureColumns else {
        throw DataError(
          .mismatch, file: table.file,
          what: "\(table.width) columns, where the first file has \(width)",
          remedy: "give both files the same columns in the same order, or header rows")
      }
      return Array(plans.indices)
    }
    var found: [Int] = []
    for (index, column) in featureColumns.enumerated() {
      let name = names[column]
      if let place = table.featureColumns.firstIndex(where: { table.names[$0] == name }) {
        found.append(place)
      } else if case .ignored = plans[index] {
        found.append(0)
      } else {
        throw DataError(
          .mismatch, file: table.file, what: "no column named \(quoted(name.utf8))",
          remedy: "give both files the same columns; this one has \(ClassLabels.list(table.names))")
      }
    }
    return found
  }

  /// The code of each text of a column of `table`: the index of its indicator, or missing.
  private func codes(
    _ plan: ColumnPlan, _ source: Int, _ table: RawTable
  ) throws(DataError) -> ColumnPlan.Marks {
    switch plan {
    case .ignored: return ColumnPlan.Marks()
    case .category(let texts, _):
      var places: [String: Int] = [:]
      for (place, text) in texts.enumerated() { places[text] = place }
      return ColumnPlan.Marks(
        places: places, ofTexts: table.texts[source].texts.map { places[$0] })
    case .number(_, _, _, let asMissing):
      for cell in table.exceptions[source] where cell.code != RawTable.Exception.missing {
        let text = cell.code >= 0 ? table.texts[source].texts[Int(cell.code)] : ""
        guard !asMissing.contains(text) else { continue }
        let isNumber = DecimalText.float(Array(text.utf8), 0..<text.utf8.count) != nil
        throw DataError(
          isNumber ? .nonFinite : .malformed, file: table.file, line: table.lines[Int(cell.row)],
          field: table.title(table.featureColumns[source]),
          what: isNumber
            ? "\(quoted(text.utf8)) is not a finite 32-bit float"
            : "\(quoted(text.utf8)) in a column of numbers",
          remedy: "replace the value, or leave the row out")
      }
      return ColumnPlan.Marks()
    }
  }
}

extension ColumnPlan {
  /// Whether it is the unchanged number.
  var isPlain: Bool {
    if case .number(_, true, false, _) = self { true } else { false }
  }

  /// The indicator of each text.
  struct Marks {
    var places: [String: Int] = [:]
    /// By the index of the text in the column.
    var ofTexts: [Int?] = []
  }

  /// Appends the features of one cell: a finite `value`, or the text `code`.
  func append(_ value: Float, _ code: Int32?, _ marks: Marks, to features: inout [Float]) {
    switch self {
    case .ignored: break
    case .number(let median, let isUsed, let isMarked, _):
      if isUsed { features.append(code == nil ? value : median) }
      if isMarked { features.append(code == nil ? 0 : 1) }
    case .category(let texts, let isMarked):
      let place: Int?
      if let code {
        place = code >= 0 ? marks.ofTexts[Int(code)] : nil
      } else {
        place = marks.places[shortNumber(value)]
      }
      if texts.count == 2, !isMarked {
        features.append(place == 1 ? 1 : 0)
      } else {
        for index in texts.indices { features.append(index == place ? 1 : 0) }
        if isMarked { features.append(code == RawTable.Exception.missing ? 1 : 0) }
      }
    }
  }
}
