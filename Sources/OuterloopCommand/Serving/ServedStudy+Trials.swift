internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

// Operations on trials: ask, report, tell.
extension ServedStudy {
  static let trialOperations: [String: Operation] = [
    "ask": Operation(fields: ["slot"]) { try await $0.ask(slot: try $1.int("slot") ?? 0) },
    "suggest": Operation(fields: ["trial", "name", "domain"]) { study, request in
      try await study.suggest(
        request.neededInt("trial"), request.neededText("name"), request.needed("domain"))
    },
    "report": Operation(fields: ["trial", "epoch", "values", "gradient", "seconds"]) {
      study, request in
      let report = Report(
        epoch: try request.neededInt("epoch"), try request.neededNumbers("values"),
        gradient: try request.numbers("gradient") ?? [:], seconds: try request.number("seconds"))
      return try await study.report(report, of: request.neededInt("trial"))
    },
    "checkpoint": Operation(fields: ["trial", "epoch", "path"]) { study, request in
      try await study.checkpointed(
        epoch: request.neededInt("epoch"), of: request.neededInt("trial"),
        at: request.text("path"))
    },
    "renew": Operation(fields: []) { study, _ in
      .object(["held": .array(await study.renew().map(JSON.int))])
    },
    "tell": Operation(fields: [
      "trial", "values", "gradient", "seconds", "keepsCheckpoint", "failed", "message", "pruned",
      "released",
    ]) { study, request in try await study.tell(request.neededInt("trial"), request) },
  ]

  // MARK: Asking

  private func ask(slot: Int) async throws -> JSON {
    let claimant = Claimant(worker: "\(WorkerName.own).\(max(slot, 0))", lease: lease)
    switch try await source.next(for: claimant) {
    case .trial(let claim): return .object(["trial": hold(claim, slot: slot)])
    case .wait:
      try await releaseLost()
      return .object(["wait": .bool(true)])
    case .finished(.budget): return .object(["ending": .text("budget")])
    case .finished(.exhausted): return .object(["ending": .text("exhausted")])
    case .finished(.rule(let reason)):
      return .object(["ending": .text("rule"), "reason": .text(reason)])
    }
  }

  private func hold(_ claim: Claim, slot: Int) -> JSON {
    var request = TrialRequest(claim, of: specification, slot: slot)
    let files =
      isInMemory
      ? nil : TrialCheckpoints(request, in: found.folders, at: checkpointFolder(of: request.trial))
    if let files {
      request.from = files.usable(through: request.from) {
        Terminal.say("trial \(request.trial): \($0.visible)")
      }
    }
    held[request.trial] = Held(
      claim: claim, assignment: request.assignment, last: claim.trial.lastReport, files: files)
    return .object([
      "number": .int(request.trial), "attempt": .int(request.attempt),
      "params": Self.json(request.assignment), "fromEpoch": .int(request.from),
      "toEpoch": .int(request.through), "seed": .int(Int(request.seed)), "slot": .int(slot),
      "checkpoint": .text(checkpointFolder(of: request.trial)),
    ])
  }

  /// Where a trial keeps its checkpoints; nil: a study in memory has no place for them.
  func checkpointFolder(of number: Int) -> String? {
    if let checkpoints { return "\(checkpoints)/\(number)" }
    return isInMemory ? nil : found.folders.checkpoint(ofTrial: number)
  }

  // MARK: Parameters that the running trial defines

  /// The value of a parameter, by the domain that the trial names: the one that its configuration has, if it lies
  /// in that domain; otherwise a random one. The space is extended by what it lacks.
  private func suggest(_ number: Int, _ name: String, _ domain: JSON) async throws -> JSON {
    var trial = try holding(number)
    let declaration = try Self.declaration(name, domain)
    if let value = trial.assignment[name], let own = declaration.domain.canonical(value) {
      if specification.isGrowing { try await grow(by: declaration) }
      return .object(["value": JSON(own)])
    }
    guard specification.isGrowing else {
      throw CommandError(
        trial.assignment[name].map { "`\(name)` is \($0), which is not in \(declaration.domain)" }
          ?? "the space of study `\(found.name)` has no value for `\(name)` in trial \(number)",
        hint: "declare it in the space, or begin a study without a space", status: 64)
    }
    try await grow(by: declaration)
    let value =
      try requestedValue(name, for: number, in: declaration.domain)
      ?? specification.value(of: name, in: declaration.domain, asTrial: number, by: .random)
    trial.assignment = try specification.space.supplementing(trial.assignment, name, value)
    let kind = Event.Kind.supplemented(attempt: trial.claim.attempt, trial.assignment)
    guard try await store.append([kind], to: number, of: found.id) == .accepted else {
      held[number] = nil
      throw CommandError(
        "trial \(number) is no longer yours: its lease has expired, or it has ended",
        hint: "ask for another")
    }
    held[number] = trial
    return .object(["value": JSON(value)])
  }

  private func grow(by declaration: ParameterDeclaration) async throws {
    do { _ = try await store.grow(found.id, by: declaration) } catch let error as SpaceError {
      throw CommandError(error.statement, hint: error.remedy, status: 64)
    }
    try await refresh()
  }

  private static func declaration(_ name: String, _ domain: JSON) throws -> ParameterDeclaration {
    try CommandError.usage {
      if let text = domain.text { return try ParameterDeclaration(parsing: "\(name)=\(text)") }
      var fields = ParameterFields(type: domain["type"]?.text ?? "")
      fields.low = domain["low"]?.number
      fields.high = domain["high"]?.number
      fields.log = domain["log"]?.bool
      fields.step = domain["step"]?.number
      fields.choices = domain["choices"]?.array?.compactMap(\.parameterValue)
      return ParameterDeclaration(name, try naming("parameter `\(name)`") { try fields.domain() })
    }
  }

