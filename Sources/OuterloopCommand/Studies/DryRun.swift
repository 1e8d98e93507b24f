internal import OuterloopRunner
internal import OuterloopStudy
internal import OuterloopText

/// What `tune --dry-run` shows: the study, and the command lines of its first trials. Nothing is run
/// and nothing stored.
struct DryRun {
  private let specification: StudySpecification
  private let stored: StoredProgram
  private let place: StoreOptions
  private let conversation: ConversationOptions
  /// Configurations that come first.
  private let known: [Assignment]

  init(
    _ specification: StudySpecification, _ stored: StoredProgram, _ place: StoreOptions,
    _ conversation: ConversationOptions, after known: [Assignment] = []
  ) {
    self.known = known
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

      /// As text has it.
      var line: String {
        let words = command ?? params.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return words.map(CommandText.quoted).joined(separator: " ")
      }
    }
    var study: String
    var seed: UInt64
    var sampler: String
    var parameters: [String]
    var trials: [First]
  }

  func show(_ progress: inout Progress) async throws {
    var record = Record(
      study: specification.name, seed: specification.seed,
      sampler: specification.method.sampler.name,
      parameters: specification.space.parameters.map(\.description), trials: [])
    let template = try CommandTemplate(stored.program, for: specification.space)
    for claim in try await FirstTrials.of(specification, after: known, count: 3) {
      let folders = place.folders(of: specification.name)
      let words = template.words(
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
      "study \(specification.name), seed \(specification.seed), \(specification.method)"
        .visible)
    for parameter in record.parameters { progress.say("  \(parameter.visible)") }
    if stored.program.isPersistent {
      let words = template.words(slot: 0).map(CommandText.quoted)
      progress.say("\(words.joined(separator: " "))\nwould be started once; its first trials:")
    } else {
      progress.say("the first trials would run")
    }
    try Terminal.print(record.trials.map(\.line).joined(separator: "\n"))
  }
}
