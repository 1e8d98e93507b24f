internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopSpaces
internal import OuterloopStudy
internal import OuterloopText
internal import Synchronization

/// The search space: parameters and constraints.
struct SpaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A parameter: 'lr=log(1e-5, 1e-1)', 'n=int(1, 5)', 'act=choice(relu, tanh)', "
        + "'size=ordinal(s, m, l)', 'm=float(0, 0.99) if opt == sgd'. Repeat for more.",
      valueName: "name=kind(...)"))
  var param: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file with parameters: YAML, JSON or ConfigSpace's JSON. --param adds to it.",
      valueName: "file"))
  var space: String?

  @Option(
    help: ArgumentHelp(
      "A value that a parameter has in all trials, also one of --space: 'lr=0.1'. Repeat for more.",
      valueName: "name=value"))
  var fix: [String] = []

  @Option(
    help: ArgumentHelp(
      "A parameter of --space to leave out. Repeat for more.", valueName: "name"))
  var drop: [String] = []

  @Option(help: ArgumentHelp("A combination never to try: 'low >= high'.", valueName: "condition"))
  var forbid: [String] = []

  var isGiven: Bool {
    !param.isEmpty || !forbid.isEmpty || space != nil || !fix.isEmpty || !drop.isEmpty
  }

  /// The space, and notes on what in its file is ignored.
  func read() throws -> (space: SearchSpace, notes: [String]) {
    let declarations = try param.map { try ParameterDeclaration(parsing: $0) }
    guard let path = space else {
      return (try narrowed(SearchSpace(declarations, forbidden: forbid)), [])
    }
    let file = try SpaceFile.read(path)
    var space = file.space
    for declaration in declarations { try space.add(declaration) }
    for statement in forbid { try space.forbid(statement) }
    return (try narrowed(space), file.notes)
  }

  /// The space after fixing and dropping parameters.
  private func narrowed(_ space: SearchSpace) throws -> SearchSpace {
    var space = space
    for text in fix {
      try naming("--fix \(text)") {
        let values = try space.canonical(ConfigurationText.values(text))
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
          guard !drop.contains(name) else {
            throw SpaceError("`\(name)` is dropped too", "do one of both")
          }
          space = try space.fixing(name, to: value)
        }
      }
    }
    return drop.isEmpty ? space : try naming("--drop") { try space.removing(drop) }
  }
}

/// The definition of a study, fixed once it is created.
struct StudyOptions: ParsableArguments {
  @OptionGroup var parameters: SpaceOptions

  @Option(
    help: ArgumentHelp(
      "A metric to minimize. Repeat, or join with --maximize, for several objectives; they keep "
        + "their order.", valueName: "metric"))
  var minimize: [MetricArgument] = []

  @Option(help: ArgumentHelp("A metric to maximize.", valueName: "metric"))
  var maximize: [MetricArgument] = []

  @OptionGroup var terms: TermOptions

  @Option(
    help: ArgumentHelp(
      "The sampler: \(SamplerKind.all.map(\.name).joined(separator: ", ")); with options as "
        + "in grid:resolution=7.", valueName: "name"))
  var sampler = "auto"

  @Option(
    help: ArgumentHelp(
      "The scheduler: "
        + "\(SchedulerKind.all.map(\.name).joined(separator: ", ")); with options as in "
        + "asha:factor=4. Default: auto with --epochs, else none.", valueName: "name"))
  var scheduler: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seed of all random choices. Default: drawn, and printed.", valueName: "n"))
  var seed: UInt64?

  @Option(parsing: .unconditional, help: ArgumentHelp("Epochs of a full training.", valueName: "n"))
  var epochs = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How often a trial that ended with an error is run again.", valueName: "n"))
  var retries = 0

  var objectives: [Objective] {
    MetricArgument.objectives(minimize: minimize, maximize: maximize)
  }

  /// Whether the search ends without a budget.
  /// - Throws: `CommandError` if there is no such sampler.
  var endsByItself: Bool {
    get throws {
      let name = try method.description.sampler.name
      return SamplerKind.all.contains { $0.name == name && $0.traits.contains(.ends) }
    }
  }

  private var method: SearchMethod {
    get throws {
      try CommandError.usage {
        let scheduler =
          try scheduler.map(ComponentDescription.init(parsing:))
          ?? (epochs > 1 ? ComponentDescription("auto") : .fullTraining)
        // The scheduler cannot contradict what was not specified.
        let isAlone =
          try sampler == "auto" && SchedulerKind.named(scheduler.name).choosesConfigurations
        return try .named(
          MethodDescription(
            isAlone ? .noSampler : ComponentDescription(parsing: sampler), scheduler: scheduler,
            stopRules: terms.stopRules(for: objectives)))
      }
    }
  }