  // MARK: Telling

  /// Whether the training continues: as in `StudyDriver`, up to the epoch requested, unless the scheduler
  /// stops it.
  private func report(_ report: Report, of number: Int) async throws -> JSON {
    guard report.epoch >= 1 else {
      throw CommandError(
        "epoch \(report.epoch) is below 1", hint: "count epochs from 1", status: 64)
    }
    guard var trial = held[number] else { return Self.stop("lost") }
    let kind = Event.Kind.reported(attempt: trial.claim.attempt, report)
    guard try await store.append([kind], to: number, of: found.id) == .accepted else {
      held[number] = nil
      return Self.stop("lost")
    }
    trial.last = report
    let epochs = specification.epochs
    guard epochs > 1, trial.verdict == .goOn else {
      held[number] = trial
      return trial.verdict == .goOn ? .object(["goesOn": .bool(true)]) : Self.stop("scheduler")
    }
    if report.epoch < epochs { trial.verdict = try await source.verdict(on: number) }
    // Leases may have been renewed, or lost, meanwhile.
    if held[number] != nil { held[number] = trial }
    if trial.verdict != .goOn { return Self.stop("scheduler") }
    return report.epoch > trial.claim.trial.through
      ? Self.stop("rest") : .object(["goesOn": .bool(true)])
  }

  private static func stop(_ reason: String) -> JSON {
    .object(["goesOn": .bool(false), "reason": .text(reason)])
  }

  /// A checkpoint after `epoch` is on disk: at `path`, or anywhere in the trial's folder. It is recorded before it
  /// is added to the study, so that every checkpoint in the study can be verified.
  private func checkpointed(epoch: Int, of number: Int, at path: String?) async throws -> JSON {
    guard epoch >= 1 else {
      throw CommandError("epoch \(epoch) is below 1", hint: "count epochs from 1", status: 64)
    }
    guard let trial = held[number] else { return Self.stop("lost") }
    let isThere = held[number]?.files?.keep(path, epoch: epoch) ?? true
    if let path, !isThere {
      throw CommandError(
        "the checkpoint \(path.visible) of epoch \(epoch) is not there",
        hint: "announce it when it is written; names are of the folder \(trial.files?.path ?? "")",
        status: 64)
    }
    let kind = Event.Kind.checkpointed(attempt: trial.claim.attempt, epoch: epoch)
    let answer = try await store.append([kind], to: number, of: found.id)
    return answer == .accepted ? .object(["goesOn": .bool(true)]) : Self.stop("lost")
  }

  private func tell(_ number: Int, _ request: ServeRequest) async throws -> JSON {
    let trial = try holding(number)
    let kinds = try ending(of: trial, request)
    var answer = try await store.append(kinds, to: number, of: found.id)
    // A late result is accepted where its report no longer is.
    if answer != .accepted, let last = kinds.last {
      answer = try await store.append([last], to: number, of: found.id)
    }
    held[number] = nil
    guard answer == .accepted, let last = kinds.last else {
      return .object(["state": .text("refused")])
    }
    return Self.json(last)
  }

  /// The end of a trial in a request, as events.
  private func ending(of trial: Held, _ request: ServeRequest) throws -> [Event.Kind] {
    let attempt = trial.claim.attempt
    let seconds = try request.number("seconds") ?? trial.seconds
    if try request.flag("released") {
      return [.released(attempt: attempt, .cancelled, seconds: seconds)]
    }
    if try request.flag("pruned") {
      return [.finished(attempt: attempt, .pruned, seconds: seconds)]
    }
    if let word = try request.text("failed") {
      guard let reason = FailureReason(rawValue: word) else {
        throw CommandError(
          "`\(word)` is not a reason",
          hint: Spelling.remedy(
            for: word, among: FailureReason.allCases.map(\.rawValue), called: "reasons"), status: 64
        )
      }
      if reason == .error, trial.claim.trial.attempts(endedBy: .error) < specification.retries {
        return [.released(attempt: attempt, .error, seconds: seconds)]
      }
      let outcome = Outcome.failed(reason, message: try request.text("message"))
      return [.finished(attempt: attempt, outcome, seconds: seconds)]
    }
    let values = try request.numbers("values") ?? [:]
    var last = trial.last
    var kinds: [Event.Kind] = []
    if !values.isEmpty {
      let more = Report(
        epoch: last?.epoch ?? trial.claim.trial.through, values,
        gradient: try request.numbers("gradient") ?? [:], seconds: last?.seconds ?? seconds)
      var whole = last ?? more
      whole.values.merge(more.values) { $1 }
      kinds.append(.reported(attempt: attempt, whole))
      last = whole
    }
    if try request.flag("keepsCheckpoint"), let last {
      _ = held[trial.claim.trial.number]?.files?.keep(nil, epoch: last.epoch)
      kinds.append(.checkpointed(attempt: attempt, epoch: last.epoch))
    }
    return kinds + [
      trial.claim.trial.end(
        of: attempt, with: last, in: specification, seconds: seconds, after: trial.verdict)
    ]
  }

  /// How a trial ended, or that it will run again.
  private static func json(_ kind: Event.Kind) -> JSON {
    switch kind {
    case .finished(_, .complete(let values), _):
      .object(["state": .text("complete"), "values": .array(values.map(JSON.float))])
    case .finished(_, .pruned, _): .object(["state": .text("pruned")])
    case .finished(_, .failed(let reason, let message), _):
      .object([
        "state": .text("failed"), "reason": .text(reason.rawValue), "message": .text(message),
      ])
    case .paused: .object(["state": .text("paused")])
    default: .object(["state": .text("waiting")])
    }
  }
}
