import OuterloopNumerics
import OuterloopSearch
import OuterloopTesting
import Testing

/// The problems have the optima they claim: a wrong constant would judge every searcher wrongly.
@Suite struct TestProblemTests {
  @Test(arguments: TestProblem.all) func optimaAreMinima(_ problem: TestProblem) throws {
    for place in problem.optima {
      #expect(place.count == problem.bounds.count)
      #expect(zip(place, problem.bounds).allSatisfy { $1.contains($0) })
      let least = problem.value(place)
      #expect(abs(least - problem.optimum) < 5e-6, "\(problem.name): \(least)")
      for variable in place.indices {
        let moved = { (step: Double) in
          var x = place
          x[variable] += step
          return problem.value(x)
        }
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        #expect(abs(slope) < 2e-3, "\(problem.name): \(slope)")
        #expect(moved(1e-2) > least && moved(-1e-2) > least)
      }
    }
  }

  /// No point of a space-filling design is better, the corners of the box included.
  @Test(arguments: TestProblem.all) func nothingIsBetter(_ problem: TestProblem) throws {
    let cube = try SobolSequence(dimensions: problem.bounds.count, key: RandomKey(seed: 1))
    let corners = (0..<1 << problem.bounds.count).map { corner in
      problem.bounds.indices.map { Double(corner >> $0 & 1) }
    }
    for point in cube.points(count: 4096) + corners {
      let x = zip(point, problem.bounds).map { share, range in
        range.lowerBound + (range.upperBound - range.lowerBound) * share
      }
      let value = problem.value(x)
      #expect(value.isFinite && value >= problem.optimum - 1e-6)
    }
  }

  /// The optimum of the table is published to fewer digits than this.
  @Test func closedForms() {
    #expect(abs(TestProblem.branin.optimum - 0.397887) < 5e-7)
    #expect(TestProblem.branin.value([9.42478, 2.475]) < 0.3978874)
    #expect(TestProblem.ackley(3).value([0, 0, 0]) == 0)
    #expect(abs(TestProblem.ackley(2).value([1, 1]) - 3.6253849384) < 1e-9)
    #expect(TestProblem.rosenbrock(2).value([-1, 2]) == 104)
    #expect(TestProblem.sphere(3).value([1, 2, 3]) == 14)
  }

  // MARK: Several objectives

  static let fronts =
    MultiObjectiveTestProblem.all + [.dtlz1(objectives: 2), .dtlz2(objectives: 4), .zdt1(5)]

  @Test(arguments: fronts) func optimaAreOnTheFront(_ problem: MultiObjectiveTestProblem) throws {
    let free = try SobolSequence(dimensions: problem.objectives - 1, key: RandomKey(seed: 2))
    let values = free.points(count: 200).map { problem.values(problem.optimalPoint($0)) }
    for value in values {
      #expect(value.count == problem.objectives)
      #expect(abs(problem.excess(value)) < 1e-12, "\(problem.name)")
    }
    #expect(
      try ObjectivePoints(values, objectives: problem.objectives).paretoFront().count == 200)
  }

  @Test(arguments: fronts) func nothingIsBeyondTheFront(_ problem: MultiObjectiveTestProblem) throws
  {
    let cube = try SobolSequence(dimensions: problem.bounds.count, key: RandomKey(seed: 3))
    for point in cube.points(count: 2048) {
      #expect(problem.excess(problem.values(point)) > -1e-12)
    }
  }

  /// The volume of many points of the front comes near its closed form, from below.
  @Test(arguments: fronts) func hypervolumesAreThoseOfTheFront(
    _ problem: MultiObjectiveTestProblem
  ) throws {
    let free = try SobolSequence(dimensions: problem.objectives - 1)
    let count = [2: 4096, 3: 4096][problem.objectives] ?? 512
    let corners = (0..<1 << (problem.objectives - 1)).map { corner in
      (0..<problem.objectives - 1).map { Double(corner >> $0 & 1) }
    }
    let values = (free.points(count: count) + corners).map {
      problem.values(problem.optimalPoint($0))
    }
    let volume = try ObjectivePoints(values, objectives: problem.objectives).hypervolume(
      reference: Array(repeating: 1.1, count: problem.objectives))
    let gap = [2: 1e-3, 3: 0.025][problem.objectives] ?? 0.15
    #expect(
      volume < problem.hypervolume && volume > problem.hypervolume - gap,
      "\(problem.name): \(volume) of \(problem.hypervolume)")
  }
}
