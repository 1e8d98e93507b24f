internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop tell`: records the result of a trial.
struct Tell: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell the outcome of a trial, or a result that you have.",
    discussion: """
      outerloop tell --trial 7 loss=0.31
      outerloop tell --trial 7 --failed --message 'out of memory'
      outerloop tell --trial 7 --running --epoch 3 loss=0.4
      outerloop tell --params 'lr=0.001, opt=adam' loss=0.31

      A value that is not finite fails the trial. --running reports and renews the lease; \
      without values it only renews it. A trial that its scheduler ends is no longer running \
      afterwards: stop it. --params adds the result of a configuration that was tried elsewhere: \
      a new trial, which the budget counts and the search learns from. JSON keys: study, \
      trial, state.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(parsing: .unconditional, help: ArgumentHelp("The trial's number.", valueName: "n"))
  var trial: Int?

  @Option(
    help: ArgumentHelp(
      "The whole configuration of a trial from elsewhere: 'lr=0.001, opt=adam'.",
      valueName: "configuration"))
  var params: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The attempt that `ask` returned: a later one then takes precedence. Default: the last.",
      valueName: "n"))
  var attempt: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The epoch the values are of. Default: the last.", valueName: "n"))
  var epoch: Int?

  @Flag(help: "The trial failed.")
  var failed = false

  @Option(help: ArgumentHelp("Why it failed.", valueName: "text"))
  var message: String?

  @Flag(help: "The trial is still running.")
  var running = false

  @Option(help: ArgumentHelp("With --running: time until the next heartbeat.", valueName: "time"))
  var lease = Seconds(value: 3600)

  @OptionGroup(title: "Output")
  var output: OutputOptions

  @Argument(help: ArgumentHelp("Values, as loss=0.31.", valueName: "metric=value"))
  var values: [String] = []

  struct Record: Encodable {
    var study: String
    var trial: Int
    var state: String
  }

  func validate() throws {
    guard (trial == nil) != (params == nil) else {
      throw ValidationError(
        trial == nil
          ? "name the trial: --trial 7, or --params 'lr=0.001, opt=adam' for one from elsewhere"
          : "--trial and --params exclude each other")
    }
    if params != nil, running || attempt != nil {
      throw ValidationError("--params makes a trial that has ended: leave --running and --attempt")
    }
    if failed && running { throw ValidationError("--failed and --running exclude each other") }
    if failed && !values.isEmpty { throw ValidationError("a failed trial has no values") }
    if !failed, message != nil { throw ValidationError("--message goes with --failed") }
    if !failed && !running && values.isEmpty {
      throw ValidationError("there is nothing to tell: give loss=0.31, --failed or --running")
    }
    if let epoch, epoch < 1 { throw ValidationError("--epoch \(epoch) is below 1") }
    _ = try TellValues(values)
  }

  func run() async throws {
    let found = try await choice.find()
    let told = try TellValues(values)
    try told.check(for: found.specification, isWhole: !failed && !running)
    let number: Int
    if let params {
      let assignment = try ConfigurationArguments.whole(params, in: found.specification)
      number = try await add(assignment, told, found)
    } else {
      number = try await tell(told, found)
    }
    let state = try await found.trials(
      TrialQuery(from: number, limit: 1, reports: false)
    ).first?.state.name
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: found.name, trial: number, state: state ?? ""))
        : "trial \(number) \(state ?? "")")
  }

  /// A trial that was run elsewhere: created, claimed and ended.
  private func add(
    _ assignment: Assignment, _ told: TellValues, _ found: StudyChoice.Found
  ) async throws -> Int {
    let specification = found.specification
    let report =
      told.numbers.isEmpty
      ? nil : Report(epoch: epoch ?? specification.epochs, told.numbers)
    let trial = try await found.store.addEnded(
      assignment, report, to: found.id, worker: "tell"
    ) { end($0, $1, told, specification) }
    guard let trial else { throw CommandError("no trial could be added", hint: "tell it again") }
    return trial.number
  }

  private func tell(_ told: TellValues, _ found: StudyChoice.Found) async throws -> Int {
    let number = trial ?? -1
    let listed = try await found.trials(TrialQuery(from: max(number, 0), limit: 1))
    guard let record = listed.first, record.number == number else {
      throw TellRejection(found: found).unknown(
        number, of: try await found.store.summary(of: found.id).trials)
    }
    let attempt = attempt ?? record.attempt
    let report = told.report(epoch: epoch ?? record.through, attempt: attempt)
    if running {
      try await shouldContinue(record, attempt, report, found)
      if report != nil, found.specification.method.scheduler != .fullTraining {
        let method = try SearchMethod.named(found.specification.method)
        let source = try await TrialSource(found.id, in: found.store, by: method)
        _ = try await source.shouldContinue(number, attempt: attempt)
      }
      return number
    }
    let end = end(record, attempt, told, found.specification)
    var answer = try await append([report, end].compactMap(\.self), found)
    // A late result is accepted where its report no longer is.
    if answer != .accepted { answer = try await append([end], found) }
    try await check(answer, found)
    return number
  }

  private func append(
    _ kinds: [Event.Kind], _ found: StudyChoice.Found
  ) async throws -> Acceptance {
    try await found.store.append(kinds, to: trial ?? -1, of: found.id)
  }

  private func shouldContinue(
    _ record: Trial, _ attempt: Int, _ report: Event.Kind?, _ found: StudyChoice.Found
  ) async throws {
    if let report { try await check(try await append([report], found), found) }
    let claim = Claim(study: found.id, trial: record, attempt: attempt)
    guard try await found.store.renew(claim, seconds: lease.value) else {
      return try await check(
        .refused(record.state.isFinished ? .finished : .overtaken), found)
    }
  }

  private func end(
    _ record: Trial, _ attempt: Int, _ told: TellValues, _ specification: StudySpecification
  ) -> Event.Kind {
    if failed { return .finished(attempt: attempt, .failed(.error, message: message)) }
    return record.end(
      of: attempt, with: Report(epoch: epoch ?? record.through, told.numbers), in: specification)
  }

  private func check(_ answer: Acceptance, _ found: StudyChoice.Found) async throws {
    guard case .refused = answer else { return }
    let listed = try await found.trials(TrialQuery(from: trial ?? 0, limit: 1, reports: false))
    throw TellRejection(found: found).error(about: listed.first, attempt: attempt)
  }
}
