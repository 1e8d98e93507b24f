internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopText

/// The rows of a data set with the results for their labels, as CSV.
enum LabelErrorTables {
  /// What each column means, in the order of the table; printed by the command and shown in its
  /// help.
  static let columns: [(name: String, meaning: String)] = [
    ("row", "number of the row in its file, from 1, without a header row"),
    ("line", "line of the file on which it begins, from 1; empty for files that are not text"),
    ("label", "its class in the file"),
    ("likely", "its most probable class"),
    ("probability", "probability that the label is wrong"),
    ("label_prediction", "probability of the label by models that have not seen it"),
    ("likely_prediction", "probability of the likely class by the same models"),
    ("flip_rate", "how often rows of the likely class carry this label, as estimated"),
    ("suspicious", "1 for the rows to review"),
  ]

  /// The suspicious rows, the most probable first.
  static func suspicious(_ report: LabelErrorReport) -> String {
    table(report.suspects.map { ($0, true) }, knowsTruth: report.detection != nil)
  }

  /// Every row, in the order of the file.
  static func all(_ found: LabelErrors, _ data: LabelErrorData) -> String {
    let suspicious = Set(found.suspicious)
    return table(
      data.rows.labels.indices.map {
        (LabelErrorReport.suspect($0, found, data), suspicious.contains($0))
      }, knowsTruth: data.trueLabels != nil)
  }

  private static func table(
    _ rows: [(LabelErrorReport.Suspect, Bool)], knowsTruth: Bool
  ) -> String {
    var lines = [(columns.map(\.name) + (knowsTruth ? ["true_label"] : [])).joined(separator: ",")]
    for (row, isSuspicious) in rows {
      var fields = [
        "\(row.row)", row.line.map(String.init) ?? "", CSVField.quoted(row.label),
        CSVField.quoted(row.likely), number(row.probability), number(row.labelPrediction),
        number(row.likelyPrediction), number(row.flipRate), isSuspicious ? "1" : "0",
      ]
      if knowsTruth { fields.append(CSVField.quoted(row.trueLabel ?? "")) }
      lines.append(fields.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Six significant digits and the exponent: probabilities near 0 keep their order.
  private static func number(_ value: Double) -> String {
    value < 1e-4 ? "\(Float(value))" : NumberText.fixed(value, digits: 6)
  }
}
