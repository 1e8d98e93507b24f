internal import ArgumentParser
internal import OuterloopDashboard
internal import OuterloopPlatform
internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import OuterloopTuning

/// `outerloop tune`: a search over runs of a program.
struct Tune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tune the hyperparameters of any program.",
    discussion: """
      The program is run once for each trial. {name} in its arguments is replaced by the trial's \
      value, \
      and so are {trial}, {seed}, {slot}, {checkpoint}, {from} and {to}; other braces stay as \
      they are. \
      {--amp} is --amp where the parameter amp is true, else nothing. It reports by printing a line of \
      JSON: {"loss": 0.31}. Everything else it prints is its log.

      outerloop tune --param 'lr=log(1e-5, 1e-1)' --param 'layers=int(1, 5)' --minimize loss \
      --trials 50 -- python train.py --lr {lr} --layers {layers}

      An argument whose parameter is inactive is left out, with the option before it. The values \
      are also \
      in the JSON file named by OUTERLOOP_TRIAL. Without a budget 100 trials are run, with \
      `--sampler grid` the whole grid. Ctrl-C finishes the running trials, a second one stops them; \
      `outerloop resume` continues the study. When the first three trials fail the same way, or \
      ten in a row, the \
      study stops.

      JSON keys: study, store, seed, sampler, scheduler, objectives, trials (counts by state), best \
      (a trial as in `outerloop trials`, null with several objectives), command (of the best), \
      checkpoint (of the \
      best: trial, epoch, path, state; else null), leading (a \
      trial that is better and not trained to the end, else null), front (else null), ending \
      (budget, exhausted, timeout, stopped, rule or failures), reason (of a rule), output (the \
      folder of --output). With --on they are those of `outerloop launch`.
      """)

  @OptionGroup(title: "Study")
  var definition: StudyOptions

  @OptionGroup(title: "Store")
  var name: NewStudy

  @OptionGroup(title: "Study")
  var known: InitialConfigurationOptions

  @OptionGroup(title: "Study")
  var earlier: WarmStartOptions

  @OptionGroup(title: "Budget")
  var budget: BudgetOptions

  @OptionGroup(title: "Program")
  var options: RunOptions

  @OptionGroup(title: "Program")
  var kind: KindOptions

  @Option(
    help: ArgumentHelp(
      "Create the study, and have workers on an engine run it: slurm, ray or kubernetes, with "
        + "options of `outerloop launch` as in slurm:workers=8,time=4h. --parallel, --gpus, --cpus, "
        + "--memory and --grace are then about a worker there.", valueName: "engine"))
  var on: EngineChoice?

  @OptionGroup(title: "Output")
  var results: ResultsOptions

  @Flag(help: "Show what would be run first, and run nothing.")
  var dryRun = false

  @Flag(help: "Show the study in a browser while it runs: the link is printed.")
  var dashboard = false

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("The program, after --.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    if command.isEmpty {
      throw ValidationError("there is no command to run; it comes last: -- python train.py")
    }
    guard let on else { return }
    if dashboard {
      throw ValidationError("--dashboard does not go with --on: run outerloop dashboard next to it")
    }
    if results.output != nil {
      throw ValidationError(
        "--output does not go with --on: at the end, outerloop export --format results --out FOLDER"
      )
    }
    _ = try on.command(study, in: place, options: options, dryRun: dryRun)
  }

  private var study: String { name.study }
  private var place: StoreOptions { name.place }

  func run() async throws {
    var program = StoredProgram(
      Program(command, directory: Self.here, isPersistent: kind.persistent))
    program = on == nil ? try program.changed(by: options) : program.configured(by: options)
    var limit = budget.changing(Budget())
    if !budget.isGiven, try !definition.endsByItself { limit.trials = 100 }
    var specification = try definition.specification(
      name: study, budget: limit,
      attributes: [StoredProgram.attribute: try program.text()],
      earlier: try await earlier.warmResults(for: definition.objectives.first, in: place))
    let template = try CommandError.usage {
      try CommandTemplate(program.program, for: specification.space)
    }
    // Container images have their own programs.
    if on?.engine != "kubernetes" {
      try program.program.checkExecutable(for: specification.space)
    }
    var progress = Progress(conversation)
    for warning in template.warnings { progress.say("warning: \(warning)") }
    try earlier.check(specification)
    let first = try ConfigurationArguments.of(known.add, in: specification, from: 0)
    var results = try await ImportedResults(
      earlier.startFrom, for: specification, in: place)
    results.add(earlier.warmConfigurations(specification))
    for note in results.notes { progress.say("note: \(note.visible)") }
    let folder = try self.results.folder(for: specification)
    specification.resultsPath = folder?.path
    if dryRun {
      try await DryRun(
        specification: specification, stored: program, place: place, conversation: conversation,
        known: first
      ).show(&progress)
      try launch()
      return
    }
    _ = try await TrialPreview.of(specification, after: first, count: first.count + 1)
    let store = try place.open(.create)
    if let id = try await store.study(named: study) {
      throw Self.exists(
        StudyChoice.Found(
          store: store, id: id, specification: try await store.specification(of: id), place: place),
        specification.space)
    }
    // A folder that cannot be written is an error here, before the study is created.
    try folder?.claim()
    if let total = specification.budget.trials {
      specification.budget.trials = total + results.results.count
    }
    let found = StudyChoice.Found(
      store: store, id: try await store.create(specification), specification: specification,
      place: place)
    let adopted = try await results.adopt(in: found)
    if !adopted.isEmpty { progress.say(adopted) }
    _ = try await ConfigurationArguments.enqueue(first, in: found)
    progress.say(try await Self.opening(found, program))
    guard on == nil else { return try launch() }
    let server = try await serve(found, &progress)
    try await StudyRun(
      found: found, stored: program, conversation: conversation,
      again: "outerloop resume\(place.naming(study))", results: folder
    ).perform()
    await server?.stop()
  }

  /// Launches workers, if an engine is to run the study.
  private func launch() throws {
    try on?.command(study, in: place, options: options, dryRun: dryRun)
      .launch(study, in: place, json: conversation.json)
  }

  /// Starts the dashboard, if requested; otherwise, on a terminal, says how to get one.
  private func serve(
    _ found: StudyChoice.Found, _ progress: inout Progress
  ) async throws -> DashboardServer? {
    guard dashboard else {
      if Terminal.isLive {
        let store = place.store.map { " --store \(CommandText.quoted($0))" } ?? ""
        progress.say("to watch it: outerloop dashboard\(store)")
      }
      return nil
    }
    let running = try await DashboardOptions.usual.start(place, isReadOnly: false)
    progress.say("dashboard: \(running.server.link)study/\(found.id.rawValue)")
    return running.server
  }

  private static func exists(_ found: StudyChoice.Found, _ wanted: SearchSpace) -> CommandError {
    let difference = found.specification.space.difference(from: wanted)
    let extend = Extend.command(found, to: wanted).map { "; widen it: \($0)" } ?? ""
    let isOther = difference != nil && extend.isEmpty
    return CommandError(
      "the store \(found.place.name) has a study `\(found.name)` already"
        + (difference.map { " with another space: \($0)" } ?? ""),
      hint: "resume it: outerloop resume\(found.naming)\(extend); or name another with --study"
        + (isOther
          ? ", to which --start-from \(CommandText.quoted(found.name)) adds its results" : ""))
  }

  static func opening(
    _ found: StudyChoice.Found, _ program: StoredProgram
  ) async throws -> String {
    let specification = found.specification
    var parts = ["study \(found.name) in \(found.place.name)", "seed \(specification.seed)"]
    var method = [specification.method.description]
    let counts = try await found.store.summary(of: found.id).counts
    let ended = [TrialState.Kind.complete, .pruned, .failed].reduce(0) { $0 + (counts[$1] ?? 0) }
    if let choice = specification.automaticChoice(ended: ended) {
      let rules = specification.method.stopRules.map(\.name)
      let scheduler = specification.method.scheduler
      method =
        ["\(specification.method.sampler.name): \(choice)"]
        + (scheduler == .fullTraining ? [] : [scheduler.name]) + rules
    }
    if let choice = specification.automaticTraining {
      let rules = specification.method.stopRules.map(\.name)
      method = ["training: \(choice)"] + rules
    }
    parts += method
    parts += specification.budget.parts
    if let concurrency = program.concurrency { parts.append(concurrency) }
    if let idleness = program.idleness() { parts.append(idleness) }
    return parts.joined(separator: ", ").visible
  }

  /// The folder in which this process was started.
  static var here: String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }
}
