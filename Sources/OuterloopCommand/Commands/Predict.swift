internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop predict`
struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict the results of configurations by a model of the trials.",
    discussion: """
      The Gaussian process of the sampler gp, fitted to the trials of any study: the median of the \
      result, and the range that holds it two times out of three. Values that a configuration \
      leaves out are those of the best trial. --check predicts each trial from all others, and \
      shows the largest deviations.

      outerloop predict --study study 'lr=0.001, layers=2' 'lr=0.01'
      outerloop predict --study study --check

      JSON keys: study, objective, trials (how many are modelled), predictions: params, median, low, \
      high; with --check correlation, inRange (the share of trials in their range; about 0.68 is \
      right), checks: trial, value, median, low, high, deviation (in standard deviations).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(help: ArgumentHelp("The objective.", valueName: "metric"))
  var objective: String?

  @Flag(help: "Predict each trial from all others.")
  var check = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  @Argument(
    help: ArgumentHelp(
      "Values by name, as 'lr=0.001, opt=adam', or a JSON object.", valueName: "configuration"))
  var configurations: [String] = []

  struct Record: Encodable {
    struct Row: Encodable {
      var params: [String: ParameterValue]
      var median, low, high: Double
    }
    struct Check: Encodable {
      var trial: Int
      var value, median, low, high, deviation: Double
    }
    var study, objective: String
    var trials: Int
    var predictions: [Row]
    var correlation, inRange: Double?
    var checks: [Check]?
  }

  func validate() throws {
    if configurations.isEmpty, !check {
      throw ValidationError("there is nothing to predict: give a configuration, or --check")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let specification = found.specification
    let place = try found.place(ofObjective: objective)
    let trials = try await found.trials()
    let model: StudyModel
    do { model = try StudyModel(specification, trials, objective: place) } catch {
      throw CommandError("study `\(found.name)`: \(error.what)", hint: error.remedy)
    }
    let best = trials.filter { $0.state == .complete && specification.isFeasible($0) }
      .min { first, second in
        let loss = { (trial: Trial) in
          specification.objectives[place].loss(trial.values?[place] ?? .nan)
        }
        return loss(first) < loss(second)
      }
    let assignments = try configurations.map { text in
      try CommandError.usage(about: CommandText.quoted(text)) {
        try Self.completed(try ConfigurationArguments.values(text), best?.assignment, specification)
      }
    }
    let predictions = model.predictions(assignments)
    var record = Record(
      study: found.name, objective: model.objective.metric, trials: model.trials.count,
      predictions: zip(assignments, predictions).map {
        Record.Row(
          params: Dictionary(uniqueKeysWithValues: $0.active.map { ($0.name, $0.value) }),
          median: $1.median, low: $1.low, high: $1.high)
      })
    if check { Self.add(model.leaveOneOut(), to: &record) }
    if output.json { return try Terminal.print(JSONText.of(record)) }
    try Terminal.print(
      [Self.table(assignments, predictions, model), check ? Self.text(record) : nil]
        .compactMap(\.self).joined(separator: "\n\n"))
  }

  /// A configuration with the values given, the others as in the best trial or in the middle.
  private static func completed(
    _ given: [String: ParameterValue], _ best: Assignment?, _ specification: StudySpecification
  ) throws -> Assignment {
    let space = specification.space
    let given = try space.canonical(given)
    let found = space.assignment { index, domain in
      given[space.parameters[index].name] ?? best?.values[index] ?? domain.value(atUnit: 0.5)
    }
    guard let found else { throw SpaceError("it makes no configuration", "give it all values") }
    return found
  }

  private static func add(_ checks: [StudyModel.Check], to record: inout Record) {
    record.checks = checks.map {
      Record.Check(
        trial: $0.trial, value: $0.value, median: $0.prediction.median, low: $0.prediction.low,
        high: $0.prediction.high, deviation: $0.deviation)
    }
    record.inRange = Double(checks.count { abs($0.deviation) <= 1 }) / Double(max(checks.count, 1))
    record.correlation = Self.correlation(
      checks.map(\.value), checks.map(\.prediction.median))
  }

  /// Rank correlation (Spearman's), so that the scale of the values does not matter.
  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    func ranks(_ values: [Double]) -> [Double] {
      var ranks = values
      let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
      for (rank, place) in order.enumerated() { ranks[place] = Double(rank) }
      return ranks
    }
    let (x, y) = (ranks(a), ranks(b))
    let mean = Double(max(a.count - 1, 0)) / 2
    let product = zip(x, y).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
    let square = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return square > 0 ? product / square : 0
  }

  private static func table(
    _ assignments: [Assignment], _ predictions: [StudyModel.Prediction], _ model: StudyModel
  ) -> String? {
    guard let first = assignments.first else { return nil }
    var table = TextTable([model.objective.metric, "from", "to"] + first.names)
    for (assignment, prediction) in zip(assignments, predictions) {
      table.add(
        [prediction.median, prediction.low, prediction.high].map(NumberText.short)
          + assignment.values.map { $0.map(StudyResult.cell) ?? "" })
    }
    return table.text
  }

  /// The trials with the largest prediction errors.
  private static func text(_ record: Record) -> String {
    let checks = (record.checks ?? []).sorted { abs($0.deviation) > abs($1.deviation) }
    var table = TextTable(["trial", record.objective, "predicted", "from", "to", "deviations"])
    for check in checks.prefix(10) {
      table.add(
        ["\(check.trial)"]
          + [check.value, check.median, check.low, check.high].map(NumberText.short)
          + [NumberText.fixed(check.deviation, digits: 1)])
    }
    let share = NumberText.fixed(100 * (record.inRange ?? 0), digits: 0)
    let correlation = NumberText.fixed(record.correlation ?? 0, digits: 2)
    return "\(record.trials) trials, each predicted from the others: rank correlation "
      + "\(correlation), \(share)% in their range (68% is right)\n\n\(table.text)"
  }
}
