internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// The details of one trial: values, parameters, reports, attempts, error message, the end of its
/// log.
struct TrialPage: Encodable {
  private let trial: Trial
  private let specification: StudySpecification
  private let isStale: Bool
  private let log: LogFile?
  private let logEnd: String?

  /// How much of the log and of the reports is shown.
  private static let lines = 10

  /// - Throws: `CommandError` if there is no such trial.
  init(_ number: Int, of found: StudyChoice.Found) async throws {
    trial = try await found.trial(number)
    specification = found.specification
    isStale = try await StaleTrials.of(found).contains(number)
    log = LogFile(found.folders.log(ofTrial: number))
    logEnd = try log?.end(lines: Self.lines)
  }

  // MARK: As text

  var text: String {
    var parts = [head]
    parts.append(section("values", TextTable.pairs(values)))
    parts.append(
      section("parameters", StudyResult.lines(trial.assignment.active).map { $0.dropFirst(2) }))
    if trial.reports.count > 1 { parts.append(section(reportsTitle, reports)) }
    parts.append(section("attempts", attempts))
    if let log {
      let end = logEnd.map { $0.split(separator: "\n", omittingEmptySubsequences: false) } ?? []
      parts.append(section("log \(log.path.visible)", end.map { String($0).visibleLines[...] }))
    }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var head: String {
    var state = isStale ? "stale" : trial.state.name
    if let reason = trial.state.reason { state += " (\(reason.rawValue))" }
    let epochs =
      specification.epochs > 1 || trial.through > 1
      ? "  epoch \(trial.epoch) of \(trial.through)" : ""
    let message = trial.message.map { "\n" + $0.visibleLines } ?? ""
    return "trial \(trial.number)  \(state)\(epochs)\(message)"
  }

  private func section(_ title: String, _ lines: [Substring]) -> String {
    guard !lines.isEmpty else { return "" }
    return ([title] + lines.map { $0.isEmpty ? "" : "  \($0)" }).joined(separator: "\n")
  }

  /// Objectives first.
  private var metrics: [String] {
    let objectives = specification.objectives.map(\.metric)
    let reported = Set(trial.reports.flatMap(\.values.keys)).subtracting(objectives)
    return objectives + reported.sorted()
  }

  private var values: [(String, String)] {
    metrics.enumerated().compactMap { place, metric in
      let objective = place < specification.objectives.count ? place : nil
      return trial.value(of: metric, objective: objective).map { (metric, "\($0)") }
    }
  }

  private var reportsTitle: String {
    trial.reports.count > Self.lines
      ? "reports (the last \(Self.lines) of \(trial.reports.count))" : "reports"
  }

  private var reports: [Substring] {
    var table = TextTable(["epoch"] + metrics + ["seconds"])
    for report in trial.reports.suffix(Self.lines) {
      table.add(
        ["\(report.epoch)"] + metrics.map { report.values[$0].map(NumberText.short) ?? "" }
          + [report.seconds.map(NumberText.short) ?? ""])
    }
    return table.text.split(separator: "\n")
  }

  private var attempts: [Substring] {
    guard !trial.attempts.isEmpty else { return [] }
    var table = TextTable(["attempt", "worker", "began", "time", "ended"])
    for (index, attempt) in trial.attempts.enumerated() {
      let seconds = attempt.ended.map { max(0, $0 - attempt.started) }
      table.add([
        "\(index + 1)", attempt.worker, ClockText.of(attempt.started),
        seconds.map(Progress.lapse) ?? "", ending(index),
      ])
    }
    return table.text.split(separator: "\n")
  }

  private func ending(_ index: Int) -> String {
    let attempt = trial.attempts[index]
    if let reason = attempt.reason { return reason.rawValue }
    guard index == trial.attempts.count - 1 else { return "paused" }
    return isStale ? "stale" : trial.state.name
  }

  // MARK: As JSON

  private enum Key: CodingKey { case log, logEnd }

  func encode(to encoder: any Encoder) throws {
    try TrialRecord(trial, specification, isWhole: true, isStale: isStale).encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(log?.path, forKey: .log)
    try container.encode(logEnd, forKey: .logEnd)
  }
}

extension StudyChoice.Found {
  /// A trial with all its details.
  /// - Throws: `CommandError` if there is no trial of this number.
  func trial(_ number: Int) async throws -> Trial {
    let listed = try await store.trials(of: id, matching: TrialQuery(from: number, limit: 1))
    guard let trial = listed.first, trial.number == number else {
      throw CommandError(
        "study `\(name)` has no trial \(number)", hint: "see outerloop trials\(place.naming(name))")
    }
    return trial
  }
}
