public import OuterloopStudy

/// What every scheduler must satisfy, with any sampler. Each law returns what is wrong, and throws a
/// `StudyError` for settings that no law supports.
public enum SchedulerLaws {
  /// The space of all laws.
  private static func specification(
    _ method: SearchMethod, _ objectives: [Objective], _ priors: [ParameterPrior], epochs: Int
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "law",
      space: SearchSpace([
        ParameterDeclaration(parsing: "x=float(0, 1)"),
        ParameterDeclaration(parsing: "kind=choice(a, b)"),
      ]),
      objectives: objectives, priors: priors, method: method.description, seed: 5, epochs: epochs)
  }

  /// A curve that decreases to a level that depends on the configuration; some curves cross.
  public static func loss(_ assignment: Assignment, _ epoch: Int) -> Double {
    let values = assignment.values.compactMap(\.self)
    let x = values.first?.number ?? 0
    let level = (x - 0.3) * (x - 0.3) + (values.last == ParameterValue(plain: "a") ? 0 : 0.1)
    return level + (0.2 + x) / Double(epoch)
  }

  private static func run(
    _ method: SearchMethod, trials: Int, epochs: Int, workers: Int, priors: [ParameterPrior],
    objectives: [Objective] = [.minimize("loss")], checkpoints: Bool = true,
    _ report: (Trial, Int) -> TrainingSimulation.Report
  ) throws -> TrainingSimulation {
    guard 1...10_000 ~= trials, 2...10_000 ~= epochs else {
      throw StudyError(
        "a law of schedulers is not checked by \(trials) trials of \(epochs) epochs",
        "use 1 to 10,000 trials of 2 to 10,000 epochs")
    }
    var simulation = try TrainingSimulation(
      try specification(method, objectives, priors, epochs: epochs), method, workers: workers)
    simulation.firstCheckpoint = checkpoints ? 1 : nil
    try simulation.run(trials: trials, report)
    return simulation
  }

  /// Proposals are reproducible and respect epochs and budget, and replaying any prefix of the log gives
  /// the proposals made then.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func replays(
    _ method: SearchMethod, trials: Int, epochs: Int, workers: Int, priors: [ParameterPrior] = []
  ) throws -> [String] {
    let simulation = try run(
      method, trials: trials, epochs: epochs, workers: workers, priors: priors
    ) {
      .values([loss($0.assignment, $1)])
    }
    var wrong = simulation.wrong
    let study = simulation.study
    if study.trials.count != trials { wrong.append("\(study.trials.count) of \(trials) trials") }
    if !study.trials.contains(where: { $0.state == .complete }) { wrong.append("none is complete") }
    for event in study.events {
      let (expected, seen): (Proposal, Int)
      switch event.kind {
      case .suggested(let assignment, let through, let revision):
        (expected, seen) = (.start(assignment, through: through), revision)
      case .continued(let through, let revision):
        (expected, seen) = (.advance(trial: event.trial, through: through), revision)
      default: continue
      }
      guard event.revision % 5 == 2 || event.trial == trials - 1 else { continue }
      var again = try SearchSimulation(
        study.specification, method, replaying: Array(study.events.prefix(seen)))
      let number = again.trials.count
      if try again.propose(number < trials ? number : nil) != expected {
        wrong.append("a replay up to event \(seen) does not propose \(expected)")
      }
    }
    return wrong
  }

  /// Minimising f and maximising -f are the same, event by event; so are f and 4 f + 2 where the method is
  /// scale-free.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func knowsDirection(
    _ method: SearchMethod, trials: Int, epochs: Int, scaleFree: Bool = true,
    priors: [ParameterPrior] = []
  ) throws -> [String] {
    func events(_ objective: Objective, _ f: @escaping (Double) -> Double) throws -> [Step] {
      let simulation = try run(
        method, trials: trials, epochs: epochs, workers: 3, priors: priors, objectives: [objective]
      ) { .values([f(loss($0.assignment, $1))]) }
      return simulation.study.events.map(Step.init)
    }
    let small = try events(.minimize("loss")) { $0 }
    var wrong: [String] = []
    if try events(.maximize("loss"), { -$0 }) != small {
      wrong.append("maximizing -f is not minimizing f")
    }
    if scaleFree, try events(.minimize("loss"), { 4 * $0 + 2 }) != small {
      wrong.append("scale and offset of the loss matter")
    }
    return wrong
  }

  /// An event without the values that were reported.
  private struct Step: Equatable {
    let trial: Int
    let kind: Event.Kind?

    init(_ event: Event) {
      trial = event.trial
      switch event.kind {
      case .reported, .extended: kind = nil
      case .finished(let attempt, .complete, _):
        kind = .finished(attempt: attempt, .complete([]))
      default: kind = event.kind
      }
    }
  }

  /// NaN values, ties, failures, silent programs, programs without checkpoints: whatever happens, the study
  /// ends, and a replay agrees with it.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func survives(
    _ method: SearchMethod, trials: Int, epochs: Int, priors: [ParameterPrior] = []
  ) throws -> [String] {
    let histories: [(String, Bool, @Sendable (Trial, Int) -> TrainingSimulation.Report)] = [
      ("equal", true, { _, _ in .values([1]) }),
      ("never a number", true, { _, _ in .values([.nan]) }),
      (
        "NaN now and then", true,
        { trial, epoch in
          .values([(trial.number + epoch) % 4 == 0 ? Double.nan : Double(trial.number)])
        }
      ),
      ("infinite", true, { trial, _ in .values([trial.number % 2 == 0 ? .infinity : -.infinity]) }),
      ("huge", true, { trial, _ in .values([trial.number % 2 == 0 ? 1e308 : -1e308]) }),
      ("silent", true, { _, _ in .silence }),
      ("every third epoch", true, { $1 % 3 == 0 ? .values([Double($0.number % 5)]) : .silence }),
      ("all fail", true, { _, _ in .failure(.error) }),
      ("half fail", true, { $0.number % 2 == 0 ? .failure(.timeout) : .values([Double($1)]) }),
      ("fail later", true, { $1 > 1 && $0.number % 3 == 0 ? .failure(.error) : .values([1.0]) }),
      (
        "lost", true,
        { trial, _ in trial.number % 3 == 0 ? .failure(.lost) : .values([Double(trial.number)]) }
      ),
      ("no checkpoints", false, { .values([loss($0.assignment, $1)]) }),
    ]
    var wrong: [String] = []
    for (name, checkpoints, report) in histories {
      let simulation = try run(
        method, trials: trials, epochs: epochs, workers: 3, priors: priors,
        checkpoints: checkpoints, report)
      wrong += simulation.wrong.map { "\(name): \($0)" }
      let study = simulation.study
      if study.trials.count != trials { wrong.append("\(name): \(study.trials.count) trials") }
      if study.history.runningCount > 0 { wrong.append("\(name): trials run on") }
      var again = try SearchSimulation(study.specification, method, replaying: study.events)
      if try again.propose(nil) != .exhausted { wrong.append("\(name): a replay has more to do") }
    }
    return wrong
  }

  /// Several objectives and a constraint on results.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func takesObjectives(
    _ method: SearchMethod, trials: Int, epochs: Int, priors: [ParameterPrior] = []
  ) throws -> [String] {
    let simulation = try run(
      method, trials: trials, epochs: epochs, workers: 2, priors: priors,
      objectives: [.minimize("loss"), .maximize("speed")]
    ) { trial, epoch in
      let value = loss(trial.assignment, epoch)
      return .values([value, value - (trial.assignment.values.first??.number ?? 0)])
    }
    return simulation.wrong
      + (simulation.study.trials.contains { $0.state == .complete } ? [] : ["none is complete"])
  }
}
