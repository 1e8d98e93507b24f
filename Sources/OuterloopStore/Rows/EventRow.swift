internal import GRDB
internal import OuterloopStudy

/// An event as a row of `events`: the numbers that many kinds share in columns of their own, the rest
/// in `body`.
struct EventRow {
  var kind: String
  var attempt: Int?
  /// The epoch reported, reached, or to be reached.
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
      (self.attempt, epoch) = (attempt, report.epoch)
      var json = [JSON.Member(name: "values", value: JSON(report.values))]
      if let seconds = report.seconds {
        json.append(JSON.Member(name: "seconds", value: .float(seconds)))
      }
      body = JSON.object(json).description
    case .checkpointed(let attempt, let epoch):
      kind = "checkpointed"
      (self.attempt, self.epoch) = (attempt, epoch)
    case .paused(let attempt):
      kind = "paused"
      self.attempt = attempt
    case .released(let attempt, let reason):
      kind = "released"
      (self.attempt, body) = (attempt, reason.rawValue)
    case .finished(let attempt, let outcome):
      self.attempt = attempt
      switch outcome {
      case .complete(let values):
        kind = "complete"
        body = JSON.array(values.map(JSON.float)).description
      case .pruned: kind = "pruned"
      case .failed(let reason, let message):
        kind = "failed"
        body =
          JSON.object([
            "reason": .text(reason.rawValue), "message": .text(message),
          ]).description
      }
    }
  }

  init(kind: String, attempt: Int?, epoch: Int?, seen: Int?, body: String?) {
    self.kind = kind
    self.attempt = attempt
    self.epoch = epoch
    self.seen = seen
    self.body = body
  }

  /// - Throws: `JSONReader.Failure` if the row makes no event.
  func event(_ coder: AssignmentCoder) throws -> Event.Kind {
    switch kind {
    case "suggested":
      return .suggested(
        try coder.assignment(need(body)), through: try need(epoch), seen: try need(seen))
    case "enqueued":
      return .enqueued(try coder.assignment(need(body)), through: try need(epoch))
    case "continued": return .continued(through: try need(epoch), seen: try need(seen))
    case "claimed": return .claimed(attempt: try need(attempt), worker: try need(body))
    case "reported":
      let json = try need(JSONReader.value(need(body)))
      return .reported(
        attempt: try need(attempt),
        Report(
          epoch: try need(epoch), try need(json["values"]?.numbers),
          seconds: json["seconds"]?.number
        ))
    case "checkpointed":
      return .checkpointed(attempt: try need(attempt), epoch: try need(epoch))
    case "paused": return .paused(attempt: try need(attempt))
    case "released":
      return .released(attempt: try need(attempt), try need(FailureReason(rawValue: need(body))))
    case "complete":
      let values = try need(JSONReader.value(need(body))?.array).map { try need($0.number) }
      return .finished(attempt: try need(attempt), .complete(values))
    case "pruned": return .finished(attempt: try need(attempt), .pruned)
    case "failed":
      let json = try need(JSONReader.value(need(body)))
      let reason = try need(json["reason"]?.text.flatMap(FailureReason.init(rawValue:)))
      return .finished(
        attempt: try need(attempt), .failed(reason, message: json["message"]?.text))
    default: throw JSONReader.Failure()
    }
  }
}

/// What must be there in a sound file.
func need<T>(_ value: T?) throws -> T {
  guard let value else { throw JSONReader.Failure() }
  return value
}

extension EventRow {
  static let columns = "revision, time, trial, kind, attempt, epoch, seen, body"

  /// The event of a row with `columns`.
  static func event(_ row: Columns, _ coder: AssignmentCoder) throws -> Event {
    let columns = EventRow(kind: row[3], attempt: row[4], epoch: row[5], seen: row[6], body: row[7])
    return Event(revision: row[0], time: row[1], trial: row[2], try columns.event(coder))
  }
}
