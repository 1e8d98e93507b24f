internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// The result of a study: the best trial, or the Pareto front with several objectives.
struct StudyResult {
  let specification: StudySpecification
  let folders: TrialFolders
  let summary: StudySummary
  /// The best feasible trial, or the front of the feasible ones, sorted by the first objective.
  let trials: [Trial]
  /// If no complete trial is feasible, the one that violates the constraints least.
  let leastViolating: Trial?
  /// The best partially trained trial, if it is better than all fully trained ones.
  let leading: Trial?

  init(_ found: StudyChoice.Found) async throws {
    specification = found.specification
    folders = found.folders
    summary = try await found.store.summary(of: found.id)
    leastViolating = try await Self.leastViolating(found, summary)
    leading = try await Self.leading(found, summary)
    if specification.objectives.count > 1 {
      trials = try await Self.front(found)
    } else if let best = summary.best {
      trials = try await found.trials(TrialQuery(from: best.trial, limit: 1))
    } else {
      trials = []
    }
  }

  /// The Pareto front of the complete trials, sorted by the first objective.
  static func front(_ found: StudyChoice.Found) async throws -> [Trial] {
    let complete = try await found.trials(TrialQuery(states: [.complete]))
    return found.specification.paretoFront(of: complete)
  }

  private static func leastViolating(
    _ found: StudyChoice.Found, _ summary: StudySummary
  ) async throws -> Trial? {
    let specification = found.specification
    guard !specification.constraints.isEmpty, summary.best == nil else { return nil }
    let complete = try await found.trials(TrialQuery(states: [.complete]))
    return complete.min { specification.violation(of: $0) < specification.violation(of: $1) }
  }

  private static func leading(
    _ found: StudyChoice.Found, _ summary: StudySummary
  ) async throws -> Trial? {
    let specification = found.specification
    let objective = specification.objectives[0]
    guard specification.epochs > 1, specification.objectives.count == 1,
      !specification.hasInstances
    else { return nil }
    let open = TrialQuery(states: [.paused, .running, .pruned, .waiting])
    let leader = specification.incumbent(of: try await found.trials(open))
    guard let best = summary.best else { return leader }
    return leader.flatMap { leader in
      let value = leader.lastReport?.values[objective.metric] ?? .nan
      return objective.loss(value) < objective.loss(best.value) ? leader : nil
    }
  }

  /// A sentence about a partially trained trial that is better than the best complete one; nil:
  /// there is none.
  private var lead: String? {
    guard let leading, let last = leading.lastReport,
      let value = last.values[specification.objectives[0].metric]
    else { return nil }
    let metric = specification.objectives[0].metric.visible
    return
      "\(metric) \(NumberText.short(value))  (trial \(leading.number) of \(summary.trials), after "
      + "\(last.epoch) of \(specification.epochs) epochs)"
  }

  /// A sentence that no trial is feasible; nil if one is, or none is complete.
  var infeasibility: String? {
    guard let trial = leastViolating else { return nil }
    let broken = specification.constraints.compactMap { constraint -> String? in
      let value = trial.lastReport?.values[constraint.metric] ?? .nan
      guard constraint.violation(of: value) > 0 else { return nil }
      return "\(constraint.metric.visible) is \(NumberText.short(value))"
    }
    let bounds = specification.constraints.map(\.description.visible).joined(separator: ", ")
    return "no trial keeps \(bounds); trial \(trial.number) comes closest: "
      + broken.joined(separator: ", ")
  }

  /// The result as text.
  var text: String {
    if let infeasibility, leading == nil { return infeasibility }
    if specification.objectives.count > 1 { return Self.table(trials, specification) }
    guard let best = trials.first, let value = best.values?.first else {
      guard let lead, let leading else { return "no trial is complete yet" }
      return ([lead] + Self.lines(leading.assignment.active)).joined(separator: "\n")
    }
    let first =
      "\(specification.objectives[0].metric.visible) \(NumberText.short(value))  "
      + "(trial \(best.number) of \(summary.trials))"
    let others = lead.map { ["better so far: \($0)"] } ?? []
    return ([first] + Self.lines(best.assignment.active) + others).joined(separator: "\n")
  }

