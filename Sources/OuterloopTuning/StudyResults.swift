internal import OuterloopFiles
internal import OuterloopSearch
internal import OuterloopStudy
internal import OuterloopText

/// The results of a study, as the text of files.
struct StudyResults {
  private let log: TrainingLog
  /// The incumbent, or with several objectives the front.
  let best: [Trial]
  /// Where the copies of checkpoints are, by trial.
  var checkpoints: [Int: String] = [:]

  private var specification: StudySpecification { log.specification }
  private var hasFront: Bool { specification.objectives.count > 1 }

  init(_ log: TrainingLog) {
    self.log = log
    let (specification, trials) = (log.specification, log.history.trials)
    best =
      specification.objectives.count > 1
      ? specification.paretoFront(of: trials.filter { $0.state == .complete })
      : specification.incumbent(of: trials).map { [$0] } ?? []
  }

  var files: [OutputFolder.File] {
    var files = [OutputFolder.File("study.json", study.lines + "\n")]
    if hasFront {
      files.append(.init("front.json", JSON.array(best.map(json)).lines + "\n"))
    } else if let trial = best.first {
      files.append(.init("best.json", json(trial).lines + "\n"))
    }
    files.append(.init("trajectory.csv", trajectory))
    files.append(.init("log.csv", epochs))
    return files
  }

  // MARK: JSON

  private var study: JSON {
    let counts = Dictionary(grouping: log.history.trials, by: \.state.kind).mapValues(\.count)
    return .object([
      "study": .text(specification.name),
      "seed": Int(exactly: specification.seed).map(JSON.int) ?? .text("\(specification.seed)"),
      "sampler": .text(specification.method.sampler.name),
      "scheduler": .text(specification.method.scheduler.name),
      "objectives": .array(
        specification.objectives.map {
          .object([
            "metric": .text($0.metric), "direction": .text($0.direction.rawValue),
          ])
        }),
      "parameters": .array(specification.space.parameters.map { .text($0.description) }),
      "epochs": .int(specification.epochs),
      "trials": .object(
        TrialState.Kind.allCases.compactMap { kind in
          counts[kind].map { JSON.Member(name: kind.rawValue, value: .int($0)) }
        }),
      "totalEpochs": .int(log.spent.epochs), "totalSeconds": .float(log.spent.seconds),
    ])
  }

  private func json(_ trial: Trial) -> JSON {
    var values = trial.lastReport?.values ?? [:]
    for (objective, value) in zip(specification.objectives, trial.values ?? []) {
      values[objective.metric] = value
    }
    return .object([
      "trial": .int(trial.number), "state": .text(trial.state.name),
      "epoch": .int(trial.lastReport?.epoch), "epochs": .int(specification.epochs),
      "values": .object(
        values.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: .float($0.value)) }
      ),
      "params": .object(
        trial.assignment.active.map { JSON.Member(name: $0.name, value: JSON($0.value)) }),
      "seed": .int(Int(specification.seed(ofTrial: trial.number))),
      "checkpoint": .text(checkpoints[trial.number]),
    ])
  }

  // MARK: CSV

  /// A line for each improvement of the best value.
  private var trajectory: String {
    var text = Self.line(
      ["totalEpochs", "totalSeconds", "trial", "epoch"]
        + specification.objectives.map { "best.\($0.metric)" })
    for step in log.trajectory {
      text += Self.line(
        [
          "\(step.spent.epochs)", Self.number(step.spent.seconds), "\(step.trial)",
          "\(step.epoch)",
        ] + step.best.map { $0.map(Self.number) ?? "" })
    }
    return text
  }

  private var epochs: String {
    let objectives = specification.objectives.map(\.metric)
    var others: Set<String> = []
    for entry in log.entries { others.formUnion(entry.values.keys) }
    let metrics = objectives + others.subtracting(objectives).sorted()
    var text = Self.line(
      ["trial", "attempt", "epoch"] + metrics.map { "value.\($0)" }
        + ["seconds", "totalEpochs", "totalSeconds"])
    for entry in log.entries {
      text += Self.line(
        ["\(entry.trial)", "\(entry.attempt)", "\(entry.epoch)"]
          + metrics.map { entry.values[$0].map(Self.number) ?? "" } + [
            entry.seconds.map(Self.number) ?? "", "\(entry.spent.epochs)",
            Self.number(entry.spent.seconds),
          ])
    }
    return text
  }

  private static func line(_ fields: [String]) -> String {
    fields.map(CSVField.quoted).joined(separator: ",") + "\n"
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? value.description : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }
}
