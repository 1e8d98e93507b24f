/// A raw table prepared for learning: how its columns were converted, and which of its rows were
/// used.
public struct PreparedTable: Sendable, Equatable {
  /// The rows with a class. Their `rows` and `lines` are those of the file.
  public let data: LabeledData
  /// How columns became features, to prepare further tables alike.
  public let preparation: TablePreparation
  /// Whether each of them is marked as trusted; nil without such a column.
  public let trusted: [Bool]?
  /// The lines of rows without a class, which were left out.
  public let unlabeledLines: [Int]

  /// Notes on the columns and rows: one line each, without the file's name.
  public var notes: [String] {
    var notes: [String] = []
    // Columns that were left out for the same reason are one line.
    var groups: [(reason: String, columns: [ColumnUse])] = []
    for column in preparation.columns {
      switch column.kind {
      case .label, .trusted, .number(0, _), .category(_, 0): continue
      case .number, .category: notes.append("\(column.title): \(column)")
      case .constant, .empty, .identifier, .date, .text:
        let reason = column.kind.reason
        if let place = groups.firstIndex(where: { $0.reason == reason }) {
          groups[place].columns.append(column)
        } else {
          groups.append((reason, [column]))
        }
      }
    }
    for (reason, columns) in groups {
      if columns.count == 1 {
        notes.append("\(columns[0].title): \(columns[0])")
      } else {
        notes.append(
          "\(grouped(columns.count)) columns left out, \(reason): "
            + ClassLabels.list(columns.map(\.name)))
      }
    }
    if !unlabeledLines.isEmpty {
      let shown = unlabeledLines.prefix(8).map(String.init).joined(separator: ", ")
      notes.append(
        "\(grouped(unlabeledLines.count)) \(unlabeledLines.count == 1 ? "row has" : "rows have") no"
          + " label and \(unlabeledLines.count == 1 ? "is" : "are") left out:"
          + " line\(unlabeledLines.count == 1 ? "" : "s") \(shown)"
          + (unlabeledLines.count > 8 ? ", ..." : ""))
    }
    return notes + PreparedTable.nearNames(data.classNames)
  }

  /// Classes whose names differ only in case or spaces.
  private static func nearNames(_ names: [String]) -> [String] {
    var first: [String: String] = [:]
    return names.compactMap { name in
      let plain = name.lowercased().filter { !$0.isWhitespace }
      guard let other = first[plain] else {
        first[plain] = name
        return nil
      }
      return
        "classes \(quoted(other.utf8)) and \(quoted(name.utf8)) differ in capitals or spaces only"
    }
  }
}