  /// Whether any option defines the study.
  var isGiven: Bool { parameters.isGiven || !objectives.isEmpty || terms.isGiven }

  /// The study these options describe.
  ///
  /// - Parameter isGrowing: whether its parameters are defined as it runs (define-by-run); then none
  ///   need be given.
  /// - Throws: `CommandError` a usage error.
  func specification(
    name: String, budget: Budget, attributes: [String: String] = [:],
    earlier: [KnownResult] = [], isGrowing: Bool = false
  ) throws -> StudySpecification {
    try CommandError.usage {
      guard !objectives.isEmpty else {
        throw StudyError(
          "there is nothing to make small or large", "name a metric: --minimize loss")
      }
      let constraints = try terms.constraints()
      let cost = terms.cost(within: budget)
      let reserved = ["epoch", "seconds", "checkpoint", "done"]
      let metrics =
        objectives.map { ($0.metric, "an objective") }
        + constraints.map { ($0.metric, "bounded") }
        + [cost?.metric].compactMap { metric in metric.map { ($0, "the cost") } }
      if let (name, use) = metrics.first(where: { reserved.contains($0.0) }) {
        throw StudyError(
          "`\(name)` means something else in reports, so it cannot be \(use)",
          "report it under another name, such as `\(name)_`")
      }
      guard !parameters.param.isEmpty || parameters.space != nil || isGrowing else {
        throw StudyError("there is no parameter", "name one: --param 'lr=log(1e-5, 1e-1)'")
      }
      try checkTerms()
      let (space, notes) = try parameters.read()
      for note in notes { Terminal.say("note: \(note.visible)") }
      let growth = isGrowing ? StudySpecification.growth : [:]
      return try StudySpecification(
        name: name, space: space, objectives: objectives, constraints: constraints, cost: cost,
        priors: terms.priors(), earlier: earlier, method: method.description,
        seed: seed ?? .random(in: 0..<1 << 31), epochs: epochs, budget: budget, retries: retries,
        attributes: attributes.merging(growth) { $1 })
    }
  }

  /// - Throws: `StudyError` where the search would ignore an option.
  private func checkTerms() throws {
    let description = try method.description
    let isAlone = description.sampler == .noSampler
    let name = isAlone ? description.scheduler.name : description.sampler.name
    let kind = isAlone ? "scheduler" : "sampler"
    if epochs == 1, description.scheduler != .fullTraining {
      throw StudyError(
        "the scheduler \(description.scheduler.name) has nothing to decide: a full training has one "
          + "epoch", "say how many epochs it has: --epochs 27")
    }
    func check(_ isGiven: Bool, _ trait: SamplerTraits, _ what: String) throws {
      let suited = SamplerKind.all.filter { $0.traits.contains(trait) }.map(\.name)
      let isSuited =
        isAlone
        ? try SchedulerKind.named(name).traits.contains(trait) : suited.contains(name)
      guard isGiven, !isSuited else { return }
      let schedulers = SchedulerKind.all.filter { $0.traits.contains(trait) }.map(\.name)
      let others = schedulers.isEmpty ? "" : ", or the scheduler \(schedulers[0])"
      let all = suited.joined(separator: ", ") + others
      throw StudyError(
        "the \(kind) \(name) \(what)",
        "use \(isAlone ? "a sampler" : "one") that does: \(all)")
    }
    try check(!terms.prior.isEmpty, .heedsPriors, "does not use --prior")
    try check(terms.perSecond != nil, .weighsCosts, "does not weigh costs (--per-second)")
  }
}

extension CommandError {
  /// Runs `body`; turns its errors about spaces and studies into usage errors of `subject`.
  static func usage<T>(about subject: String? = nil, _ body: () throws -> T) throws -> T {
    let place = [subject].compactMap(\.self)
    do { return try body() } catch let error as StudyError {
      throw CommandError(
        (place + [error.what]).joined(separator: ": "), hint: error.remedy, status: 64)
    } catch let error as SpaceError {
      throw CommandError(
        (place + error.place + [error.what]).joined(separator: ": "), hint: error.remedy,
        status: 64)
    }
  }
}

/// A metric of `--minimize` or `--maximize`, with its position among both: the parser groups the
/// values of each option, but objectives keep the order of the command line.
struct MetricArgument: ExpressibleByArgument {
  let metric: String
  private let place: Int

  private static let count = Atomic<Int>(0)

  /// Arguments are parsed in the order in which they were written.
  init?(argument: String) {
    metric = argument
    place = Self.count.add(1, ordering: .relaxed).oldValue
  }

  static func objectives(minimize: [MetricArgument], maximize: [MetricArgument]) -> [Objective] {
    let all =
      minimize.map { ($0.place, Objective.minimize($0.metric)) }
      + maximize.map { ($0.place, Objective.maximize($0.metric)) }
    return all.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
