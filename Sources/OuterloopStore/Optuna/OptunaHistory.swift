internal import OuterloopStudy
internal import OuterloopText

/// Reconstructs a possible sequence of events that leads to the state of Optuna's trials.
struct OptunaHistory {
  private let specification: StudySpecification
  private let shift: Int
  private var happened: [(key: Double, event: Event)] = []
  private var count = 0
  /// When the latest trial was created: those after it were not created before.
  private var latest = -Double.infinity

  init(_ specification: StudySpecification, shift: Int) {
    self.specification = specification
    self.shift = shift
  }

  mutating func add(_ trial: OptunaTrial) {
    let space = specification.space
    let assignment = Assignment(
      space.names,
      values: space.parameters.map { parameter in
        trial.parameters[parameter.name].map { parameter.domain.canonical($0) ?? $0 }
      })
    let extras = trial.extras
    let attempts = extras.map(Self.attempts) ?? Self.attempts(trial)
    let created = extras?["created"]?.number ?? trial.start ?? trial.end ?? max(latest, 0)
    let through = extras?["through"]?.int ?? specification.epochs
    var key = max(latest, created)
    latest = key

    let number = count
    count += 1
    func append(_ kind: Event.Kind, _ time: Double, _ list: inout [(key: Double, event: Event)]) {
      key = max(key, time)
      list.append((key, Event(revision: 0, time: time, trial: number, kind)))
    }
    if let seen = extras?["seen"]?.int {
      append(.suggested(assignment, through: through, seen: seen), created, &happened)
    } else {
      append(.enqueued(assignment, through: through), created, &happened)
    }
    // A result that was told without an attempt.
    if attempts.isEmpty, let values = extras?["values"]?.array?.compactMap(\.number) {
      let ended = extras?["ended"]?.number ?? created
      append(.finished(attempt: 0, .complete(values)), ended, &happened)
    }
    for (index, attempt) in attempts.enumerated() {
      let fence = index + 1
      append(.claimed(attempt: fence, worker: attempt.worker), attempt.started, &happened)
      let end = attempt.ended ?? attempt.started
      if fence == attempts.count {
        for report in reports(trial) { append(.reported(attempt: fence, report), end, &happened) }
        if let epoch = extras?["checkpoint"]?.int, epoch > 0 {
          append(.checkpointed(attempt: fence, epoch: epoch), end, &happened)
        }
        if attempt.reason == .lost, extras?["state"]?.text == "complete" {
          // Its result came after its lease had expired.
          append(.finished(attempt: fence, .failed(.lost, message: nil)), end, &happened)
        }
        if let last = ending(trial, fence, attempt) {
          append(last, trial.extras?["ended"]?.number ?? end, &happened)
        }
      } else if let reason = attempt.reason {
        append(.released(attempt: fence, reason), end, &happened)
      } else {
        append(.paused(attempt: fence), end, &happened)
        append(.continued(through: through, seen: 0), end, &happened)
      }
    }
  }

  /// All events, numbered.
  func events() -> [Event] {
    happened.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
      .enumerated().map { place, item in
        var event = item.element.event
        event.revision = place + 1
        return event
      }
  }

  private static func attempts(_ trial: OptunaTrial) -> [Attempt] {
    guard trial.state != "WAITING" else { return [] }
    var attempt = Attempt(worker: "optuna", started: trial.start ?? trial.end ?? 0)
    attempt.ended = trial.end
    return [attempt]
  }

  private static func attempts(_ extras: JSON) -> [Attempt] {
    (extras["attempts"]?.array ?? []).map { item in
      var attempt = Attempt(
        worker: item["worker"]?.text ?? "", started: item["started"]?.number ?? 0)
      attempt.ended = item["ended"]?.number
      attempt.reason = item["reason"]?.text.flatMap(FailureReason.init(rawValue:))
      return attempt
    }
  }

  private func reports(_ trial: OptunaTrial) -> [Report] {
    if let kept = trial.extras?["reports"]?.array {
      return kept.map {
        Report(
          epoch: $0["epoch"]?.int ?? 1, $0["values"]?.numbers ?? [:], seconds: $0["seconds"]?.number
        )
      }
    }
    let metric = specification.objectives[0].metric
    var reports = trial.steps.map { Report(epoch: $0.step + shift, [metric: $0.value]) }
    guard !trial.constraints.isEmpty else { return reports }
    if reports.isEmpty { reports.append(Report(epoch: 1, [:])) }
    for (name, value) in trial.constraints {
      reports[reports.count - 1].values[OptunaNotes.metric(name)] = value
    }
    return reports
  }

