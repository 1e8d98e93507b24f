import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// Bounds on what trials report, with one objective and several.
@Suite struct OutcomeConstraintTests {
  /// Losses and further metrics of a configuration.
  struct Problem: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bounds: [ClosedRange<Double>]
    var constraints: [OutcomeConstraint]
    var reference: [Double]
    var values: @Sendable ([Double]) -> (losses: [Double], others: [String: Double])
  }

  /// Branin within a disc that leaves a fifth of the box, and none of the three minima at its rim.
  static let disc = Problem(
    testDescription: "Branin in a disc", bounds: [-5...10, 0...15],
    constraints: [OutcomeConstraint("distance", .atMost, 14)], reference: [1e3]
  ) { x in
    let (dx, dy) = (x[0] - 5, x[1] - 4)
    return ([TestProblem.branin.value(x)], ["distance": dx * dx + dy * dy])
  }

  /// The sum of squares where the sum is at least 3: one in 24 configurations, and the minimum at the rim.
  static let corner = Problem(
    testDescription: "corner", bounds: Array(repeating: 0...1, count: 4),
    constraints: [OutcomeConstraint("sum", .atLeast, 3)], reference: [5]
  ) { x in ([x.reduce(0) { $0 + $1 * $1 }], ["sum": x.reduce(0, +)]) }

  /// BNH (Binh and Korn 1997).
  static let bnh = Problem(
    testDescription: "BNH", bounds: [0...5, 0...3],
    constraints: [OutcomeConstraint("c1", .atMost, 25), OutcomeConstraint("c2", .atLeast, 7.7)],
    reference: [140, 50]
  ) { x in
    let (a, b) = (x[0], x[1])
    return (
      [4 * a * a + 4 * b * b, (a - 5) * (a - 5) + (b - 5) * (b - 5)],
      ["c1": (a - 5) * (a - 5) + b * b, "c2": (a - 8) * (a - 8) + (b + 3) * (b + 3)]
    )
  }

  /// C2-DTLZ2 (Jain and Deb 2014) of two objectives and six numbers: a quarter of a circle, of which only what is
  /// within .2 of its ends or of its middle is allowed,
  ///
  ///     min( min over i of (f_i - 1)^2 + sum over j != i of f_j^2,   sum over i of (f_i - 1/sqrt 2)^2 )  <=  .04
  static let arcs = Problem(
    testDescription: "C2-DTLZ2", bounds: Array(repeating: 0...1, count: 6),
    constraints: [OutcomeConstraint("c", .atMost, 0.04)], reference: [1.1, 1.1]
  ) { x in
    let radius = 1 + x.dropFirst().reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) }
    let f = [radius * cos(x[0] * .pi / 2), radius * sin(x[0] * .pi / 2)]
    let square = { (a: Double, b: Double) in (f[0] - a) * (f[0] - a) + (f[1] - b) * (f[1] - b) }
    let middle = 0.5.squareRoot()
    return (f, ["c": min(square(1, 0), square(0, 1), square(middle, middle))])
  }

  /// The hypervolume of what keeps the constraints.
  static func volume(
    _ problem: Problem, _ method: SearchMethod, trials: Int, seed: UInt64
  ) throws -> Double {
    var specification = try StudySpecification.small(
      GPObjectivesTests.space(problem.bounds),
      problem.reference.indices.map { .minimize("f\($0)") }, method.description, seed: seed)
    specification.constraints = problem.constraints
    var study = try SearchSimulation(specification, method)
    for _ in 0..<trials {
      guard let trial = try study.ask() else { break }
      let (losses, others) = problem.values(trial.assignment.numbers)
      try study.tell(trial.number, .complete(losses), others: others)
    }
    let kept = study.trials.filter { specification.isFeasible($0) }.compactMap(\.values)
    return try ObjectivePoints(kept, objectives: problem.reference.count)
      .hypervolume(reference: problem.reference)
  }

  static let rows: [(String, Problem, Int)] = [
    ("gp", disc, 30), ("gp", corner, 30), ("gp", bnh, 30), ("gp", arcs, 30),
    ("nsga2", disc, 150), ("nsga2", corner, 150), ("nsga2", bnh, 300), ("nsga3", bnh, 300),
    ("nsga2", arcs, 300), ("nsga3", arcs, 300),
    ("de", disc, 150), ("de", corner, 150), ("cmaes", disc, 150), ("cmaes", corner, 150),
    ("catcma", disc, 150), ("catcma", corner, 150),
  ]

  /// Pairs of searches with the same seed: without a difference 10 wins or more of 10 have probability .001,
  /// 9 or more .011 (sign test).
  @Test(arguments: rows)
  func findsMoreThanRandom(_ row: (String, Problem, Int)) throws {
    let (name, problem, trials) = row
    let method = try SearchMethod.named(MethodDescription(ComponentDescription(name)))
    var wins = 0
    for seed: UInt64 in 1...10 {
      let found = try Self.volume(problem, method, trials: trials, seed: seed)
      if try found > Self.volume(problem, .random, trials: trials, seed: seed) { wins += 1 }
    }
    #expect(wins >= 9, "\(name), \(problem.testDescription): \(wins) of 10")
  }

  /// A bound that nothing keeps at first is found by its own model: the region is a thousandth of the box.
  @Test func findsWhatKeepsABound() throws {
    var problem = Self.corner
    problem.constraints = [OutcomeConstraint("sum", .atLeast, 3.6)]
    for seed: UInt64 in 1...3 {
      #expect(try Self.volume(problem, .gp(), trials: 25, seed: seed) > 0, "seed \(seed)")
    }
  }

  /// Workers that ask before anything is told keep apart, also where nothing keeps the bound yet.
  @Test(arguments: [3.6, 2])
  func workersKeepApart(_ bound: Double) throws {
    var specification = try StudySpecification.small(
      GPObjectivesTests.space(Self.corner.bounds), [.minimize("f0")],
      SearchMethod.gp().description, seed: 2)
    specification.constraints = [OutcomeConstraint("sum", .atLeast, bound)]
    var study = try SearchSimulation(specification, .gp())
    for _ in 0..<12 {
      let trial = try #require(try study.ask())
      let (losses, others) = Self.corner.values(
        trial.assignment.numbers)
      try study.tell(trial.number, .complete(losses), others: others)
    }
    var places: [[Double]] = []
    for _ in 0..<6 {
      let trial = try #require(try study.ask())
      places.append(trial.assignment.numbers)
    }
    for i in places.indices {
      for j in 0..<i {
        let square = zip(places[i], places[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        #expect(square.squareRoot() > 0.02, "\(i), \(j)")
      }
    }
  }
}
