internal import OuterloopFoundation
internal import Synchronization

/// The output folder of an experiment: `result.json`, `result.md` and a file for each figure.
/// Locked against other processes for the lifetime of this value.
///
/// It also holds the finished runs, `runs-KEY.json`, written after each one: an experiment that was
/// killed resumes with the missing runs. The key is a fingerprint of everything that a single run
/// depends on, so other settings use other runs.
public final class ExperimentFolder: Sendable {
  public var path: String { folder.path }
  private let folder: RunFolder
  private let runs = Mutex(Runs())

  /// The runs so far: how many were reused, and their total time.
  private struct Runs {
    var taken = 0
    var seconds = 0.0
  }

  /// - Throws: `LabError` for a folder that cannot be written or is in use by another process.
  public init(_ path: String) throws(LabError) {
    folder = try RunFolder(path)
    try folder.require(free: ["result.json", "result.md"])
  }

  /// The number of stored runs that were reused.
  public var takenRuns: Int { runs.withLock { $0.taken } }

  /// The contents of `result.json`: settings and numbers.
  public struct Record<Settings: Experiment>: Encodable {
    var experiment: String
    var question: String
    var command: String
    /// Of the settings.
    var key: String
    var settings: Settings
    /// The total time of its runs, whenever they were made.
    var seconds: Double
    var tables: [ExperimentReport.Table]
    var claims: [Claim]
    var notes: [String]
    /// Paths of the figures.
    var figures: [String]
    /// What each of them shows.
    var captions: [String]
  }

  /// Writes everything, and returns the contents of the JSON file.
  /// - Throws: `LabError` for a folder that cannot be written.
  @discardableResult
  public func store<E: Experiment>(
    _ report: ExperimentReport, of experiment: E
  ) throws -> Record<E> {
    for figure in report.figures { try folder.write(figure.svg, to: figure.name) }
    var text = "# \(E.name)\n\n\(E.about.question)\n\n    \(experiment.command)\n"
    for table in report.tables { text += "\n## \(table.title)\n\n\(table.markdown)\n" }
    if !report.claims.isEmpty {
      text +=
        "\n## Claims\n\n" + report.claims.map { "- \($0.text)" }.joined(separator: "\n") + "\n"
    }
    if !report.notes.isEmpty {
      text += "\n" + report.notes.map { "- \($0)" }.joined(separator: "\n") + "\n"
    }
    try folder.write(text, to: "result.md")
    let record = Record(
      experiment: E.name, question: E.about.question, command: experiment.command,
      key: try Fingerprint(of: experiment).text, settings: experiment,
      seconds: runs.withLock { $0.seconds }, tables: report.tables, claims: report.claims,
      notes: report.notes, figures: report.figures.map { "\(path)/\($0.name)" },
      captions: report.figures.map(\.caption))
    try folder.write(Self.encoded(record), to: "result.json")
    return record
  }

  /// Writes the page of the report.
  func write(page: String) throws(LabError) { try folder.write(page, to: "index.html") }

  /// The report stored here for exactly these settings, if any.
  /// - Throws: `LabError` for a folder that cannot be read.
  public func stored<E: Experiment>(_ experiment: E) throws -> StoredReport? {
    guard let bytes = try folder.read("result.json"),
      let record = try? JSONDecoder().decode(StoredReport.Record.self, from: Data(bytes)),
      record.experiment == E.name, record.key == (try Fingerprint(of: experiment).text)
    else { return nil }
    var pictures: [ExperimentReport.Picture] = []
    for (place, caption) in zip(record.figures, record.captions) {
      let name = String(place.split(separator: "/").last ?? "")
      guard let svg = try folder.read(name) else { return nil }
      pictures.append(.init(name, caption, svg: String(decoding: svg, as: UTF8.self)))
    }
    let report = ExperimentReport(
      tables: record.tables, claims: record.claims, notes: record.notes, figures: pictures)
    return StoredReport(report: report, command: record.command, seconds: record.seconds)
  }

  /// Discards all finished runs, whatever their settings.
  /// - Throws: `LabError` for a folder that cannot be read or written.
  public func forgetRuns() throws {
    let names = try folder.names().filter { $0.hasPrefix("runs-") && $0.hasSuffix(".json") }
    try folder.remove(names)
  }

  /// A finished run, or otherwise the result of `make`, which is stored.
  ///
  /// - Parameters:
  ///   - name: distinguishes it from other runs with the same settings.
  ///   - key: of the settings and data.
  func run<Value: Codable>(
    _ name: String, key: String, make: () throws -> Value
  ) throws -> Value {
    let file = "runs-\(key).json"
    var known: [String: StoredRun] = [:]
    do {
      if let bytes = try folder.read(file) {
        known = try StoredValue.decoder.decode([String: StoredRun].self, from: Data(bytes))
      }
      if let run = known[name] {
        let value = try run.value.value(as: Value.self)
        runs.withLock {
          $0.taken += 1
          $0.seconds += run.seconds
        }
        return value
      }
    } catch is DecodingError {
      throw LabError(
        .damaged, "\(folder.joined(file)): these are not the runs of this experiment",
        remedy: "start again with --restart, or choose another --out")
    }
    let clock = ContinuousClock()
    let start = clock.now
    let value = try make()
    let seconds = start.duration(to: clock.now) / .seconds(1)
    known[name] = StoredRun(seconds: seconds, value: try StoredValue(value))
    try folder.write(Self.encoded(known), to: file)
    runs.withLock { $0.seconds += seconds }
    return value
  }

  private struct StoredRun: Codable {
    var seconds: Double
    var value: StoredValue
  }

  private static func encoded(_ value: some Encodable) throws -> [UInt8] {
    Array(try StoredValue.encoder.encode(value)) + [0x0A]
  }
}

/// The stored report of an earlier run.
public struct StoredReport: Sendable {
  public var report: ExperimentReport
  /// The command that produced it.
  public var command: String
  /// The total time of its runs.
  public var seconds: Double

  /// The part of `result.json` that is read back.
  struct Record: Decodable {
    var experiment, key, command: String
    var seconds: Double
    var tables: [ExperimentReport.Table]
    var claims: [Claim]
    var notes, figures, captions: [String]
  }
}
