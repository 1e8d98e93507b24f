internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStudy
internal import OuterloopText

/// The study of a connection, and the trials that were asked for over it.
actor ServedStudy {
  /// An operation: the fields of its request, and its handler.
  struct Operation: Sendable {
    var fields: [String]
    var answer: @Sendable (ServedStudy, ServeRequest) async throws -> JSON
  }

  static let operations: [String: Operation] = trialOperations.merging(viewOperations) { $1 }
    .merging(changeOperations) { $1 }

  /// A trial that was asked for.
  struct Held {
    var claim: Claim
    /// Its configuration, with later additions.
    var assignment: Assignment
    let start = SuspendingClock.now
    /// The last report.
    var last: Report?
    /// Nil in a study in memory, which ends with its checkpoints.
    var files: TrialCheckpoints?
    var verdict = Verdict.goOn

    var seconds: Double { start.duration(to: .now) / .seconds(1) }
  }

  private(set) var found: StudyChoice.Found
  let source: TrialSource
  let isInMemory: Bool
  let lease: Double
  let checkpoints: String?
  private let isNew: Bool
  private let notes: [String]
  /// By number.
  var held: [Int: Held] = [:]
  /// When lost workers were last checked for.
  private var lookedForLost = SuspendingClock.now
  private var heartbeat: Task<Void, Never>?

  init(_ opening: OpenRequest) async throws {
    let opened = try await opening.open()
    (found, isNew, notes) = (opened.found, opened.isNew, opened.notes)
    (isInMemory, lease, checkpoints) = (opening.path == nil, opening.lease, opening.checkpoints)
    source = try await TrialSource(found.id, in: found.store, by: try found.method())
    if !isInMemory { try await WorkerName.releaseLost(found) }
  }

  var store: any StudyStore { found.store }
  var specification: StudySpecification { found.specification }

  /// Reloads the space and settings, which others or this connection may have changed.
  func refresh() async throws {
    found.specification = try await store.specification(of: found.id)
  }

  func change(_ settings: StudySettings) { found.specification.settings = settings }

  /// Releases trials whose process on this machine has exited; at most once a second.
  func releaseLost() async throws {
    guard !isInMemory, lookedForLost.duration(to: .now) > .seconds(1) else { return }
    lookedForLost = .now
    try await WorkerName.releaseLost(found)
  }

  /// The trial of this number that this connection holds.
  func holding(_ number: Int) throws -> Held {
    if let trial = held[number] { return trial }
    throw CommandError(
      "trial \(number) was not asked for here, or has ended",
      hint: "ask for one; of others `outerloop tell\(found.naming) --trial \(number)` can tell")
  }

  // MARK: Leases

  /// Renews the leases of the held trials, for as long as this process lives.
  func keepLeases() {
    let pause = lease / 3
    heartbeat = Task { [weak self] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(pause))
        await self?.renew()
      }
    }
  }

  /// Renews all leases. A store that cannot be written is retried until they expire.
  @discardableResult
  func renew() async -> [Int] {
    for (number, trial) in held {
      let isOurs = (try? await store.renew(trial.claim, seconds: lease)) ?? true
      if !isOurs { held[number] = nil }
    }
    return held.keys.sorted()
  }

  /// Returns the held trials, to be run again: the client is done with them.
  func release() async throws {
    heartbeat?.cancel()
    for (number, trial) in held {
      let kind = Event.Kind.released(
        attempt: trial.claim.attempt, .cancelled, seconds: trial.seconds)
      _ = try await store.append([kind], to: number, of: found.id)
      held[number] = nil
    }
  }

  /// The client has vanished: its trials are lost, like those of any lost worker.
  func abandon() async {
    heartbeat?.cancel()
    for (number, trial) in held {
      guard let record = try? await found.trials(TrialQuery(from: number, limit: 1)).first,
        record.number == number, record.attempt == trial.claim.attempt
      else { continue }
      _ = try? await store.append(
        [specification.endOfLost(record)], to: number, of: found.id)
    }
    held = [:]
  }

  // MARK: Description

  /// The study in the reply to `open`.
  func description(with more: [JSON.Member]) async throws -> JSON {
    let specification = specification
    let summary = try await store.summary(of: found.id)
    let members: KeyValuePairs<String, JSON> = [
      "study": .text(specification.name), "store": .text(isInMemory ? nil : found.place.name),
      "isNew": .bool(isNew), "notes": .array(notes.map(JSON.text)),
      "seed": Int(exactly: specification.seed).map(JSON.int) ?? .text("\(specification.seed)"),
      "sampler": .text(specification.method.sampler.name),
      "scheduler": .text(specification.method.scheduler.name),
      "growing": .bool(specification.isGrowing),
      "objectives": .array(
        specification.objectives.map {
          .object(["metric": .text($0.metric), "direction": .text($0.direction.rawValue)])
        }),
      "parameters": Self.json(specification.space), "epochs": .int(specification.epochs),
      "budget": Self.json(specification.budget), "trials": .int(summary.trials),
    ]
    return .object(members.map { JSON.Member(name: $0.key, value: $0.value) } + more)
  }

  static func json(_ budget: Budget) -> JSON {
    .object([
      "trials": .int(budget.trials), "epochs": .int(budget.epochs),
      "seconds": .float(budget.seconds),
    ])
  }

  /// Parameters by name, in order, each as a space file writes it.
  static func json(_ space: SearchSpace) -> JSON {
    .object(
      space.parameters.map { parameter in
        let condition = parameter.condition.map { " if \($0)" } ?? ""
        return JSON.Member(name: parameter.name, value: .text("\(parameter.domain)\(condition)"))
      })
  }

  static func json(_ assignment: Assignment) -> JSON {
    .object(assignment.active.map { JSON.Member(name: $0.name, value: JSON($0.value)) })
  }
}
