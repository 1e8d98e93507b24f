import OuterloopSearch
import OuterloopStudy
import OuterloopTesting

/// What a made-up trial reports, and how it ends.
struct Told {
  var metrics: [String: Double]
  var end: End = .complete

  enum End { case complete, pruned, failed }
}

extension SearchSimulation {
  /// Runs trials that report more than objectives.
  mutating func run(_ count: Int, telling tell: (Assignment) -> Told) throws {
    for _ in 0..<count {
      guard let trial = try ask() else { return }
      let told = tell(trial.assignment)
      try take(.reported(attempt: trial.attempt, Report(epoch: 1, told.metrics)), of: trial.number)
      let values = specification.objectives.map { told.metrics[$0.metric] ?? .nan }
      let outcome: Outcome =
        switch told.end {
        case .complete: .complete(values)
        case .pruned: .pruned
        case .failed: .failed(.error, message: nil)
        }
      try take(.finished(attempt: trial.attempt, outcome), of: trial.number)
    }
  }

  var assignments: [Assignment] { trials.map(\.assignment) }
}

extension StudySpecification {
  static func tpe(
    _ parameters: [String], _ objectives: [Objective] = [.minimize("y")], seed: Int = 1,
    constraints: [OutcomeConstraint] = [], cost: TrialCost? = nil, priors: [ParameterPrior] = []
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: SearchSpace(parsing: parameters),
      objectives: objectives, constraints: constraints, cost: cost, priors: priors,
      method: SearchMethod.tpe().description, seed: UInt64(seed))
  }
}
