import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct ExpectedImprovementTests {
  static let cases = GaussianProcessReference.recorded.cases

  private func process(_ item: GaussianProcessReference.Case) throws -> GaussianProcess {
    try #require(
      try GaussianProcess(
        item.kernelPoints(item.points), outputs: item.outputs, item.parameters))
  }

  /// Alone, with a constraint, and with two pending points.
  private func acquisitions(
    _ item: GaussianProcessReference.Case
  ) throws -> [(String, ExpectedImprovement)] {
    let process = try process(item)
    let constraint = ExpectedImprovement.Constraint(
      try #require(
        try GaussianProcess(
          item.kernelPoints(item.points), outputs: item.outputs.map { $0 * $0 }, item.parameters)),
      atMost: 0.4)
    let imagined = process.imagining(
      item.kernelPoints(Array(item.queries.suffix(2))),
      normals: [[0.5, -1], [-0.4, 0.3], [1.3, 1.1], [-1, -0.2]])
    return [
      ("plain", ExpectedImprovement(process)),
      ("constrained", ExpectedImprovement(process, constraints: [constraint])),
      (
        "nothing feasible",
        ExpectedImprovement(
          process, constraints: [constraint], isFeasible: { _ in false })
      ),
      ("pending", ExpectedImprovement(imagined)),
      ("pending, constrained", ExpectedImprovement(imagined, constraints: [constraint])),
    ]
  }

  /// log EI from means and variances by the textbook formula, and log P from its own.
  @Test(arguments: cases)
  func equalsItsFormula(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let queries = item.kernelPoints(Array(item.queries.prefix(4)))
    let best = try #require(process.smoothed.min())
    let (means, variances) = process.predict(queries)
    let values = ExpectedImprovement(process).values(at: queries)
    for place in values.indices {
      let sigma = (variances[place] + 1e-12).squareRoot()
      let u = (best - means[place]) / sigma
      let density = exp(-u * u / 2) / (2 * .pi).squareRoot()
      let ei = sigma * (density + u * 0.5 * erfc(-u / 2.0.squareRoot()))
      #expect(abs(values[place] - log(ei)) < 1e-7 * max(1, abs(log(ei))))
    }
  }

  /// With pending points it is the logarithm of the average over the draws of the improvement beyond each.
  @Test(arguments: cases)
  func averagesOverDraws(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let queries = item.kernelPoints(Array(item.queries.prefix(3)))
    let pending = item.kernelPoints(Array(item.queries.suffix(2)))
    let normals = [[0.5, -1], [-0.4, 0.3], [1.3, 1.1]]
    let together = ExpectedImprovement(process.imagining(pending, normals: normals))
      .values(at: queries)
    let single = normals.map {
      ExpectedImprovement(process.imagining(pending, normals: [$0])).values(at: queries)
    }
    for place in together.indices {
      let mean = single.reduce(0) { $0 + exp($1[place]) } / Double(single.count)
      #expect(abs(together[place] - log(mean)) < 1e-9)
    }
  }

  @Test(arguments: cases)
  func gradientsAreDifferences(_ item: GaussianProcessReference.Case) throws {
    for (name, acquisition) in try acquisitions(item) {
      item.expectSlopes(of: acquisition, within: 1e-5, name)
    }
  }

  /// What runs is not tried again: its value falls when it is pending, however many run.
  @Test(arguments: cases)
  func keepsAwayFromPending(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let query = item.kernelPoints([item.queries[1]])
    let before = ExpectedImprovement(process).values(at: query)[0]
    let after = ExpectedImprovement(
      process.imagining(query, normals: (0..<8).map { [Double($0) / 4 - 0.9] })
    ).values(at: query)[0]
    #expect(after < before)
    // The same point many times, which rounding cannot tell apart.
    let many = item.kernelPoints(Array(repeating: item.queries[1], count: 30))
    let crowd = process.imagining(many, normals: [[Double](repeating: 0.1, count: 30)])
    #expect(ExpectedImprovement(crowd).values(at: query)[0].isFinite)
  }

  /// More points than a block.
  @Test func blocksAreOneWhole() throws {
    let item = Self.cases[0]
    let acquisition = ExpectedImprovement(try process(item))
    let points = (0..<300).map { _ in item.queries }.flatMap { $0 }
    let values = acquisition.values(at: item.kernelPoints(points))
    let single = acquisition.values(at: item.kernelPoints(item.queries))
    for (place, value) in values.enumerated() {
      #expect(abs(value - single[place % single.count]) < 1e-9 * max(1, abs(value)))
    }
  }
}
