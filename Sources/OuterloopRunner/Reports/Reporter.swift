internal import OuterloopStudy

/// Turns an attempt's report lines into reports.
///
/// Lines about one epoch are joined, so that a program may print its metrics one by one. A line
/// without an epoch is about the last epoch that was asked for.
struct Reporter {
  private let request: TrialRequest
  private let sink: any ReportSink
  private let checkpoints: String
  private let log: TrialLog
  private let clock = ContinuousClock()
  private var lapse: ContinuousClock.Instant
  private var last: Report?
  private var notNumbers: [String: String] = [:]
  /// The names in lines of JSON that were no reports.
  private var strangers: Set<String> = []

  init(_ request: TrialRequest, to sink: any ReportSink, checkpoints: String, log: TrialLog) {
    self.request = request
    self.sink = sink
    self.checkpoints = checkpoints
    self.log = log
    lapse = clock.now
  }

  /// Whether no value has been reported.
  var isSilent: Bool { last == nil }

  /// Hands on what a line says. False: the trial is to stop.
  /// - Throws: `TrialFailure` for an epoch that is not a number from 1.
  mutating func take(_ line: ReportLine) async throws -> Bool {
    strangers.formUnion(line.strangers)
    if let bad = line.badEpoch {
      throw TrialFailure(.invalid, "it reported epoch \(bad), but epochs count from 1")
    }
    if !line.values.isEmpty || !line.notNumbers.isEmpty {
      guard try await report(line) else { return false }
    }
    if let path = line.checkpoint { try await checkpoint(path, line.epoch) }
    return true
  }

  private mutating func report(_ line: ReportLine) async throws -> Bool {
    let epoch = line.epoch ?? request.through
    var report = Report(epoch: epoch, line.values, seconds: line.seconds)
    if let last, last.epoch == epoch {
      report.values = last.values.merging(line.values) { $1 }
      report.seconds = line.seconds ?? last.seconds
    } else {
      notNumbers = [:]
    }
    for name in line.values.keys { notNumbers[name] = nil }
    notNumbers.merge(line.notNumbers) { $1 }
    let now = clock.now
    if report.seconds == nil { report.seconds = lapse.duration(to: now) / .seconds(1) }
    lapse = now
    last = report
    return try await sink.report(report)
  }

  private func checkpoint(_ path: String, _ epoch: Int?) async throws {
    guard let epoch = epoch ?? last?.epoch else {
      return log.note("a checkpoint without \"epoch\" is ignored: say which epoch it is of")
    }
    let place = path.hasPrefix("/") ? path : "\(checkpoints)/\(path)"
    guard Files.exists(place) else {
      return log.note("the checkpoint \(path) of epoch \(epoch) is ignored: there is no such file")
    }
    try await sink.checkpointed(epoch: epoch)
  }

  /// The work is done: what was reported must be a result.
  /// - Throws: `TrialFailure` for a missing report, or a value that is not a number.
  func finish(objectives: [Objective]) throws {
    guard let last else {
      guard request.from < request.through else { return }
      let example = objectives.map { "\"\($0.metric)\": 0.5" }.joined(separator: ", ")
      throw TrialFailure(
        .invalid, "it ended well but \(said(objectives)); print a line such as {\(example)}")
    }
    for objective in objectives {
      if let text = notNumbers[objective.metric] {
        let isQuoted = text.hasPrefix("\"") && Double(text.dropFirst().dropLast()) != nil
        throw TrialFailure(
          .invalid,
          "`\(objective.metric)` is \(text), not a number"
            + (isQuoted ? "; print it without quotation marks" : ""))
      }
      if last.values[objective.metric] == nil {
        let names = last.values.keys.sorted().prefix(ReportLine.strangersLimit)
        let others = names.isEmpty ? "" : ", only \(names.joined(separator: ", "))"
        throw TrialFailure(.invalid, "its last report has no `\(objective.metric)`\(others)")
      }
    }
  }

  /// What a program without report did say.
  private func said(_ objectives: [Objective]) -> String {
    guard !strangers.isEmpty else { return "reported nothing" }
    let names = strangers.sorted().prefix(ReportLine.strangersLimit).joined(separator: ", ")
    let missing = objectives.map { "`\($0.metric)`" }.joined(separator: " or ")
    return "its JSON lines have \(names); no \(missing)"
  }
}
