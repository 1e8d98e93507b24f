public import OuterloopStudy

// Constraints on reported metrics.
extension SearcherLaws {
  /// With a bound on a metric: results that violate it, are NaN or were never reported do not stop the search,
  /// nothing is proposed twice while the space has more, and replaying any prefix of the log gives the
  /// proposals made then; the bound "metric at most t" gives the same search as "negative metric at least -t".
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func takesConstraints(
    _ method: SearchMethod, _ item: Case, trials: Int
  ) throws -> [String] {
    try require(trials: trials)
    let histories: [(String, @Sendable (Trial, Double) -> (Outcome, Double?))] = [
      ("half keep it", { (.complete([$1]), $0.number % 2 == 0 ? 0.5 : 2) }),
      ("none keeps it", { (.complete([$1]), 2 + $1) }),
      ("all are the same", { (.complete([$1]), 2 + 0 * $1) }),
      ("it moves with the loss", { (.complete([$1]), 1.2 - $1) }),
      ("no numbers", { (.complete([$1]), $0.number % 2 == 0 ? .nan : .infinity) }),
      ("not reported", { (.complete([$1]), nil) }),
      (
        "ended early",
        { trial, loss in
          let outcomes: [Outcome] = [
            .complete([loss]), .failed(.error, message: nil), .pruned, .complete([loss]),
          ]
          return (outcomes[trial.number % 4], 0.9 + loss)
        }
      ),
    ]
    var wrong: [String] = []
    for (name, result) in histories {
      let (plain, sign) = (
        try constrained(method, item, by: OutcomeConstraint("size", .atMost, 1)), 1.0
      )
      let study = try run(plain, method, item, trials, sign, result)
      let different = Set(study.trials.map(\.assignment)).count
      let expected = min(study.trials.count, item.space.count(upTo: 10_000) ?? .max)
      if different < expected, !item.hasFewNumbers {
        wrong.append("\(name): \(expected - different) trials are repetitions")
      }
      for event in study.events {
        guard case .suggested(let assignment, _, let seen) = event.kind,
          event.trial % 7 == 3 || event.trial == study.trials.count - 1
        else { continue }
        var again = try SearchSimulation(plain, method, replaying: Array(study.events.prefix(seen)))
        if case .start(assignment, _) = try again.propose() { continue }
        wrong.append("\(name): a replay up to trial \(event.trial) proposes something else")
      }
      let mirrored = try constrained(method, item, by: OutcomeConstraint("size", .atLeast, -1))
      let other = try run(mirrored, method, item, trials, -1, result)
      if other.trials.map(\.assignment) != study.trials.map(\.assignment) {
        wrong.append("\(name): at most 1 is not at least -1")
      }
    }
    return wrong
  }

  private static func constrained(
    _ method: SearchMethod, _ item: Case, by constraint: OutcomeConstraint
  ) throws -> StudySpecification {
    var specification = try specification(item, method)
    specification.constraints = [constraint]
    return specification
  }

  private static func run(
    _ specification: StudySpecification, _ method: SearchMethod, _ item: Case, _ trials: Int,
    _ sign: Double, _ result: (Trial, Double) -> (Outcome, Double?)
  ) throws -> SearchSimulation {
    var study = try SearchSimulation(specification, method)
    for _ in 0..<trials {
      guard let trial = try study.ask() else { break }
      let (outcome, size) = result(trial, item.loss(trial.assignment))
      try study.tell(trial.number, outcome, others: size.map { ["size": sign * $0] } ?? [:])
    }
    return study
  }
}
