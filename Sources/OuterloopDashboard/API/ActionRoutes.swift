internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

// Requests that change a study. Each corresponds to a command, and is accepted or refused by the
// store.
extension Dashboard {
  var actionRoutes: [Route] {
    let place = "\(Self.root)/studies/{study}"
    return [
      Route(
        "POST", "\(place)/trials", "Add a configuration to be tried next",
        body: .body(["params": .object(["type": .text("object")])], required: ["params"])
      ) { request, arguments in
        try await enqueue(request.object(), in: study(arguments))
      },
      Route(
        "POST", "\(place)/stop", "Start no new trial", body: .body(["reason": Self.text])
      ) { request, arguments in
        let reason = try request.object()["reason"] ?? .text("ended manually")
        guard let text = reason.text else {
          throw RequestError(.badRequest, "`reason` is no text", "send one, or leave it out")
        }
        return try await note(.stopped(reason: text), in: study(arguments))
      },
      Route("POST", "\(place)/reopen", "Allow new trials again", body: .body([:])) {
        request, arguments in
        _ = try request.object()
        return try await note(.reopened, in: study(arguments))
      },
      Route("POST", "\(place)/pause", "Start no trial until the study is resumed", body: .body([:]))
      {
        request, arguments in
        _ = try request.object()
        return try await suspend(true, study(arguments))
      },
      Route("POST", "\(place)/resume", "Resume after a pause", body: .body([:])) {
        request, arguments in
        _ = try request.object()
        return try await suspend(false, study(arguments))
      },
      Route("POST", "\(place)/budget", "Change the budget", body: Self.budget) {
        request, arguments in
        try await setBudget(request.object(), of: study(arguments))
      },
      Route("PUT", "\(place)/notes", "Replace the notes on a study", body: Self.notes) {
        request, arguments in
        try await setNotes(request.object(), on: nil, of: study(arguments))
      },
      Route("POST", "\(place)/trials/{trial}/retry", "Run a failed trial again", body: .body([:])) {
        let (object, study) = (try $0.object(), try await study($1))
        _ = object
        return try await append([.retried], to: try await trial($1, of: study), of: study)
      },
      Route(
        "POST", "\(place)/trials/{trial}/stop", "End a waiting, running or paused trial",
        body: .body([:])
      ) {
        let (object, study) = (try $0.object(), try await study($1))
        _ = object
        return try await stop(try await trial($1, of: study), of: study)
      },
      Route(
        "PUT", "\(place)/trials/{trial}/notes", "Replace the notes on a trial", body: Self.notes
      ) {
        let (object, study) = (try $0.object(), try await study($1))
        return try await setNotes(object, on: try await trial($1, of: study).number, of: study)
      },
    ]
  }

  private static let text = JSON.object(["type": .text("string")])
  private static let notes = JSON.body(["text": text], required: ["text"])
  private static let budget: JSON = {
    let whole = JSON.object([
      "type": .array([.text("integer"), .text("null")]), "minimum": .int(0),
    ])
    let seconds = JSON.object([
      "type": .array([.text("number"), .text("null")]), "minimum": .int(0),
    ])
    let parts: KeyValuePairs<String, JSON> = [
      "trials": whole, "epochs": whole, "seconds": seconds,
    ]
    return .object([
      "type": .text("object"), "properties": .object(parts),
      "anyOf": .array(parts.map { .object(["required": .array([.text($0.key)])]) }),
    ])
  }()

  private static let done = Response.json(.object([:] as KeyValuePairs<String, JSON>))

  private func enqueue(_ object: JSON, in study: FollowedStudy) async throws -> Response {
    guard let members = object["params"]?.members else {
      throw RequestError(
        .badRequest, "the body has no object `params`", "send {\"params\": {\"lr\": 0.01}}")
    }
    var values: [String: ParameterValue] = [:]
    for member in members {
      guard let value = member.value.parameterValue else {
        throw RequestError(
          .badRequest,
          "the value of `\(member.name)` is neither a number, a text nor true or false",
          "send one of these")
      }
      values[member.name] = value
    }
    let specification = await study.specification
    let method = try SearchMethod.named(specification.method)
    let assignment: Assignment
    do {
      assignment = try specification.configuration(
        with: values, asTrial: await study.history.trials.count, by: method)
    } catch let error as StudyError {
      throw RequestError(.badRequest, error.what, error.remedy)
    }
    let store = try environment.openForWriting()
    let kind = Event.Kind.enqueued(assignment, through: specification.epochs)
    guard let claim = try await store.add(kind, asTrial: nil, to: study.id, claimedBy: nil) else {
      throw RequestError(.conflict, "the study changed meanwhile", "try again")
    }
    return .json(.object(["trial": .int(claim.trial.number)]), .created)
  }

