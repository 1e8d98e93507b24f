internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStudy
internal import OuterloopText

/// The output of `tune --dry-run`: the study, and the command lines of its first trials. Nothing is
/// run or stored.
struct DryRun {
  let specification: StudySpecification
  let stored: StoredProgram
  let place: StoreOptions
  let conversation: VerbosityOptions
  /// Configurations to try first.
  let known: [Assignment]

  struct Record: Encodable {
    struct First: Encodable {
      var params: [String: ParameterValue]
      /// Null for persistent programs.
      var command: [String]?

      /// The text form.
      var line: String {
        let words = command ?? params.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return words.map(CommandText.quoted).joined(separator: " ")
      }
    }
    var study: String
    var seed: UInt64
    var sampler: String
    var scheduler: String
    var parameters: [String]
    var trials: [First]
  }

  func show(_ progress: inout Progress) async throws {
    var record = Record(
      study: specification.name, seed: specification.seed,
      sampler: specification.method.sampler.name,
      scheduler: specification.method.scheduler.name,
      parameters: specification.space.parameters.map(\.description), trials: [])
    let template = try CommandTemplate(stored.program, for: specification.space)
    for claim in try await TrialPreview.of(specification, after: known, count: 3) {
      let folders = place.folders(of: specification)
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

/// The first trials of a study, proposed in memory, so that a space that cannot be searched is
/// found before the study is stored.
enum TrialPreview {
  /// At most `count`; fewer if the budget or the space has fewer.
  ///
  /// - Parameter known: configurations to try first.
  /// - Throws: `CommandError` with a usage error, or with a failure where constraints forbid
  ///   everything.
  static func of(
    _ specification: StudySpecification, after known: [Assignment] = [], count: Int
  ) async throws -> [Claim] {
    let store = MemoryStore()
    let id = try store.create(specification)
    for assignment in known {
      _ = try store.add(
        .enqueued(assignment, through: specification.epochs), asTrial: nil, to: id, claimedBy: nil)
    }
    var claims: [Claim] = []
    do {
      let source = try await TrialSource(id, in: store, by: .named(specification.method))
      while claims.count < count {
        let work = try await source.next(
          for: Claimant(worker: "dry run"), within: specification.budget)
        guard case .trial(let claim) = work else { break }
        claims.append(claim)
      }
    } catch let error as StudyError where error.cause == .infeasible {
      throw error
    } catch { try CommandError.usage { throw error } }
    return claims
  }
}
