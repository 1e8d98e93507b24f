internal import OuterloopText

/// A runnable experiment: a value with a name, a claim, numbers and figures. Its properties are its
/// settings.
public protocol Experiment: Sendable, Encodable {
  /// Its word on the command line.
  static var name: String { get }
  /// What it shows, in a sentence, with the source of the numbers that it is held to.
  static var claim: String { get }

  /// - Throws: `LabError` naming the first setting that is out of range.
  func validate() throws

  /// Does the work; the same settings give the same numbers, times aside.
  func run(_ observer: ExperimentObserver) throws -> ExperimentReport
}

/// What an experiment tells while it runs, and how it is asked to stop.
public struct ExperimentObserver: Sendable {
  /// So many of so many parts are done.
  public let onProgress: @Sendable (_ done: Int, _ total: Int, _ detail: String) -> Void
  public let shouldStop: @Sendable () -> Bool
  /// Where runs that are done are kept, if anywhere.
  let folder: ExperimentFolder?

  public init(
    folder: ExperimentFolder? = nil,
    onProgress: @escaping @Sendable (Int, Int, String) -> Void = { _, _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.folder = folder
    self.onProgress = onProgress
    self.shouldStop = shouldStop
  }

  /// Thrown by an experiment that was asked to stop.
  public struct Stopped: Error {}

  func report(_ done: Int, of total: Int, _ detail: String) throws {
    if shouldStop() { throw Stopped() }
    onProgress(done, total, detail)
  }

  /// One of an experiment's runs: the one that is kept, or a new one.
  func run<Value: Codable>(
    _ name: String, key: String, make: () throws -> Value
  ) throws -> Value {
    guard let folder else { return try make() }
    return try folder.run(name, key: key, make: make)
  }
}

/// What an experiment found. As JSON, its keys are the names of the properties here.
public struct ExperimentReport: Sendable, Encodable {
  /// Numbers under named columns.
  public struct Table: Sendable, Encodable {
    public struct Row: Sendable, Encodable {
      public var label: String
      /// One for each column; null where a column does not apply.
      public var values: [Double?]

      /// Numbers that are not finite do not apply.
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

  public var tables: [Table]
  /// What the numbers do not say: conditions, departures from the source.
  public var notes: [String]
  /// SVG by file name; not part of the JSON.
  public var figures: [String: String]

  enum CodingKeys: CodingKey { case tables, notes }

  public init(tables: [Table], notes: [String] = [], figures: [String: String] = [:]) {
    self.tables = tables
    self.notes = notes
    self.figures = figures
  }
}

extension ExperimentReport {
  /// The tables and notes as text, columns aligned.
  public var text: String {
    var parts = tables.map(\.text)
    if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }
}

extension ExperimentReport.Table {
  /// A column for each seed.
  static func bySeed(_ title: String, from first: UInt64, count: Int, rows: [Row]) -> Self {
    Self(title, columns: (0..<count).map { "\(first + UInt64($0))" }, rows: rows)
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

/// Mean and spread over repetitions.
struct Repetitions {
  let values: [Double]

  var mean: Double { values.reduce(0, +) / Double(Swift.max(values.count, 1)) }

  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Half the width of the 95 % confidence interval of the mean, by the normal quantile 1.96 as
  /// papers print it; 0 for one repetition.
  var interval: Double {
    guard values.count > 1 else { return 0 }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return 1.96 * (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }
}