  private func note(_ kind: Event.Kind, in study: FollowedStudy) async throws -> Response {
    let isStopped = await study.history.stopReason != nil
    if case .reopened = kind, !isStopped {
      throw RequestError(.conflict, "the study was not ended", "there is nothing to do")
    }
    if case .stopped = kind, isStopped {
      throw RequestError(.conflict, "the study is ended already", "there is nothing to do")
    }
    try await environment.openForWriting().note(kind, in: study.id)
    return Self.done
  }

  private func suspend(_ isPause: Bool, _ study: FollowedStudy) async throws -> Response {
    guard await study.history.isSuspended != isPause else {
      throw RequestError(
        .conflict, isPause ? "the study is paused already" : "the study is not paused",
        "there is nothing to do")
    }
    try await environment.openForWriting().note(isPause ? .suspended : .resumed, in: study.id)
    return Self.done
  }

  private func setBudget(_ object: JSON, of study: FollowedStudy) async throws -> Response {
    func count(_ name: String) throws -> Int?? {
      guard let value = object[name] else { return nil }
      if case .null = value { return .some(nil) }
      guard let count = value.int, count >= 0 else {
        throw RequestError(
          .badRequest, "`\(name)` is not a whole number from 0 on", "send one, or null")
      }
      return count
    }
    let (trials, epochs) = (try count("trials"), try count("epochs"))
    var seconds: Double??
    if let value = object["seconds"] {
      if case .null = value {
        seconds = .some(nil)
      } else {
        guard let number = value.number, number >= 0, number.isFinite else {
          throw RequestError(
            .badRequest, "`seconds` is not a number from 0 on",
            "send one, or null")
        }
        seconds = number
      }
    }
    guard trials != nil || epochs != nil || seconds != nil else {
      throw RequestError(
        .badRequest, "the body names no part of the budget", "send `trials`, `epochs` or `seconds`")
    }
    let (newTrials, newEpochs, newSeconds) = (trials, epochs, seconds)
    let settings = try await environment.openForWriting().update(study.id) { settings in
      if let newTrials { settings.budget.trials = newTrials }
      if let newEpochs { settings.budget.epochs = newEpochs }
      if let newSeconds { settings.budget.seconds = newSeconds }
    }
    return .json(.object(["budget": settings.budget.json]))
  }

  /// How long a note may be, in bytes.
  private static let longestNote = 100_000

  private func setNotes(
    _ object: JSON, on trial: Int?, of study: FollowedStudy
  ) async throws -> Response {
    guard let text = object["text"]?.text else {
      throw RequestError(.badRequest, "the body has no `text`", "send {\"text\": \"…\"}")
    }
    guard text.utf8.count <= Self.longestNote else {
      throw RequestError(
        .tooLarge, "the note has \(text.utf8.count) bytes",
        "keep it below \(Self.longestNote), or put it into a file")
    }
    let name = NoteTarget(trial: trial).attribute
    try await environment.openForWriting().update(study.id) { settings in
      settings.attributes[name] = text.isEmpty ? nil : text
    }
    return Self.done
  }

  private func append(
    _ kinds: [Event.Kind], to trial: Trial, of study: FollowedStudy
  ) async throws -> Response {
    let store = try environment.openForWriting()
    guard try await store.append(kinds, to: trial.number, of: study.id) == .accepted else {
      throw RequestError(
        .conflict, "trial \(trial.number) is \(trial.state.name), which does not allow this",
        "look at its page")
    }
    return Self.done
  }

  /// A stale trial is ended directly. The worker of a running trial learns of it at its next report, and ends the
  /// program.
  private func stop(_ trial: Trial, of study: FollowedStudy) async throws -> Response {
    let outcome = Outcome.failed(.cancelled, message: "stopped from the dashboard")
    guard trial.state == .waiting || trial.state == .paused else {
      return try await append([.finished(attempt: trial.attempt, outcome)], to: trial, of: study)
    }
    let attempt = trial.attempt + 1
    return try await append(
      [.claimed(attempt: attempt, worker: "dashboard"), .finished(attempt: attempt, outcome)],
      to: trial, of: study)
  }
}
