internal import ArgumentParser
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// `outerloop export`
struct Export: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the trials of a study as CSV or JSON.",
    discussion: """
      CSV: a line for each trial, with number, state, reason, the objectives, the parameters (empty \
      where inactive), epoch, attempts, created, ended, seconds. JSON: an object with study, seed, \
      sampler, objectives, space (as in a space file) and trials: those of `outerloop trials --json` \
      with reports (epoch, values, seconds).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  enum Format: String, ExpressibleByArgument, CaseIterable { case csv, json }

  @Option(help: ArgumentHelp("The format.", valueName: "format"))
  var format = Format.csv

  @Option(help: ArgumentHelp("The file to write. Default: standard output.", valueName: "file"))
  var out: String?

  struct Record: Encodable {
    var study: String
    var seed: UInt64
    var sampler: MethodDescription
    var objectives: [Objective]
    var space: SearchSpace
    var trials: [TrialRecord]
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let specification = found.specification
    let trials = try await found.store.trials(of: found.id, matching: TrialQuery())
    let text =
      switch format {
      case .csv: Self.csv(trials, specification)
      case .json:
        try JSONText.of(
          Record(
            study: found.name, seed: specification.seed, sampler: specification.method,
            objectives: specification.objectives, space: specification.space,
            trials: trials.map { TrialRecord($0, specification, withReports: true) }))
      }
    guard let out else { return try Terminal.print(text) }
    do { try Data((text + "\n").utf8).write(to: URL(filePath: out), options: .atomic) } catch {
      throw Complaint("\(out): it cannot be written", hint: "check the folder and its space")
    }
  }

  static func csv(_ trials: [Trial], _ specification: StudySpecification) -> String {
    let metrics = specification.objectives.map(\.metric)
    let names = specification.space.parameters.map(\.name)
    var lines = [
      ["number", "state", "reason"] + metrics + names
        + ["epoch", "attempts", "created", "ended", "seconds"]
    ]
    for trial in trials {
      let record = TrialRecord(trial, specification)
      lines.append(
        ["\(record.number)", record.state, record.reason ?? ""]
          + metrics.map { record.values[$0].map { "\($0)" } ?? "" }
          + trial.assignment.values.map { $0?.description ?? "" }
          + [
            record.epoch.map(String.init) ?? "", "\(record.attempts)", "\(record.created)",
            record.ended.map { "\($0)" } ?? "", "\(record.seconds)",
          ])
    }
    return lines.map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\n")
  }

  /// A field, in quotation marks where RFC 4180 asks for them.
  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}

/// `outerloop delete`
struct Delete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove a study and its trials' files.",
    discussion: "JSON keys: study, trials (how many there were), folder (of their files).")

  @OptionGroup var place: StoreOptions

  @Option(help: ArgumentHelp("The study.", valueName: "name"))
  var study: String

  @Flag(help: "Do it: what is removed is gone.")
  var yes = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  struct Record: Encodable {
    var study: String
    var trials: Int
    var folder: String
  }

  func run() async throws {
    let choice = StudyChoice.naming(study, in: place)
    let found = try await choice.find()
    let count = try await found.store.summary(of: found.id).trials
    let folder = found.folders.path
    guard yes else {
      throw Complaint(
        "this would remove study `\(study)` with \(count) trials, and \(folder)",
        hint: "add --yes to do it", status: 64)
    }
    try await found.store.delete(found.id)
    let files = FileManager.default
    if files.fileExists(atPath: folder) {
      do { try files.removeItem(atPath: folder) } catch {
        throw Complaint("\(folder): it cannot be removed", hint: "remove it by hand")
      }
    }
    try Terminal.print(
      json
        ? JSONText.of(Record(study: study, trials: count, folder: folder))
        : "removed study \(study) with \(count) trials")
  }
}
