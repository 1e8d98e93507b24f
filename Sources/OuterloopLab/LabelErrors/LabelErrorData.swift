public import OuterloopLearning
internal import OuterloopNumerics

/// The rows to examine, with trusted rows of the same table or of another file.
public struct LabelErrorData: Sendable {
  /// The rows to examine, with their labels as given to the method.
  public let rows: LabeledData
  /// Whether the label of each of them is known to be right.
  public let trusted: [Bool]
  /// Further rows with correct labels.
  public let trustedRows: LabeledData?
  /// Labels before artificial corruption; nil if there was none.
  public let trueLabels: [Int32]?
  /// Notes on the data: one line each.
  public let notes: [String]

  /// - Parameters:
  ///   - parts: what `LabeledData.prepare` read; its test part is not examined.
  ///   - trustedRows: rows of the same columns and classes whose labels are right.
  /// - Throws: `LabError` for data in which no label can be wrong: a single class, or as many
  ///   classes as rows.
  public init(
    _ parts: DataParts, trustedRows: LabeledData? = nil, settings: LabelErrorSettings
  ) throws {
    try settings.validate()
    let given = parts.train
    guard given.classCount >= 2 else {
      throw LabError(
        .data,
        "\(given.source): all rows are of class '\(given.classNames.first ?? "")', so no label can"
          + " be called wrong",
        remedy: "check the column with the class (--label)")
    }
    let sizes = given.countPerClass
    guard 2 * given.classCount <= given.count || given.classCount == 2 else {
      throw LabError(
        .data,
        "\(given.source): \(given.classCount) different labels in \(given.count) rows, which is too"
          + " many for classes",
        remedy: "name the column with the class (--label)")
    }
    var notes = parts.table?.notes ?? []
    let rare = sizes.indices.filter { sizes[$0] < 5 && sizes[$0] > 0 }
    if !rare.isEmpty {
      let names = rare.prefix(6).map { "'\(given.classNames[$0])' (\(sizes[$0]))" }
      notes.append(
        "too few rows to judge the labels of \(rare.count == 1 ? "class" : "classes")"
          + " \(names.joined(separator: ", "))" + (rare.count > 6 ? ", ..." : ""))
    }
    if let test = parts.test {
      notes.append(
        "the test part, \(test.source), is not examined: name it with --data to examine it")
    }
    var trusted = [Bool](repeating: false, count: given.count)
    if let marked = parts.table?.trusted, marked.count == given.count { trusted = marked }
    self.trusted = trusted
    self.trustedRows = trustedRows
    self.notes = notes
    let open = trusted.indices.filter { !trusted[$0] }
    guard !open.isEmpty else {
      throw LabError(
        .data, "\(given.source): every row is trusted, so none is left to examine",
        remedy: "leave --trusted-column out")
    }
    let changed = LabelCorruption.corrupted(
      open.map { given.labels[$0] }, share: settings.corrupt, classes: given.classCount,
      seed: settings.seed)
    guard let changed else {
      rows = given
      trueLabels = nil
      return
    }
    var labels = given.labels
    for (row, label) in zip(open, changed) { labels[row] = label }
    rows = try given.relabeled(labels)
    trueLabels = given.labels
  }

  /// All rows that models learn from, those to examine first; and which of them are trusted.
  var everything: (data: LabeledData, trusted: [Bool]) {
    get throws {
      guard let trustedRows else { return (rows, trusted) }
      return (
        try rows.joined(trustedRows),
        trusted + [Bool](repeating: true, count: trustedRows.count)
      )
    }
  }

  /// A hash of all features, labels, class names and marks.
  /// - Complexity: O(features).
  public var fingerprint: String {
    var hash = Fingerprint()
    hash.add(rows)
    for mark in trusted { hash.add(mark ? 1 : 0) }
    if let trustedRows { hash.add(trustedRows) }
    return hash.text
  }
}

/// Artificial label corruption, to measure how well it is detected.
enum LabelCorruption {
  /// Moves exactly `round(share n)` of the labels, chosen by the seed, to a class chosen uniformly
  /// among the others; nil where that is none.
  static func corrupted(
    _ labels: [Int32], share: Double, classes: Int, seed: UInt64
  ) -> [Int32]? {
    let wrong = Int((share * Double(labels.count)).rounded())
    guard wrong > 0, classes > 1 else { return nil }
    let chosen = RandomKey(seed: seed, purpose: "corrupt").permutation(labels.count).prefix(wrong)
    let draws = RandomKey(seed: seed, purpose: "wrong class").bits(wrong)
    var result = labels
    for (index, draw) in zip(chosen, draws) {
      let shift = Int32((UInt64(draw) &* (UInt64(classes) - 1)) >> 32) + 1
      result[index] = (result[index] + shift) % Int32(classes)
    }
    return result
  }
}
