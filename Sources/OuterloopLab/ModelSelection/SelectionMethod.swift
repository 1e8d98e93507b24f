internal import OuterloopSearch
internal import OuterloopStudy

/// How architectures are searched for.
enum SelectionMethod: String, CaseIterable, Codable, Sendable {
  case random, gp, tpe
  case gpPerSecond = "gp-per-second"
  case tpePerSecond = "tpe-per-second"
  case paretoTPE = "pareto-tpe"

  var style: Int {
    switch self {
    case .random: MethodStyle.random.rawValue
    case .gp: 6
    case .tpe: 1
    case .gpPerSecond: 0
    case .tpePerSecond: 2
    case .paretoTPE: 3
    }
  }

  private var method: SearchMethod {
    switch self {
    case .random: SearchMethod(.random)
    case .gp, .gpPerSecond: SearchMethod(.gp())
    case .tpe, .tpePerSecond, .paretoTPE: SearchMethod(.tpe())
    }
  }

  /// The result of a trial.
  struct Trial: Codable, Sendable {
    var layers: Int
    /// Units of all layers together.
    var units: Int
    var error, testError, inference: Double
  }

  /// A study of `trials` trials on a table, reproducible by seed.
  func search(
    _ table: ArchitectureTable, trials: Int, seed: UInt64, _ context: ExperimentContext
  ) throws -> [Trial] {
    let isCostAware = self == .gpPerSecond || self == .tpePerSecond
    let specification = try StudySpecification(
      name: rawValue, space: table.space,
      objectives: [.minimize("error")] + (self == .paretoTPE ? [.minimize("inference")] : []),
      cost: isCostAware ? TrialCost("inference") : nil, method: method.description, seed: seed)
    var searcher = try method.searcher(specification)
    var (history, revision): (History, Int) = (History(), 0)
    func take(_ kind: Event.Kind, of trial: Int) {
      revision += 1
      let event = Event(revision: revision, time: Double(revision), trial: trial, kind)
      history.apply(event)
      searcher.observe(event, in: history)
    }
    var found: [Trial] = []
    while found.count < trials {
      try context.continueOrStop()
      let number = history.trials.count
      guard case .start(let assignment, let through) = try searcher.propose(number, in: history),
        let entry = table[assignment]
      else { break }
      take(.suggested(assignment, through: through, seen: history.revision), of: number)
      take(.claimed(attempt: 1, worker: "lab"), of: number)
      take(
        .reported(
          attempt: 1, Report(epoch: 1, ["error": entry.error, "inference": entry.inference])),
        of: number)
      let trial = history.trials[number]
      take(trial.end(of: 1, with: trial.lastReport, in: specification), of: number)
      let widths = assignment.active.dropFirst().compactMap(\.value.number)
      found.append(
        Trial(
          layers: widths.count, units: Int(widths.reduce(0, +)), error: entry.error,
          testError: entry.testError, inference: entry.inference))
    }
    return found
  }
}