  /// Whether a trial is unchanged since it was written with `extras`: Optuna may have run it since.
  func stillHolds(_ extras: JSON?, _ trial: OptunaTrial) -> Bool {
    guard let extras, let state = extras["state"]?.text else { return false }
    let values = extras["values"]?.array?.compactMap(\.number) ?? []
    let metric = specification.objectives[0].metric
    let steps = extras["reports"]?.array?.count { $0["values"]?[metric] != nil } ?? 0
    return OptunaSchema.state(state, values: values) == trial.state && steps == trial.steps.count
  }

  /// How the last attempt ended; nil if it is running.
  private func ending(_ trial: OptunaTrial, _ fence: Int, _ attempt: Attempt) -> Event.Kind? {
    let state = trial.extras?["state"]?.text ?? ""
    let values = trial.extras?["values"]?.array?.compactMap(\.number) ?? trial.values
    switch (state, trial.state) {
    case ("paused", _), ("waiting", _):
      return attempt.reason.map { .released(attempt: fence, $0) } ?? .paused(attempt: fence)
    case ("complete", _), ("", "COMPLETE"):
      guard values.count == specification.objectives.count else {
        return .finished(attempt: fence, .failed(.invalid, message: "it has no value"))
      }
      return .finished(attempt: fence, .complete(values))
    case (_, "PRUNED"): return .finished(attempt: fence, .pruned)
    case (_, "FAIL"):
      let reason = trial.extras?["reason"]?.text.flatMap(FailureReason.init(rawValue:)) ?? .error
      return .finished(attempt: fence, .failed(reason, message: trial.extras?["message"]?.text))
    default: return nil
    }
  }
}

/// What `OptunaWriter` stores along with a trial, checked key by key before it is used.
enum OptunaExtras {
  /// - Throws: `OptunaFormatError` naming the first key with a value that no export writes.
  static func checked(_ text: String, ofTrial number: Int) throws -> JSON {
    let place = "`trial_user_attributes`, key \(OptunaSchema.trialKey) (trial \(number))"
    func require(_ holds: Bool, _ what: String) throws {
      if !holds { throw OptunaFormatError(place, "\(what) is not what an export writes") }
    }
    guard let json = JSONReader.value(text), json.members != nil else {
      throw OptunaFormatError(place, "`value_json` is not an object of JSON")
    }
    for key in ["created", "ended"] { try require(json[key].isNumber, "`\(key)`") }
    for key in ["through", "checkpoint", "seen"] { try require(json[key].isWhole, "`\(key)`") }
    for key in ["message", "state"] { try require(json[key].isText, "`\(key)`") }
    try require(json["reason"].isReason, "`reason`")
    try require(
      json["values"].isNull || json["values"]?.array?.allSatisfy { $0.number != nil } == true,
      "`values`")
    for attempt in try list(json["attempts"], { try require($0, "`attempts`") }) {
      try require(
        attempt["worker"]?.text != nil && attempt["started"]?.number != nil
          && attempt["ended"].isNumber && attempt["reason"].isReason, "`attempts`")
    }
    for report in try list(json["reports"], { try require($0, "`reports`") }) {
      try require(
        report["epoch"]?.int != nil && report["values"]?.numbers != nil
          && report["seconds"].isNumber, "`reports`")
    }
    return json
  }

  private static func list(_ json: JSON?, _ require: (Bool) throws -> Void) throws -> [JSON] {
    guard !json.isNull else { return [] }
    try require(json?.array != nil)
    return json?.array ?? []
  }
}

extension JSON? {
  fileprivate var isNull: Bool { self == nil || self == .some(.null) }
  fileprivate var isNumber: Bool { isNull || self?.number != nil }
  fileprivate var isWhole: Bool { isNull || self?.int != nil }
  fileprivate var isText: Bool { isNull || self?.text != nil }
  fileprivate var isReason: Bool {
    isNull || self?.text.flatMap(FailureReason.init(rawValue:)) != nil
  }
}
