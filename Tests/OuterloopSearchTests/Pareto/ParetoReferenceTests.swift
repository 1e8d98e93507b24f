import OuterloopSearch
import Testing

/// Ranks, volumes, subsets, crowding and reference points as Optuna 5 finds them.
@Suite struct ParetoReferenceTests {
  @Test(arguments: OptunaCase.all) func agreesWithOptuna(_ sample: OptunaCase) throws {
    let points = try ObjectivePoints(sample.points, objectives: sample.reference.count)
    #expect(points.referencePoint() == sample.reference)
    #expect(points.ranks() == sample.ranks)
    let volume = try points.hypervolume(reference: sample.reference)
    #expect(HypervolumeTests.isClose(volume, sample.hypervolume))
    let front = points.paretoFront()
    if let crowding = sample.crowding {
      for (distance, want) in zip(try points.crowdingDistances(of: front), crowding) {
        #expect(distance == want || HypervolumeTests.isClose(distance, want))
      }
    }
    if let subset = sample.subset {
      let rows = try ObjectivePoints(
        front.map { sample.points[$0] }, objectives: sample.reference.count)
      let chosen = try rows.hypervolumeSubset(
        size: subset.count, reference: sample.reference)
      #expect(chosen.map { front[$0] }.sorted() == subset)
    }
  }

  @Test(
    arguments: [
      ([[1, -2], [3, -4]], [3 * 1.1, -2 * 0.9]), ([[0], [-1]], [1e-12]),
      ([[.infinity]], [.infinity]),
      ([[.nan, -.infinity]], [.infinity, -.infinity]),
    ] as [([[Double]], [Double])])
  func referencePointsByRule(_ rows: [[Double]], _ reference: [Double]) throws {
    let points = try ObjectivePoints(rows, objectives: rows[0].count)
    #expect(points.referencePoint() == reference)
  }
}
