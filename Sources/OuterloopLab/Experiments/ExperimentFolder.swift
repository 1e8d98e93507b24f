internal import OuterloopFoundation
internal import Synchronization

/// Where an experiment leaves what it found: `result.json`, `result.md` and a file for each figure.
/// Locked against other processes while this value lives.
///
/// Beside them stand the runs that are done, `runs-KEY.json`, written after each one: an experiment
/// that was killed goes on with the runs that are missing. The key is a fingerprint of all that
/// a single run depends on, so other settings find other runs.
public final class ExperimentFolder: Sendable {
  public var path: String { folder.path }
  private let folder: RunFolder
  private let taken = Mutex(0)

  /// - Throws: `LabError` for a folder that cannot be written or in which another process works.
  public init(_ path: String) throws(LabError) {
    folder = try RunFolder(path)
    try folder.require(free: ["result.json", "result.md"])
  }

  /// Runs that were found here instead of being made.
  public var takenRuns: Int { taken.withLock { $0 } }

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
  /// - Throws: `LabError` for a folder that cannot be written.
  public func store<E: Experiment>(
    _ report: ExperimentReport, of experiment: E, seconds: Double
  ) throws -> Record<E> {
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

  /// Forgets all runs that are done, whatever their settings.
  /// - Throws: `LabError` for a folder that cannot be read or written.
  public func forgetRuns() throws {
    let names = try folder.names().filter { $0.hasPrefix("runs-") && $0.hasSuffix(".json") }
    try folder.remove(names)
  }

  /// A run that is done, or else what `make` returns, which is stored.
  ///
  /// - Parameters:
  ///   - name: tells it from the other runs with the same settings.
  ///   - key: of the settings and data.
  func run<Value: Codable>(
    _ name: String, key: String, make: () throws -> Value
  ) throws -> Value {
    let file = "runs-\(key).json"
    var runs: [String: Value] = [:]
    if let bytes = try folder.read(file) {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      do {
        runs = try decoder.decode([String: Value].self, from: Data(bytes))
      } catch {
        throw LabError(
          .damaged, "\(folder.joined(file)): these are not the runs of this experiment",
          remedy: "start anew with --restart, or choose another --out")
      }
    }
    if let known = runs[name] {
      taken.withLock { $0 += 1 }
      return known
    }
    let made = try make()
    runs[name] = made
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try folder.write(Array(encoder.encode(runs)) + [0x0A], to: file)
    return made
  }
}
