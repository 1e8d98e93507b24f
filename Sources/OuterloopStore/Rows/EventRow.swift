internal import OuterloopStudy
internal import OuterloopText

/// An event as a row of `events`: the numbers that many kinds share in columns of their own, the rest
/// in `body`.
struct EventRow {
  var kind: String
  var attempt: Int?
  /// The epoch reported, reached, or requested.
  var epoch: Int?
  var seen: Int?
  var body: String?

  init(_ event: Event.Kind, _ coder: AssignmentCoder) {
    switch event {
    case .suggested(let assignment, let through, let seen):
      kind = "suggested"
      (epoch, self.seen, body) = (through, seen, coder.text(assignment))
    case .enqueued(let assignment, let through):
      kind = "enqueued"
      (epoch, body) = (through, coder.text(assignment))
    case .continued(let through, let seen):
      kind = "continued"
      (epoch, self.seen) = (through, seen)
    case .claimed(let attempt, let worker):
      kind = "claimed"
      (self.attempt, body) = (attempt, worker)
    case .reported(let attempt, let report):
      kind = "reported"
      (self.attempt, epoch, body) = (attempt, report.epoch, Self.text(report))
    case .extended(let attempt, let report):
      kind = "extended"
      (self.attempt, epoch, body) = (attempt, report.epoch, Self.text(report))
    case .checkpointed(let attempt, let epoch):
      kind = "checkpointed"
      (self.attempt, self.epoch) = (attempt, epoch)
    case .supplemented(let attempt, let assignment):
      kind = "supplemented"
      (self.attempt, body) = (attempt, coder.text(assignment))
    case .paused(let attempt, let seconds):
      kind = "paused"
      (self.attempt, body) = (attempt, Self.text([], lasting: seconds))
    case .released(let attempt, let reason, let seconds):
      kind = "released"
      let member = JSON.Member(name: "reason", value: .text(reason.rawValue))
      (self.attempt, body) = (attempt, Self.text([member], lasting: seconds))
    case .finished(let attempt, let outcome, let seconds):
      self.attempt = attempt
      switch outcome {
      case .complete(let values):
        kind = "complete"
        let member = JSON.Member(name: "values", value: .array(values.map(JSON.float)))
        body = Self.text([member], lasting: seconds)
      case .pruned:
        kind = "pruned"
        body = Self.text([], lasting: seconds)
      case .failed(let reason, let message):
        kind = "failed"
        body = Self.text(
          [
            JSON.Member(name: "reason", value: .text(reason.rawValue)),
            JSON.Member(name: "message", value: .text(message)),
          ], lasting: seconds)
      }
    case .retried: kind = "retried"
    case .widened(let space):
      kind = "widened"
      body = StudyRecord.json(space).description
    case .hinted(let priors):
      kind = "hinted"
      body = JSON.array(priors.map(StudyRecord.json)).description
    case .chosen(let choice):
      kind = "chosen"
      body = choice
    case .stopped(let reason):
      kind = "stopped"
      body = reason
    case .reopened: kind = "reopened"
    case .suspended: kind = "suspended"
    case .resumed: kind = "resumed"
    case .budgeted(let budget):
      kind = "budgeted"
      body = StudyRecord.json(budget).description
    case .annotated(let trial, let text):
      kind = "annotated"
      body = JSON.object(["trial": .int(trial), "text": .text(text)]).description
    }
  }

  private static func text(_ report: Report) -> String {
    text([JSON.Member(name: "values", value: JSON(report.values))], lasting: report.seconds)
  }

  private static func text(_ members: [JSON.Member], lasting seconds: Double?) -> String {
    guard let seconds else { return JSON.object(members).description }
    return JSON.object(members + [JSON.Member(name: "seconds", value: .float(seconds))])
      .description
  }

  init(kind: String, attempt: Int?, epoch: Int?, seen: Int?, body: String?) {
    self.kind = kind
    self.attempt = attempt
    self.epoch = epoch
    self.seen = seen
    self.body = body
  }

