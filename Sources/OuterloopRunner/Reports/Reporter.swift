internal import OuterloopStudy
internal import OuterloopText

/// Turns an attempt's report lines into updates of the trial.
///
/// Lines about one epoch are joined, so that a program may print its metrics one by one; only what
/// is new in them is sent on, and lines that arrive together are sent on together: the cost of a
/// line does not depend on the size of its report.
///
/// A line without an epoch belongs to the last epoch reported. If there is none, it belongs to the
/// last epoch requested; if that is not the first, the line is held back until it is clear that no
/// epoch follows.
struct Reporter {
  private let request: TrialRequest
  private let sink: any ReportSink
  private let checkpoints: String
  private let kept: KeptCheckpoints
  private let log: TrialLog
  private let clock = SuspendingClock()
  private var lapse: SuspendingClock.Instant

  /// The reports of the last epochs, the latest at the end, to which further lines are merged.
  private var recent: [Report] = []
  private static let recentLimit = 16
  /// The highest epoch that was reported.
  private var highest = 0
  /// Whether a line has named its epoch.
  private var namesEpochs = false
  /// What lines without an epoch have reported before any line named one.
  private var held: Report?
  private var news: [TrialNews] = []
  /// The next update.
  private var pending: (report: Report, isNew: Bool)?

  private var notNumbers: [String: String] = [:]
  /// The line in which an objective was not finite, by objective.
  private var shown: [String: String] = [:]
  /// The keys in lines of JSON that were not reports.
  private var unrecognizedKeys: Set<String> = []
  private var nearMiss: NearMiss?

  init(_ trial: ProgramSetting.Prepared, to sink: any ReportSink) {
    request = trial.request
    self.sink = sink
    checkpoints = trial.checkpoint
    kept = trial.kept
    log = trial.log
    lapse = clock.now
  }

  /// Whether no value has been reported.
  var isSilent: Bool { recent.isEmpty && held == nil }

  /// Sends on what the lines report. False: the trial should stop.
  /// - Throws: `TrialFailure` for an epoch that is not a positive integer, after the lines before it
  ///   have been sent on.
  mutating func take(_ lines: [ReportLine]) async throws -> Bool {
    // If several have arrived meanwhile, the last is kept: the others may have been replaced, and at most one
    // checkpoint may be kept that the study does not know of (`KeptCheckpoints`).
    let saved = lines.lastIndex { $0.checkpoint.map { Files.exists(place(of: $0)) } ?? false }
    for (index, line) in lines.enumerated() {
      unrecognizedKeys.formUnion(line.unrecognizedKeys)
      if let miss = line.nearMiss, nearMiss.map({ !$0.isObject && miss.isObject }) ?? true {
        nearMiss = miss
      }
      if let bad = line.badEpoch {
        _ = try await forward()
        throw TrialFailure(.invalid, "it reported epoch \(bad), but epochs count from 1")
      }
      if !line.values.isEmpty || !line.notNumbers.isEmpty { add(line) }
      if let path = line.checkpoint { checkpoint(path, line.epoch, isLast: index == saved) }
    }
    return try await forward()
  }

  private mutating func forward() async throws -> Bool {
    flushPending()
    guard !news.isEmpty else { return true }
    defer { news.removeAll(keepingCapacity: true) }
    return try await sink.keep(news)
  }

  private mutating func flushPending() {
    if let pending {
      news.append(pending.isNew ? .reported(pending.report) : .extended(pending.report))
    }
    pending = nil
  }

  private mutating func add(_ line: ReportLine) {
    guard let epoch = line.epoch ?? (namesEpochs ? recent.last?.epoch : nil) else {
      return addWithoutEpoch(line)
    }
    if line.epoch != nil { flushHeld(before: epoch) }
    let isCurrent = recent.last?.epoch == epoch
    remember(line, isCurrent: isCurrent)
    // The last line of a program may state the total time: epochs have their own seconds.
    let seconds = line.epoch == nil && namesEpochs ? nil : line.seconds
    namesEpochs = namesEpochs || line.epoch != nil
    join(Report(epoch: epoch, line.values, seconds: seconds))
  }

  private mutating func addWithoutEpoch(_ line: ReportLine) {
    remember(line, isCurrent: true)
    var report = Report(epoch: request.through, line.values, seconds: line.seconds)
    if request.through <= 1 { return join(report) }
    if held == nil {
      report.seconds = report.seconds ?? secondsSinceLastLine()
      held = report
    } else {
      held?.extend(by: report)
    }
  }

  /// What was held back belongs to the epoch that is named now, or to none.
  private mutating func flushHeld(before epoch: Int) {
    guard let report = held else { return }
    held = nil
    guard report.epoch != epoch else { return join(report) }
    log.note(
      "a report without \"epoch\" came before epoch \(epoch) and is left out: say which epoch it is of"
    )
  }

