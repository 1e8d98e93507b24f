import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct SortingTests {
  @Test(arguments: RandomPoints.table(counts: [1, 2, 13, 60], seeds: 3))
  func ranksAreThoseOfPeeling(_ sample: RandomPoints) throws {
    let points = try sample.points()
    let want = Naive.ranks(sample.rows)
    #expect(points.ranks() == want)
    #expect(points.paretoFront() == want.indices.filter { want[$0] == 0 })
    let fronts = points.fronts()
    for (rank, front) in fronts.enumerated() {
      #expect(front == want.indices.filter { want[$0] == rank })
    }
    #expect(fronts.map(\.count).reduce(0, +) == sample.count)
  }

  @Test(arguments: RandomPoints.table(counts: [40], seeds: 2))
  func ranksFollowThePoints(_ sample: RandomPoints) throws {
    let ranks = try sample.points().ranks()
    let order = RandomKey(seed: 8).permutation(sample.count)
    let shuffled = try ObjectivePoints(
      order.map { sample.rows[$0] }, objectives: sample.objectives)
    #expect(shuffled.ranks() == order.map { ranks[$0] })
    // Rising maps of each objective keep the order.
    let mapped = try ObjectivePoints(
      sample.rows.map { $0.map { 3 * $0 * $0 * $0 - 7 } }, objectives: sample.objectives)
    #expect(mapped.ranks() == ranks)
  }

  @Test func chainsAndAntichains() throws {
    for objectives in 1...4 {
      let chain = try ObjectivePoints(
        (0..<50).map { [Double](repeating: Double(49 - $0), count: objectives) },
        objectives: objectives)
      #expect(chain.ranks() == (0..<50).reversed())
      guard objectives > 1 else { continue }
      let antichain = try ObjectivePoints(
        (0..<50).map { index in
          [Double(index), Double(-index)] + [Double](repeating: 1, count: objectives - 2)
        }, objectives: objectives)
      #expect(antichain.fronts() == [Array(0..<50)])
    }
  }

  @Test func infinitiesAreOrderedAndNaNIsTheWorst() throws {
    let points = try ObjectivePoints(
      [
        [.nan, 0], [.infinity, 0], [1, 0], [-.infinity, 5], [.nan, .nan], [0, -0.0], [-0.0, 0],
      ],
      objectives: 2)
    #expect(points.ranks() == [2, 2, 1, 0, 3, 0, 0])
    #expect(points[0] == [.infinity, 0])
    let space = try ObjectivePoints(
      [[0, .nan, .infinity], [1, .infinity, .nan], [0, .infinity, 1], [2, 3, .nan]], objectives: 3)
    #expect(space.ranks() == [1, 2, 0, 0] && space.paretoFront() == [2, 3])
    #expect(points.dominates(2, 0) && !points.dominates(0, 1) && !points.dominates(3, 3))
  }

  @Test func nothingToSort() throws {
    let points = try ObjectivePoints([], objectives: 3)
    #expect(points.fronts() == [] && points.paretoFront() == [] && points.ranks() == [])
    #expect(try points.crowdingDistances(of: []) == [])
  }

  @Test func refusesRowsThatDoNotFit() {
    #expect(throws: ObjectivePointsError.noObjectives) { try ObjectivePoints([], objectives: 0) }
    #expect(throws: ObjectivePointsError.wrongLength(index: 1, count: 3, objectives: 2)) {
      try ObjectivePoints([[1, 2], [1, 2, 3]], objectives: 2)
    }
  }

  // MARK: Crowding

  @Test func crowdingByHand() throws {
    let points = try ObjectivePoints(
      [[0, 8], [1, 4], [9, 9], [3, 2], [4, 0]], objectives: 2)
    // (3 - 0) / 4 + (8 - 2) / 8 and (4 - 1) / 4 + (4 - 0) / 8.
    #expect(try points.crowdingDistances(of: [4, 3, 1, 0]) == [.infinity, 1.25, 1.5, .infinity])
    #expect(try points.crowdingDistances(of: [2]) == [0])
  }

  @Test func crowdingOfInfinities() throws {
    let points = try ObjectivePoints(
      [[-.infinity, 1], [-.infinity, 1], [0, 1], [.infinity, 1], [.infinity, 1]], objectives: 2)
    let distances = try points.crowdingDistances(of: Array(0..<5))
    // inf - inf is none: the first has -inf at both sides, the last +inf.
    #expect(distances == [0, .infinity, .infinity, .infinity, 0])
  }
}
