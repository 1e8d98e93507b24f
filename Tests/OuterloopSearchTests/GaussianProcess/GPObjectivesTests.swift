import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// `gp` with several objectives.
@Suite struct GPObjectivesTests {
  static func space(_ bounds: [ClosedRange<Double>]) throws -> SearchSpace {
    var space = SearchSpace()
    for (place, range) in bounds.enumerated() { _ = try space.float("x\(place)", range) }
    return space
  }

  /// What is missing of the front's hypervolume after some trials.
  static func missing(
    _ problem: MultiObjectiveTestProblem, _ method: SearchMethod, trials: Int, seed: UInt64
  ) throws -> Double {
    let specification = try StudySpecification(
      name: "s", space: space(problem.bounds),
      objectives: (0..<problem.objectives).map { .minimize("f\($0)") },
      method: method.description, seed: seed)
    var study = try SearchSimulation(specification, method)
    try study.run(trials) {
      .complete(problem.values($0.assignment.values.compactMap { $0?.number }))
    }
    let points = try ObjectivePoints(
      study.trials.compactMap(\.values), objectives: problem.objectives)
    return try problem.hypervolume
      - points.hypervolume(reference: Array(repeating: 1.1, count: problem.objectives))
  }

  static let problems: [MultiObjectiveTestProblem] = [
    .zdt1(6), .zdt2(4), .dtlz2(objectives: 2, dimensions: 6), .dtlz2(objectives: 3, dimensions: 5),
  ]

  /// Pairs of searches with the same seed: without a difference 10 wins or more of 12 have probability .019,
  /// 11 or more .003 (sign test).
  @Test func missesLessThanOthers() throws {
    var wins = (random: 0, tpe: 0)
    for problem in Self.problems {
      for seed: UInt64 in 1...3 {
        let gp = try Self.missing(problem, .gp(), trials: 60, seed: seed)
        if try gp < Self.missing(problem, .random, trials: 60, seed: seed) { wins.random += 1 }
        if try gp < Self.missing(problem, .tpe(), trials: 60, seed: seed) { wins.tpe += 1 }
      }
    }
    #expect(wins.random >= 11, "\(wins)")
    #expect(wins.tpe >= 10, "\(wins)")
  }

  /// Two workers and more, failures and pruned trials among others.
  @Test(arguments: [2, 3])
  func takesPendingTrials(_ objectives: Int) throws {
    let problem = MultiObjectiveTestProblem.dtlz2(objectives: objectives, dimensions: 4)
    let specification = try StudySpecification(
      name: "s", space: Self.space(problem.bounds),
      objectives: (0..<objectives).map { .minimize("f\($0)") },
      method: SearchMethod.gp().description, seed: 4)
    var study = try SearchSimulation(specification, .gp())
    var open: [Trial] = []
    for _ in 0..<40 {
      open.append(try #require(try study.ask()))
      guard open.count == 4 else { continue }
      let trial = open.removeFirst()
      switch trial.number % 7 {
      case 5: try study.tell(trial.number, .failed(.error, message: nil))
      case 6: try study.tell(trial.number, .pruned)
      default:
        try study.tell(
          trial.number,
          .complete(problem.values(trial.assignment.values.compactMap { $0?.number })))
      }
    }
    #expect(Set(study.trials.map(\.assignment)).count == 40)
  }

  @Test func takesUpToThreeObjectives() throws {
    let specification = try StudySpecification(
      name: "gp", space: Self.space([0...1]),
      objectives: ["a", "b", "c", "d"].map { .minimize($0) },
      method: SearchMethod.gp().description, seed: 1)
    #expect(
      throws: StudyError(
        "gp takes up to three objectives, not 4",
        "use the sampler tpe, or nsga3 for thousands of trials")
    ) {
      try SearchMethod.gp().searcher(specification)
    }
  }
}
