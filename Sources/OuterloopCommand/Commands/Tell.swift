internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy

/// `outerloop tell`: what became of a trial.
struct Tell: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what became of a trial that was asked for.",
    discussion: """
      outerloop tell --trial 7 loss=0.31
      outerloop tell --trial 7 --failed --message 'out of memory'
      outerloop tell --trial 7 --running --epoch 3 loss=0.4

      A value that is not finite fails the trial. --running reports and prolongs the lease; without \
      values it only prolongs it. JSON keys: study, trial, state.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(parsing: .unconditional, help: ArgumentHelp("The trial's number.", valueName: "n"))
  var trial: Int

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The attempt, as `ask` said it: later attempts then win. Default: the last.",
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

  @Flag(help: "The trial goes on.")
  var running = false

  @Option(help: ArgumentHelp("With --running: time until the next sign.", valueName: "time"))
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
    if failed && running { throw ValidationError("--failed and --running exclude each other") }
    if failed && !values.isEmpty { throw ValidationError("a failed trial has no values") }
    if !failed && !running && values.isEmpty {
      throw ValidationError("there is nothing to tell: give loss=0.31, --failed or --running")
    }
    if let epoch, epoch < 1 { throw ValidationError("--epoch \(epoch) is below 1") }
    _ = try numbers()
  }

  private func numbers() throws -> [String: Double] {
    var result: [String: Double] = [:]
    for word in values {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let number = Double(parts[1]) else {
        throw ValidationError("'\(word)' is not METRIC=NUMBER, as in loss=0.31")
      }
      result[parts[0]] = number
    }
    return result
  }

  func run() async throws {
    let found = try await choice.find()
    let listed = try await found.store.trials(
      of: found.id, matching: TrialQuery(from: max(trial, 0), limit: 1))
    guard let record = listed.first, record.number == trial else {
      throw Complaint(
        "study `\(found.name)` has no trial \(trial)",
        hint: "see outerloop trials\(found.place.naming(found.name))")
    }
    let attempt = attempt ?? record.attempt
    let numbers = try numbers()
    var report: Event.Kind?
    if !numbers.isEmpty {
      report = .reported(
        attempt: attempt, Report(epoch: epoch ?? record.through, numbers))
    }
    if running {
      try await goesOn(record, attempt, report, found)
    } else {
      let end = try end(record, attempt, numbers, found.specification)
      var answer = try await append([report, end].compactMap(\.self), found)
      // A result that comes late is taken where its report no longer is.
      if answer != .accepted { answer = try await append([end], found) }
      try check(answer)
    }
    let state = try await found.store.trials(
      of: found.id, matching: TrialQuery(from: trial, limit: 1, reports: false)
    ).first?.state.name
    try Terminal.print(
      output.json
        ? JSONText.of(Record(study: found.name, trial: trial, state: state ?? ""))
        : "trial \(trial) \(state ?? "")")
  }

  private func append(
    _ kinds: [Event.Kind], _ found: StudyChoice.Found
  ) async throws -> Acceptance {
    try await found.store.append(kinds, to: trial, of: found.id)
  }

  private func goesOn(
    _ record: Trial, _ attempt: Int, _ report: Event.Kind?, _ found: StudyChoice.Found
  ) async throws {
    if let report { try check(try await append([report], found)) }
    let claim = Claim(study: found.id, trial: record, attempt: attempt)
    guard try await found.store.renew(claim, seconds: lease.value) else {
      return try check(.refused(record.state.isFinished ? .finished : .overtaken))
    }
  }

  private func end(
    _ record: Trial, _ attempt: Int, _ numbers: [String: Double],
    _ specification: StudySpecification
  ) throws -> Event.Kind {
    if failed {
      return .finished(attempt: attempt, .failed(.error, message: message))
    }
    var results: [Double] = []
    for objective in specification.objectives {
      guard let value = numbers[objective.metric] else {
        throw Complaint(
          "the values say nothing about `\(objective.metric)`",
          hint: "add \(objective.metric)=NUMBER", status: 64)
      }
      guard value.isFinite else {
        return .finished(
          attempt: attempt, .failed(.invalid, message: "`\(objective.metric)` is \(value)"))
      }
      results.append(value)
    }
    return record.through < specification.epochs
      ? .paused(attempt: attempt) : .finished(attempt: attempt, .complete(results))
  }

  private func check(_ answer: Acceptance) throws {
    guard case .refused(let refusal) = answer else { return }
    switch refusal {
    case .finished:
      throw Complaint("trial \(trial) has its result already", hint: "it stays as it is")
    case .overtaken, .taken:
      throw Complaint(
        "trial \(trial) is not this attempt's any more: its lease ran out, or nobody asked for it",
        hint: "ask for another trial")
    case .unknown, .exists, .notPaused:
      throw Complaint("trial \(trial) does not take this: \(refusal.rawValue)", hint: nil)
    }
  }
}
