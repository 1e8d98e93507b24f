import OuterloopNumerics
import OuterloopSearch
import Testing

/// What is found without most variances is what all of them say.
@Suite struct HighestScoresTests {
  private typealias Case = CurveProcessTests.Case

  /// A process with a fantasy, and queries at several times on curves that it knows and others.
  private func setting(
    _ noise: Double = 0.03
  ) throws -> (process: CurveProcess, queries: CurveQueries) {
    let item = try Case(curves: 9, rows: 40)
    var parameters = item.parameters
    parameters.kernel.noise = noise
    var process = try #require(try CurveProcess(item.rows, parameters))
    process.observe(item.outputs)
    let isBelieved = process.append(curve: 2, time: 0.95)
    #expect(isBelieved)
    var queries = CurveQueries(item.layout)
    for curve in 0..<9 {
      queries.append(
        item.rows.curves.selecting(curve..<curve + 1), curve: curve, time: curve < 4 ? 1 : 0.8)
    }
    let numbers = try RandomKey(seed: 6).uniform([300, 3], dtype: .float64).scalars(Double.self)
    var points = KernelPoints(item.layout)
    for i in 0..<300 {
      points.append([
        Array(numbers[3 * i..<3 * i + 2]), i % 4 == 1 ? nil : [numbers[3 * i + 2]],
      ])
    }
    queries.append(contentsOf: points, times: (0..<300).map { $0 % 3 == 0 ? 0.5 : 1 })
    return (process, queries)
  }

  @Test func boundsHold() throws {
    for noise in [0.03, 1e-6] {
      let (process, queries) = try setting(noise)
      let (means, most) = HighestScores(process, queries).estimates()
      let (expected, variances) = process.predict(queries)
      for q in means.indices {
        #expect(abs(means[q] - expected[q]) < 1e-9 * max(1, abs(expected[q])) / noise.squareRoot())
        #expect(most[q] + noise >= variances[q] - 1e-9, "query \(q)")
      }
      // Better than the prior's where something near is known.
      #expect(most[0] < 0.7)
    }
  }

  /// Thresholds below and above all means, so that variances count for and against a query.
  @Test(arguments: [-3.0, 0, 0.5, 1, 2, 4])
  func highestIsHighest(_ threshold: Double) throws {
    let (process, queries) = try setting()
    let rule = RandomThreshold(best: threshold, worst: threshold - 1e-9, upTo: 10, (0.5, 0.5))
    let (means, variances) = process.predict(queries)
    let all = means.indices.map { rule.score(mean: means[$0], variance: variances[$0]) }
    let found = HighestScores(process, queries).scores {
      rule.score(mean: $1, variance: $2)
    }
    let highest = try #require(all.max())
    #expect(abs((found.max() ?? 0) - highest) < 1e-9)
    #expect(found.firstIndex(of: found.max() ?? 0) == all.firstIndex(of: highest))
    for (one, other) in zip(found, all) {
      if one.isFinite {
        #expect(abs(one - other) < 1e-8)
      } else {
        #expect(other <= highest)
      }
    }
    // Far thresholds are decided by a few dozen of the variances.
    if threshold == 2 { #expect(found.count { $0.isFinite } < found.count) }
  }
}
