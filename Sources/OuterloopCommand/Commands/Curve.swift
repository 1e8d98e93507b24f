internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop curve`: the best value so far, or one trial's learning curve.
struct CurveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curve",
    abstract: "Show the best value so far over the epochs trained, or a trial's learning curve.",
    discussion: """
      A row for each report that was better than all before: the epochs trained by then over all \
      trials, the seconds during which trials ran, the trial and its epoch. Reports of trials that \
      were not trained to the end count too. With --trial a row for each epoch of that trial.

      outerloop curve --study digits
      outerloop curve --study digits --trial 7 --metric loss

      JSON keys: study, objectives, totalEpochs, totalSeconds (of the study), points (totalEpochs, \
      totalSeconds, trial, epoch, best by metric). With --trial: study, trial, state, points (epoch, \
      values, seconds). Numbers that are not finite are "NaN", "Infinity" and "-Infinity".
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The learning curve of this trial.", valueName: "n")
  )
  var trial: Int?

  @Option(
    help: ArgumentHelp(
      "Only this objective; with --trial any metric. Repeat for more. Default: all.",
      valueName: "metric"))
  var metric: [String] = []

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Descent: Encodable {
    struct Point: Encodable {
      var totalEpochs: Int
      var totalSeconds: Double
      var trial, epoch: Int
      /// Metrics that have no value yet are absent.
      var best: [String: Double]
    }
    var study: String
    var objectives: [Objective]
    var totalEpochs: Int
    var totalSeconds: Double
    var points: [Point]
  }

  struct LearningCurve: Encodable {
    struct Point: Encodable {
      var epoch: Int
      var values: [String: Double]
      @OrNull var seconds: Double?
    }
    var study: String
    var trial: Int
    var state: String
    var points: [Point]
  }

  func validate() throws {
    if let trial, trial < 0 { throw ValidationError("--trial \(trial) is below 0") }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    if let trial { return try showTrial(try await found.trial(trial), of: found) }
    let places = try objectives(of: found)
    let log = try await found.store.trainingLog(of: found.id)
    let objectives = places.map { found.specification.objectives[$0] }
    let steps = log.trajectory(of: places)
    let record = Descent(
      study: found.name, objectives: objectives, totalEpochs: log.spent.epochs,
      totalSeconds: log.spent.seconds,
      points: steps.map { step in
        var best: [String: Double] = [:]
        for (objective, value) in zip(objectives, step.best) { best[objective.metric] = value }
        return Descent.Point(
          totalEpochs: step.spent.epochs, totalSeconds: step.spent.seconds, trial: step.trial,
          epoch: step.epoch, best: best)
      })
    if output.json { return try Terminal.print(JSONText.of(record)) }
    guard let last = record.points.last else {
      return Terminal.say("no report of study \(found.name.visible) has a value yet")
    }
    var table = TextTable(["epochs", "seconds", "trial", "epoch"] + objectives.map(\.metric))
    for point in record.points {
      table.add(
        [
          "\(point.totalEpochs)", NumberText.short(point.totalSeconds), "\(point.trial)",
          "\(point.epoch)",
        ] + objectives.map { point.best[$0.metric].map(NumberText.short) ?? "" })
    }
    try Terminal.print(table.text)
    let level = log.spent.epochs - last.totalEpochs
    Terminal.say(
      "\n\(NumberText.count(log.spent.epochs, "epoch")) in all"
        + (level > 0 ? ", the last \(level) without an improvement" : ""))
  }

  /// The indices of the objectives that are shown.
  private func objectives(of found: StudyChoice.Found) throws -> [Int] {
    let all = found.specification.objectives.map(\.metric)
    guard !metric.isEmpty else { return Array(all.indices) }
    return try metric.map { name in
      guard let place = all.firstIndex(of: name) else {
        throw CommandError(
          "study `\(found.name)` has no objective `\(name)`",
          hint: Spelling.remedy(for: name, among: all, called: "objectives")
            + "; with --trial any metric is shown", status: 64)
      }
      return place
    }
  }

  private func showTrial(_ trial: Trial, of found: StudyChoice.Found) throws {
    let objectives = found.specification.objectives.map(\.metric)
    let reported = Set(trial.reports.flatMap(\.values.keys))
    let known = objectives + reported.subtracting(objectives).sorted()
    for name in metric where !known.contains(name) {
      throw CommandError(
        "trial \(trial.number) has not reported `\(name)`",
        hint: Spelling.remedy(for: name, among: known, called: "metrics"), status: 64)
    }
    let metrics = metric.isEmpty ? known : metric
    let points = trial.reports.map { report in
      LearningCurve.Point(
        epoch: report.epoch, values: report.values.filter { metrics.contains($0.key) },
        seconds: report.seconds)
    }
    if output.json {
      let record = LearningCurve(
        study: found.name, trial: trial.number, state: trial.state.name, points: points)
      return try Terminal.print(JSONText.of(record))
    }
    guard !points.isEmpty else {
      return Terminal.say("trial \(trial.number) has reported nothing yet")
    }
    var table = TextTable(["epoch"] + metrics + ["seconds"])
    for point in points {
      table.add(
        ["\(point.epoch)"] + metrics.map { point.values[$0].map(NumberText.short) ?? "" }
          + [point.seconds.map(NumberText.short) ?? ""])
    }
    try Terminal.print(table.text)
  }
}
