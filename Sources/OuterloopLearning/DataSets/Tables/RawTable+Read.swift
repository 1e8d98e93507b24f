extension RawTable {
  /// Reads a table and determines its separator, header and columns.
  ///
  /// - Parameter hasMissingWords: whether words such as NA count as missing.
  static func read(
    _ stream: ByteStream, _ options: CSV.Options, hasMissingWords: Bool
  ) throws(DataError) -> RawTable {
    try stream.beginText(options.encoding)
    let separator: UInt8
    if let given = options.separator {
      separator = given
    } else {
      separator = Separator.detected(try stream.upcoming())
    }
    var record = CSVRecord(separator: separator)
    guard try record.readNext(stream) else {
      throw DataError(
        .empty, file: stream.name, what: "the file is empty",
        remedy: "give a header row and at least one row of numbers")
    }
    let first = record
    let width = first.fields.count
    guard width >= 2 else {
      throw DataError(
        .ragged, file: stream.name, line: first.line,
        what: "one column, where features and a label were expected",
        remedy: options.separator == nil
          ? "separate columns by commas, semicolons or tabs"
          : "separate columns by '\(Character(UnicodeScalar(separator)))'")
    }
    let isNamed = options.label.isName || options.trusted?.isName == true
    if isNamed, options.header == .absent {
      throw DataError(
        .column, file: stream.name, what: "a column chosen by name, but there is no header row",
        remedy: "choose it by its index; there is no header row by the options given")
    }
    let firstNames = first.fields.indices.map(first.text)
    let label = try options.label.index(of: width, names: isNamed ? firstNames : [], stream.name)
    let trusted: Int?
    if let column = options.trusted {
      trusted = try column.index(of: width, names: isNamed ? firstNames : [], stream.name)
      guard trusted != label else {
        throw DataError(
          .column, file: stream.name, what: "one column for the class and for the trusted mark",
          remedy: "choose two")
      }
    } else {
      trusted = nil
    }
    var table = RawTable(
      stream.name, width: width, label: label, trusted: trusted, separator: separator,
      hasMissingWords: hasMissingWords)
    try table.append(first)
    while try record.readNext(stream) { try table.append(record) }
    if isNamed || options.header == .present || options.header == .detected && table.beginsWithNames
    {
      table.takeHeader(distinct(firstNames))
    }
    guard table.count > 0 else {
      throw DataError(
        .empty, file: stream.name, what: "a header row but no examples",
        remedy: "use a file with at least one row of numbers")
    }
    try table.checkDecimalPoints()
    return table
  }

  /// The names, with replacements for empty and duplicate ones.
  private static func distinct(_ names: [String]) -> [String] {
    var taken: Set<String> = []
    return names.enumerated().map { index, name in
      let plain = name.isEmpty ? "column \(index + 1)" : name
      var candidate = plain
      var number = 2
      while taken.contains(candidate) || candidate != plain && names.contains(candidate) {
        candidate = "\(plain) (\(number))"
        number += 1
      }
      taken.insert(candidate)
      return candidate
    }
  }

  private func checkDecimalPoints() throws(DataError) {
    guard let commaLine, let pointLine else { return }
    throw DataError(
      .malformed, file: file, line: commaLine,
      what: "a number with a comma, where line \(pointLine) has one with a point",
      remedy: "write all numbers alike, without separators of thousands")
  }

  /// Whether the first row is a header. It is when the label is a text and all others are numbers;
  /// when more columns of numbers begin with a text than with a number; or, in a table of texts, when
  /// its texts are distinct and do not occur below.
  private var beginsWithNames: Bool {
    let label = labels.texts[Int(labelCodes[0])]
    if !isNumber(label), !TextCells.isMissing(Array(label.utf8)[...]) {
      let numbers = labels.texts.map(isNumber)
      let missing = labels.texts.map { TextCells.isMissing(Array($0.utf8)[...]) }
      let below = labelCodes.dropFirst()
      if below.contains(where: { numbers[Int($0)] }),
        below.allSatisfy({ numbers[Int($0)] || missing[Int($0)] })
      {
        return true
      }
    }
    var (textsAbove, numbersAbove) = (0, 0)
    var isFresh = !isNumber(label) && !labelCodes.dropFirst().contains(labelCodes[0])
    var seen: Set<String> = [label]
    for feature in featureColumns.indices {
      let cells = exceptions[feature]
      let first = cells.first.flatMap { $0.row == 0 ? $0 : nil }
      let below = cells.dropFirst(first == nil ? 0 : 1)
      let numbers = count - 1 - below.count
      let missing = below.count { $0.code == Exception.missing }
      let isNumeric = numbers > 0 && numbers >= 9 * (below.count - missing)
      guard let first else {
        numbersAbove += 1
        continue
      }
      // An empty cell, as above the row names that some programs write, is no evidence.
      guard first.code != Exception.missing else { continue }
      if isNumeric { textsAbove += 1 }
      guard first.code >= 0 else { continue }
      if below.contains(where: { $0.code == first.code }) { isFresh = false }
      if !seen.insert(texts[feature].texts[Int(first.code)]).inserted { isFresh = false }
    }
    return textsAbove > numbersAbove || textsAbove + numbersAbove == 0 && isFresh
  }

  private func isNumber(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return DecimalText.float(bytes, bytes.indices) != nil
  }
}

extension CSV.LabelColumn {
  var isName: Bool {
    if case .name = self { true } else { false }
  }

  /// The column in a table of this width.
  func index(of width: Int, names: [String], _ file: String) throws(DataError) -> Int {
    switch self {
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
        throw DataError(
          .column, file: file, what: "no column named \(quoted(name.utf8))",
          remedy: "choose one that exists: \(ClassLabels.list(names))")
      }
      guard found.count == 1 else {
        throw DataError(
          .column, file: file, what: "\(found.count) columns named \(quoted(name.utf8))",
          remedy: "choose one by its index: \(found)")
      }
      return column
    }
  }
}
