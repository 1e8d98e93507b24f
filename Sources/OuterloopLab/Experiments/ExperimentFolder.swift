#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Where an experiment leaves what it found: `result.json`, `result.md` and a file for each figure.
public struct ExperimentFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The file that `result.json` is: settings and numbers.
  public struct Record<Settings: Experiment>: Encodable {
    var experiment: String
    var claim: String
    var settings: Settings
    var seconds: Double
    var tables: [ExperimentReport.Table]
    var notes: [String]
    /// Paths of the figures.
    var figures: [String]
  }

  /// Writes everything, and returns what the JSON file holds.
  /// - Throws: `CleaningError` for a folder that cannot be written.
  public func store<E: Experiment>(
    _ report: ExperimentReport, of experiment: E, seconds: Double
  ) throws -> Record<E> {
    let folder = try RunFolder(path)
    let names = report.figures.keys.sorted()
    for name in names { try folder.write(report.figures[name] ?? "", to: name) }
    var text = "# \(E.name)\n\n\(E.claim)\n"
    for table in report.tables { text += "\n## \(table.title)\n\n\(table.markdown)\n" }
    if !report.notes.isEmpty {
      text += "\n" + report.notes.map { "- \($0)" }.joined(separator: "\n") + "\n"
    }
    try folder.write(text, to: "result.md")
    let record = Record(
      experiment: E.name, claim: E.claim, settings: experiment, seconds: seconds,
      tables: report.tables, notes: report.notes, figures: names.map { "\(path)/\($0)" })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try folder.write(Array(encoder.encode(record)) + [0x0A], to: "result.json")
    return record
  }
}