  /// - Throws: `JSONReader.Failure` if the row is not a valid event.
  func event(_ coder: AssignmentCoder) throws -> Event.Kind {
    switch kind {
    case "suggested":
      return .suggested(
        try coder.assignment(need(body)), through: try need(epoch), seen: try need(seen))
    case "enqueued":
      return .enqueued(try coder.assignment(need(body)), through: try need(epoch))
    case "continued": return .continued(through: try need(epoch), seen: try need(seen))
    case "claimed": return .claimed(attempt: try need(attempt), worker: try need(body))
    case "reported": return .reported(attempt: try need(attempt), try report())
    case "extended": return .extended(attempt: try need(attempt), try report())
    case "checkpointed":
      return .checkpointed(attempt: try need(attempt), epoch: try need(epoch))
    case "supplemented":
      return .supplemented(attempt: try need(attempt), try coder.assignment(need(body)))
    case "paused", "released", "complete", "pruned", "failed": return try ending()
    case "retried": return .retried
    case "widened":
      return .widened(try StudyRecord.space(try need(JSONReader.value(need(body)))))
    case "hinted":
      return .hinted(try StudyRecord.priors(try need(JSONReader.value(need(body)))))
    case "chosen": return .chosen(try need(body))
    case "stopped": return .stopped(reason: try need(body))
    case "reopened": return .reopened
    case "suspended": return .suspended
    case "resumed": return .resumed
    case "budgeted": return .budgeted(StudyRecord.budget(try need(JSONReader.value(need(body)))))
    case "annotated":
      let json = try need(JSONReader.value(need(body)))
      return .annotated(trial: json["trial"]?.int, try need(json["text"]?.text))
    default: throw JSONReader.Failure()
    }
  }

  private func report() throws -> Report {
    let json = try need(JSONReader.value(need(body)))
    return Report(
      epoch: try need(epoch), try need(json["values"]?.numbers), seconds: json["seconds"]?.number)
  }

  /// The end of an attempt. The first schema had no seconds: its bodies are empty, a bare reason, or a
  /// bare list of values.
  private func ending() throws -> Event.Kind {
    let attempt = try need(attempt)
    let json = body.flatMap { JSONReader.value($0) }
    let seconds = json?["seconds"]?.number
    let reason = (json?["reason"]?.text ?? body).flatMap(FailureReason.init(rawValue:))
    switch kind {
    case "paused": return .paused(attempt: attempt, seconds: seconds)
    case "released": return .released(attempt: attempt, try need(reason), seconds: seconds)
    case "complete":
      let values = try need(json?["values"]?.array ?? json?.array).map { try need($0.number) }
      return .finished(attempt: attempt, .complete(values), seconds: seconds)
    case "pruned": return .finished(attempt: attempt, .pruned, seconds: seconds)
    default:
      let message = json?["message"]?.text
      return .finished(
        attempt: attempt, .failed(try need(reason), message: message), seconds: seconds)
    }
  }
}

extension EventRow {
  static let columns = "revision, time, trial, kind, attempt, epoch, seen, body"

  /// The event of a row with `columns`.
  ///
  /// - Throws: `JSONReader.Failure` if the row is not a valid event.
  static func event(_ row: some StoreRows, _ coder: AssignmentCoder) throws -> Event {
    let kind: String = row[3]
    return Event(
      revision: row[0], time: row[1], trial: row[2],
      try frequent(kind, row, coder)
        ?? EventRow(kind: kind, attempt: row[4], epoch: row[5], seen: row[6], body: row[7])
        .event(coder))
  }

  /// The kinds of events that logs mostly consist of, in the form in which they are written, read
  /// from the row's bytes in one pass. Nil: another kind, or another form.
  private static func frequent(
    _ kind: String, _ row: some StoreRows, _ coder: AssignmentCoder
  ) throws -> Event.Kind? {
    switch kind {
    case "suggested":
      return .suggested(
        try row.bytes(7) { try coder.assignment($0) }, through: try need(row[5]),
        seen: try need(row[6]))
    case "reported":
      guard let (values, seconds) = row.bytes(7, { written($0) { try $0.numbersByName() } })
      else { return nil }
      return .reported(
        attempt: try need(row[4]), Report(epoch: try need(row[5]), values, seconds: seconds))
    case "complete":
      guard let (values, seconds) = row.bytes(7, { written($0) { try $0.numbers() } })
      else { return nil }
      return .finished(attempt: try need(row[4]), .complete(values), seconds: seconds)
    default: return nil
    }
  }

  /// `{"values":V,"seconds":1.5}` or `{"values":V}`; nil for any other form.
  private static func written<Values>(
    _ bytes: UnsafeBufferPointer<UInt8>, _ values: (inout JSONReader) throws -> Values
  ) -> (Values, seconds: Double?)? {
    var reader = JSONReader(bytes)
    guard reader.take(text: "{\"values\":"), let found = try? values(&reader) else { return nil }
    var seconds: Double?
    if reader.take(text: ",\"seconds\":") {
      guard let number = try? reader.number() else { return nil }
      seconds = number
    }
    return reader.take(text: "}") && reader.isAtEnd ? (found, seconds) : nil
  }
}