  /// Parameters and their values, one per line.
  static func lines(_ params: [(name: String, value: ParameterValue)]) -> [String] {
    let width = params.map(\.name.count).max() ?? 0
    return params.map { name, value in
      let space = String(repeating: " ", count: width - name.count)
      return "  \(name)\(space)  \(value.description.visible)"
    }
  }

  /// Trials with all their metrics, objectives first, and parameters.
  static func table(_ trials: [Trial], _ specification: StudySpecification) -> String {
    let objectives = specification.objectives.map(\.metric)
    let reported = Set(
      trials.flatMap { trial in trial.lastReport.map { Array($0.values.keys) } ?? [] })
    let metrics = objectives + reported.subtracting(objectives).sorted()
    var table = TextTable(["trial"] + metrics + specification.space.parameters.map(\.name))
    for trial in trials {
      let values = metrics.enumerated().map { place, metric in
        let objective = place < objectives.count ? place : nil
        return trial.value(of: metric, objective: objective).map(NumberText.short) ?? ""
      }
      let params = trial.assignment.values.map { $0.map(Self.cell) ?? "" }
      table.add(["\(trial.number)"] + values + params)
    }
    return table.text
  }

  static func cell(_ value: ParameterValue) -> String {
    if case .float(let number) = value { NumberText.short(number) } else { value.description }
  }

  /// The command line of a trial; nil for studies without program, and persistent ones.
  func command(of trial: Trial) throws -> [String]? {
    try TrialCommand.words(of: trial, in: specification, folders)
  }

  /// The last checkpoint of the best trial, or of the leading one where none is complete; nil: there is none.
  var checkpoint: CheckpointRecord? {
    guard specification.objectives.count == 1, let trial = trials.first ?? leading else {
      return nil
    }
    return folders.savedCheckpoint(of: trial).map { CheckpointRecord($0, of: trial.number) }
  }

  /// How many trials are in each state, in words: `97 complete, 3 failed`.
  var counts: String {
    let order: [TrialState.Kind] = [.complete, .pruned, .failed, .running, .paused, .waiting]
    let parts = order.compactMap { kind in summary.counts[kind].map { "\($0) \(kind.rawValue)" } }
    return parts.isEmpty ? "no trials" : parts.joined(separator: ", ")
  }
}

/// The output of `tune`, `resume`, `worker`, `best` and `front` with `--json`.
struct StudyRecord: Encodable {
  var study, store: String
  var seed: UInt64
  var sampler: String
  var scheduler: String
  var objectives: [Objective]
  /// By state.
  var trials: [TrialState.Kind: Int]
  /// The best trial; null with several objectives.
  @OrNull var best: TrialRecord? = nil
  /// The best partially trained trial, if it is better; else null.
  @OrNull var leading: TrialRecord? = nil
  /// Its command line; null for persistent programs.
  @OrNull var command: [String]? = nil
  /// The state of its last checkpoint, or of the leading trial's where none is complete; null if there is
  /// none, and with several objectives.
  @OrNull var checkpoint: CheckpointRecord? = nil
  /// With several objectives, the Pareto front; else null.
  @OrNull var front: [TrialRecord]? = nil
  /// Of `tune`, `resume` and `worker`: budget, exhausted, timeout, stopped, rule or failures.
  var ending: String?
  /// Why a rule ended it.
  var reason: String?
  /// Of `retry`: the numbers of the trials that will run again.
  var retried: [Int]?
  /// Of `tune`, `resume` and `retry`: the folder of the results, if there is one.
  var output: String?

  init(
    _ result: StudyResult, store: String, ending: String? = nil, reason: String? = nil,
    retried: [Int]? = nil, output: String? = nil
  ) throws {
    let specification = result.specification
    study = specification.name
    self.store = store
    seed = specification.seed
    sampler = specification.method.sampler.name
    scheduler = specification.method.scheduler.name
    objectives = specification.objectives
    trials = result.summary.counts
    self.ending = ending
    self.reason = reason
    leading = result.leading.map { TrialRecord($0, specification) }
    checkpoint = result.checkpoint
    self.retried = retried
    self.output = output
    if specification.objectives.count > 1 {
      front = result.trials.map { TrialRecord($0, specification) }
    } else if let trial = result.trials.first {
      best = TrialRecord(trial, specification)
      command = try result.command(of: trial)
    }
  }
}
