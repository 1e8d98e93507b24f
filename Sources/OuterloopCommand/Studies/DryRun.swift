internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStudy

/// What `tune --dry-run` shows: the study, and the command lines of its first trials. Nothing is run
/// and nothing stored.
struct DryRun {
  private let specification: StudySpecification
  private let stored: StoredProgram
  private let place: StoreOptions
  private let conversation: ConversationOptions

  init(
    _ specification: StudySpecification, _ stored: StoredProgram, _ place: StoreOptions,
    _ conversation: ConversationOptions
  ) {
    self.specification = specification
    self.stored = stored
    self.place = place
    self.conversation = conversation
  }

  struct Record: Encodable {
    struct First: Encodable {
      var params: [String: ParameterValue]
      /// Null for persistent programs.
      var command: [String]?
    }
    var study: String
    var seed: UInt64
    var sampler: String
    var parameters: [String]
    var trials: [First]
  }

  func show(_ progress: inout Progress) async throws {
    let store = MemoryStore()
    let id = try store.create(specification)
    let asker = try await Asker(id, in: store, by: .named(specification.method))
    var record = Record(
      study: specification.name, seed: specification.seed, sampler: specification.method.name,
      parameters: specification.space.parameters.map(\.description), trials: [])
    while record.trials.count < min(3, specification.budget.trials ?? 3) {
      let work = try await asker.next(
        for: Claimant(worker: "dry run"), within: specification.budget)
      guard case .trial(let claim) = work else { break }
      let folders = place.folders(of: specification.name)
      let words = try stored.program.words(
        for: TrialRequest(claim, of: specification),
        checkpoint: folders.checkpoint(ofTrial: claim.trial.number))
      let params = claim.trial.assignment.active.map { ($0.name, $0.value) }
      record.trials.append(
        Record.First(
          params: Dictionary(uniqueKeysWithValues: params),
          command: stored.program.isPersistent ? nil : words))
    }
    if conversation.json { return try Terminal.print(JSONText.of(record)) }
    progress.say(
      "study \(specification.name), seed \(specification.seed), \(specification.method.name)")
    for parameter in record.parameters { progress.say("  \(parameter)") }
    progress.say("the first trials would run")
    let lines = record.trials.map { trial in
      (trial.command ?? stored.program.words).map(CommandText.quoted).joined(separator: " ")
    }
    try Terminal.print(lines.joined(separator: "\n"))
  }
}
