internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop ask`: hands out the next trial, to be run by the caller.
struct Ask: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Get the next trial, to run it yourself.",
    discussion: """
      The first call creates the study: it needs --param and --minimize or --maximize. Later ones may \
      repeat them, or name it by --study. Budgets are totals; a new one replaces the old. A trial \
      that is not told within --lease is given to another worker. Exit status 1: there is nothing to \
      do (the message says why).

      outerloop ask --study hand --param 'lr=log(1e-5, 1e-1)' --minimize loss --json
      outerloop tell --study hand --trial 0 loss=0.31

      JSON keys: study, number, attempt, params, fromEpoch, toEpoch, seed, lease (seconds).
      """)

  @OptionGroup(title: "Study")
  var definition: StudyOptions

  @OptionGroup(title: "Store")
  var choice: StudyChoice

  @OptionGroup(title: "Budget, when the study begins or to change it")
  var budget: AdditionalBudget

  @Option(
    help: ArgumentHelp(
      "Time until the trial is given to another worker, unless it was told.", valueName: "time"))
  var lease = Seconds(value: 3600)

  @Option(help: ArgumentHelp("The name of the worker that asks.", valueName: "name"))
  var worker = "ask"

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study: String
    var number, attempt: Int
    var params: [String: ParameterValue]
    var fromEpoch, toEpoch: Int
    var seed: UInt64
    var lease: Double
  }

  func run() async throws {
    var found = try await study()
    if budget.isGiven {
      let count = try await found.store.summary(of: found.id).trials
      found.specification.settings = try await found.store.update(found.id) { [budget] in
        $0.budget = budget.changing($0.budget, after: count)
      }
      try await found.reopen(forMore: true)
    }
    let source = try await TrialSource(found.id, in: found.store, by: try found.method())
    let work = try await source.next(for: Claimant(worker: worker, lease: lease.value))
    switch work {
    case .trial(let claim): try show(claim, found)
    case .wait where await source.isSuspended:
      throw CommandError(
        "study `\(found.name)` is paused",
        hint: "to resume it: outerloop pause\(found.naming) --off")
    case .wait: throw try await waiting(found)
    case .finished(.budget):
      if try await source.isExhausted() { throw exhausted(found) }
      let more = found.specification.budget.enlarged(after: try await BudgetUse(found))
      throw CommandError(
        "the budget of study `\(found.name)` is spent",
        hint: "budgets are totals; for more: outerloop ask\(found.naming) \(more)"
      )
    case .finished(.rule(let reason)):
      let more = found.specification.budget.enlarged(after: try await BudgetUse(found))
      throw CommandError(
        "study `\(found.name)` has ended: \(reason)",
        hint: "to continue anyway: outerloop ask\(found.naming) \(more)")
    case .finished(.exhausted):
      throw exhausted(found)
    }
  }

  private func exhausted(_ found: StudyChoice.Found) -> CommandError {
    CommandError(
      "every configuration of study `\(found.name)` has been tried",
      hint: "their results: outerloop trials\(found.naming)")
  }

  /// What has to happen before there is a trial to give.
  private func waiting(_ found: StudyChoice.Found) async throws -> CommandError {
    let runners = try await found.runners()
    let lines = runners.waiting(found)
    return CommandError(
      "there is nothing to do until a running trial ends",
      details: lines.isEmpty ? nil : lines.joined(separator: "\n"),
      hint: "tell the outcome of a trial that you hold, or ask again later")
  }

  private func show(_ claim: Claim, _ found: StudyChoice.Found) throws {
    let request = TrialRequest(claim, of: found.specification)
    let params = request.assignment.active.map { ($0.name, $0.value) }
    if output.json {
      return try Terminal.print(
        JSONText.of(
          Record(
            study: found.name, number: request.trial, attempt: request.attempt,
            params: Dictionary(uniqueKeysWithValues: params), fromEpoch: request.from,
            toEpoch: request.through, seed: request.seed, lease: lease.value)))
    }
    try Terminal.print(
      (["trial \(request.trial)"] + StudyResult.lines(params)).joined(separator: "\n"))
    let values = found.specification.objectives.map {
      " " + CommandText.quoted("\($0.metric)=NUMBER")
    }.joined()
    Terminal.say(
      "\nthen: outerloop tell\(found.naming) --trial \(request.trial)\(values)")
  }

  /// The existing study, or a new one.
  private func study() async throws -> StudyChoice.Found {
    guard definition.isGiven else { return try await choice.find() }
    let opening = StudyOpening(
      specification: try definition.specification(
        name: choice.study ?? "study", budget: budget.changing(Budget(), after: 0)),
      isSeedGiven: definition.seed != nil, place: choice.place)
    try await opening.check()
    let (found, isNew) = try await opening.study(in: try choice.place.open(.create))
    if isNew {
      Terminal.say(
        "study \(found.name) in \(choice.place.name), seed \(found.specification.seed)".visible)
    }
    return found
  }
}