  /// Merges a report into the one of its epoch.
  private mutating func join(_ report: Report) {
    let now = secondsSinceLastLine()
    highest = max(highest, report.epoch)
    if let last = recent.indices.last, recent[last].epoch == report.epoch {
      var more = report
      if more.seconds == recent[last].seconds { more.seconds = nil }
      recent[last].extend(by: more)
      if pending == nil {
        pending = (more, isNew: false)
      } else {
        pending?.report.extend(by: more)
      }
      return
    }
    flushPending()
    var whole = report
    if let place = recent.lastIndex(where: { $0.epoch == report.epoch }) {
      whole = recent.remove(at: place)
      whole.extend(by: report)
    } else if whole.seconds == nil {
      whole.seconds = now
    }
    pending = (whole, isNew: true)
    recent.append(whole)
    if recent.count > Self.recentLimit { recent.removeFirst() }
  }

  /// Seconds since the last line.
  private mutating func secondsSinceLastLine() -> Double {
    let now = clock.now
    defer { lapse = now }
    return lapse.duration(to: now) / .seconds(1)
  }

  private mutating func remember(_ line: ReportLine, isCurrent: Bool) {
    if !isCurrent { (notNumbers, shown) = ([:], [:]) }
    for (name, value) in line.values {
      notNumbers[name] = nil
      shown[name] = value.isFinite ? nil : line.shown
    }
    notNumbers.merge(line.notNumbers) { $1 }
  }

  private func place(of path: String) -> String {
    path.hasPrefix("/") ? path : checkpoints + (path.isEmpty ? "" : "/\(path)")
  }

  private mutating func checkpoint(_ path: String, _ epoch: Int?, isLast: Bool) {
    guard let epoch = epoch ?? recent.last?.epoch ?? held?.epoch else {
      return log.note("a checkpoint without \"epoch\" is ignored: say which epoch it is of")
    }
    guard Files.exists(place(of: path)) else {
      return log.note("the checkpoint \(path) of epoch \(epoch) is ignored: there is no such file")
    }
    guard isLast else { return }
    flushPending()
    kept.keep(place(of: path), epoch: epoch)
    news.append(.checkpointed(epoch: epoch))
  }

  /// No more lines will come: what was held back is a report.
  mutating func close() async throws {
    guard let report = held else { return }
    held = nil
    join(report)
    _ = try await forward()
  }

  /// The work is done: checks that what was reported is a result.
  /// - Throws: `TrialFailure` for a missing report, or a value that is not a number.
  mutating func finish(objectives: [Objective]) async throws {
    try await close()
    guard let last = recent.last else {
      guard request.from < request.through else { return }
      throw nothing(objectives)
    }
    if highest <= request.from, request.from < request.through {
      let way = "it reported no epoch after the one that it was to continue from"
      throw TrialFailure(
        .invalid, "\(way), \(request.from): epochs count from the first one of the trial", way: way)
    }
    for objective in objectives {
      let name = objective.metric
      if let text = notNumbers[name] {
        let isQuoted = text.hasPrefix("\"") && Double(text.dropFirst().dropLast()) != nil
        throw TrialFailure(
          .invalid,
          "`\(name)` is \(text), not a number"
            + (isQuoted ? "; print it without quotation marks" : ""),
          way: "`\(name)` is not a number")
      }
      guard let value = last.values[name] else { throw missing(name, last) }
      if !value.isFinite {
        throw TrialFailure(
          .invalid, "`\(name)` is \(value)" + (shown[name].map { " in \($0)" } ?? ""),
          way: "`\(name)` is \(value)")
      }
    }
  }

  private func missing(_ name: String, _ last: Report) -> TrialFailure {
    let all = last.values.keys.sorted()
    let names = all.prefix(ReportLine.unrecognizedLimit)
    var text = "its last report has no `\(name)`"
    if !names.isEmpty { text += ", only \(names.joined(separator: ", "))" }
    if let nearMiss, nearMiss.isObject {
      text += "; \(nearMiss.text)"
    } else if let near = Spelling.nearest(to: name, among: all) {
      text += "; did you mean the metric `\(near)`?"
    }
    return TrialFailure(.invalid, text, way: "its last report has no `\(name)`")
  }

  /// The failure of a program that reported nothing.
  private func nothing(_ objectives: [Objective]) -> TrialFailure {
    let example = objectives.map { "\($0.metric.jsonString): 0.5" }.joined(separator: ", ")
    let line = "print a line such as {\(example)}"
    if let nearMiss, nearMiss.isObject || unrecognizedKeys.isEmpty {
      return TrialFailure(
        .invalid, "it ended well but reported nothing: \(nearMiss.text)",
        way: "no report: \(nearMiss.fault)")
    }
    guard !unrecognizedKeys.isEmpty else {
      return TrialFailure(.invalid, "it ended well but reported nothing; \(line)")
    }
    let names = unrecognizedKeys.sorted()
    let missing = objectives.map { "`\($0.metric)`" }.joined(separator: " or ")
    let near = objectives.lazy.compactMap { Spelling.nearest(to: $0.metric, among: names) }.first
    return TrialFailure(
      .invalid,
      "it ended well but its JSON lines have "
        + "\(names.prefix(ReportLine.unrecognizedLimit).joined(separator: ", ")); no \(missing); "
        + (near.map { "did you mean the metric `\($0)`?" } ?? line))
  }
}
