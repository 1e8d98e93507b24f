public import OuterloopStudy

extension SearcherLaws.Case {
  /// The derivatives of `loss` with respect to the numbers of a configuration. With u = (x -
  /// start)/width, or the same of log x,
  ///
  ///     d(u - 0.3)^2/dx = 2 (u - 0.3)/width,   over x on a log scale.
  public func gradient(_ assignment: Assignment) -> [String: Double] {
    var gradient: [String: Double] = [:]
    for (parameter, value) in zip(space.parameters, assignment.values) {
      guard let number = value?.number, let range = parameter.domain.range, range.width > 0 else {
        continue
      }
      let slope = 2 * (range.unit(of: number) - 0.3) / range.width
      gradient[parameter.name] = range.isLog ? slope / number : slope
    }
    return gradient
  }
}

// Laws of methods that use derivatives of the objective.
extension SearcherLaws {
  /// With derivatives, a method is still reproducible, replays, stays in the space, and is symmetric in
  /// the direction: minimising f with its gradient equals maximising -f with the gradient of -f.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func takesGradients(
    _ method: SearchMethod, _ item: Case, trials: Int
  ) throws -> [String] {
    try require(trials: trials)
    var wrong: [String] = []
    let specification = try specification(item, method)
    var study = try SearchSimulation(specification, method)
    for _ in 0..<trials {
      let first = try study.propose()
      if try study.propose() != first {
        wrong.append("asking twice before trial \(study.trials.count) gives two answers")
      }
      guard let trial = try study.ask() else { break }
      try study.tell(
        trial.number, .complete([item.loss(trial.assignment)]),
        gradient: item.gradient(trial.assignment))
    }
    for cut in [trials / 2, trials - 1] {
      guard let event = study.events.first(where: { $0.trial == cut }),
        case .suggested(let assignment, let through, let seen) = event.kind
      else { continue }
      var again = try SearchSimulation(
        specification, method, replaying: Array(study.events.prefix(seen)))
      if try again.propose() != .start(assignment, through: through) {
        wrong.append("a replay up to trial \(cut) proposes something else")
      }
    }
    var mirrored = try SearchSimulation(
      self.specification(item, method, objectives: [.maximize("loss")]), method)
    try run(&mirrored, trials) { trial in
      (.complete([-item.loss(trial.assignment)]), item.gradient(trial.assignment).mapValues { -$0 })
    }
    if mirrored.trials.map(\.assignment) != study.trials.map(\.assignment) {
      wrong.append("maximizing -f is not minimizing f")
    }
    return wrong + (try survivesGradients(method, item, trials: trials))
  }

  /// Derivatives that are wrong, non-finite, or of inactive or unknown parameters do not stop it.
  private static func survivesGradients(
    _ method: SearchMethod, _ item: Case, trials: Int
  ) throws -> [String] {
    let names = item.space.parameters.map(\.name) + ["", "no parameter"]
    let histories: [(String, @Sendable (Int) -> [Double])] = [
      ("not finite", { [.nan, .infinity, Double($0)] }), ("huge", { [1e308, -1e308, Double($0)] }),
      ("zero", { _ in [0] }), ("alternating", { [$0 % 2 == 0 ? 1 : -1] }),
    ]
    var wrong: [String] = []
    for (name, values) in histories {
      var study = try SearchSimulation(specification(item, method), method)
      try run(&study, trials) { trial in
        let all = values(trial.number)
        let gradient = names.enumerated().map { ($1, all[$0 % all.count]) }
        return (
          trial.number % 4 == 3
            ? .failed(.error, message: nil) : .complete([item.loss(trial.assignment)]),
          Dictionary(gradient) { $1 }
        )
      }
      for trial in study.trials where !item.space.allows(trial.assignment) {
        wrong.append("\(name): \(trial.assignment) is not allowed")
      }
      let different = Set(study.trials.map(\.assignment)).count
      if different < study.trials.count, !item.hasFewNumbers {
        wrong.append("\(name): \(study.trials.count - different) trials are repetitions")
      }
    }
    return wrong
  }

  private static func run(
    _ study: inout SearchSimulation, _ trials: Int, _ result: (Trial) -> (Outcome, [String: Double])
  ) throws {
    for _ in 0..<trials {
      guard let trial = try study.ask() else { return }
      let (outcome, gradient) = result(trial)
      try study.tell(trial.number, outcome, gradient: gradient)
    }
  }
}
