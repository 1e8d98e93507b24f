internal import OuterloopText

/// The results of an experiment. As JSON, its keys are the names of the properties here.
public struct ExperimentReport: Sendable {
  /// Numbers under named columns.
  public struct Table: Sendable, Codable, Hashable {
    public struct Row: Sendable, Codable, Hashable {
      public var label: String
      /// One for each column; null where a column does not apply.
      public var values: [Double?]

      /// Non-finite numbers count as not applicable.
      public init(_ label: String, _ values: [Double?]) {
        self.label = label
        self.values = values.map { $0.flatMap { $0.isFinite ? $0 : nil } }
      }
    }
    public var title: String
    public var columns: [String]
    public var rows: [Row]

    public init(_ title: String, columns: [String], rows: [Row]) {
      self.title = title
      self.columns = columns
      self.rows = rows
    }
  }

  /// A picture with a caption.
  public struct Picture: Sendable, Hashable {
    /// Of its file: `losses.svg`.
    public var name: String
    public var caption: String
    public var svg: String

    public init(_ name: String, _ caption: String, svg: String) {
      self.name = name
      self.caption = caption
      self.svg = svg
    }
  }

  public var tables: [Table]
  public var claims: [Claim]
  /// Notes on conditions and departures from the source.
  public var notes: [String]
  /// In the order of the page; the first one represents the experiment in the index.
  public var figures: [Picture]

  public init(
    tables: [Table], claims: [Claim] = [], notes: [String] = [], figures: [Picture] = []
  ) {
    self.tables = tables
    self.claims = claims
    self.notes = notes
    self.figures = figures
  }

  /// The tables, claims and notes as text, columns aligned.
  public var text: String {
    var parts = tables.map(\.text)
    if !claims.isEmpty { parts.append(claims.map(\.text).joined(separator: "\n")) }
    if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }
}

extension ExperimentReport.Table {
  /// A column for each seed.
  static func bySeed(_ title: String, from first: UInt64, count: Int, rows: [Row]) -> Self {
    Self(title, columns: (0..<count).map { "\(first &+ UInt64($0))" }, rows: rows)
  }

  /// Rows under a title, aligned in columns.
  public var text: String {
    let cells =
      [[""] + columns]
      + rows.map { row in [row.label] + row.values.map { $0.map(NumberText.short) ?? "-" } }
    let widths = (0...columns.count).map { column in
      cells.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    let lines = cells.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
    return ([title] + lines).joined(separator: "\n")
  }

  /// The same as Markdown.
  public var markdown: String {
    let head = "| | \(columns.joined(separator: " | ")) |"
    let rule = "|---|" + columns.map { _ in "--:|" }.joined()
    let body = rows.map { row in
      let values = row.values.map { $0.map(NumberText.short) ?? "-" }
      return "| \(row.label) | \(values.joined(separator: " | ")) |"
    }
    return ([head, rule] + body).joined(separator: "\n")
  }
}
