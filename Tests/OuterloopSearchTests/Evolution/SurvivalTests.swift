import OuterloopNumerics
import Testing

@testable import OuterloopSearch

/// Survivals recorded from pymoo 0.6.2 (Benchmarks/peers/pymoo/dump_survival.py).
struct GoldenSurvival: Decodable {
  struct Crowding: Decodable {
    var points: [[Double]]
    var fronts: [[Int]]
    var size: Int
    var survivors: [Int]
    /// Nil: infinite.
    var distances: [[Double?]]
  }

  struct Round: Decodable {
    var points: [[Double]]
    var survivors: [Int]
  }

  struct Niches: Decodable {
    var objectives: Int
    var divisions: Int
    var size: Int
    var directions: Int
    var rounds: [Round]
  }

  var crowding: [Crowding]
  var niches: [Niches]

  static func load() throws -> GoldenSurvival { try Golden.load("survival") }
}

@Suite struct SurvivalTests {
  @Test func crowdingIsThatOfPymoo() throws {
    for item in try GoldenSurvival.load().crowding {
      let points = try ObjectivePoints(item.points, objectives: item.points[0].count)
      #expect(points.fronts() == item.fronts)
      for (front, want) in zip(item.fronts, item.distances) {
        let got = try points.crowdingDistances(of: front)
        for (a, b) in zip(got, want) {
          // pymoo takes the mean over the objectives.
          let scaled = a / Double(points.objectives)
          let isEqual = if let b { abs(scaled - b) <= 1e-12 } else { a == .infinity }
          // pymoo's fronts of one or two are infinite; of one, ours is zero: it has no neighbours.
          #expect(isEqual || front.count <= 2)
        }
      }
      let survivors = CrowdingSurvival.survivors(points, size: item.size)
      // Of the last front those at an end of an objective are equally far from all others.
      #expect(Set(survivors.map(\.index)) == Set(item.survivors))
    }
  }

  @Test func nichesAreThoseOfPymoo() throws {
    for item in try GoldenSurvival.load().niches {
      let directions = ReferenceDirections.all(
        objectives: item.objectives, divisions: item.divisions)
      #expect(directions.count == item.directions)
      #expect(
        ReferenceDirections.count(objectives: item.objectives, divisions: item.divisions)
          == item.directions)
      var survival = NicheSurvival(directions: directions)
      for (round, step) in item.rounds.enumerated() {
        let points = try ObjectivePoints(step.points, objectives: item.objectives)
        let survivors = survival.survivors(points, size: item.size) { $0 }
        #expect(
          Set(survivors) == Set(step.survivors),
          "\(item.objectives) objectives, \(item.divisions) divisions, round \(round)")
      }
    }
  }

  /// What is a unit of a loss does not matter.
  @Test func nichesKnowNoUnits() throws {
    let directions = ReferenceDirections.all(objectives: 3, divisions: 4)
    let rows = try RandomKey(seed: 3).uniform([40, 3], dtype: .float64).scalars(Double.self)
    let plain = (0..<40).map { Array(rows[3 * $0..<3 * $0 + 3]) }
    let scaled = plain.map { [$0[0] * 1024 - 64, $0[1] / 4096, $0[2] * 8 + 1] }
    var (a, b) = (NicheSurvival(directions: directions), NicheSurvival(directions: directions))
    let first = a.survivors(try ObjectivePoints(plain, objectives: 3), size: 12) { $0 }
    let second = b.survivors(try ObjectivePoints(scaled, objectives: 3), size: 12) { $0 }
    #expect(first == second && Set(first).count == 12)
  }

  @Test func nichesOfOddPoints() throws {
    let rows: [[[Double]]] = [
      [[1, 1], [1, 1], [1, 1]], [[.infinity, 0], [0, .infinity], [1, 1], [-.infinity, 3]],
      [[.infinity, .infinity], [.infinity, .infinity]],
      [[1e308, -1e308], [-1e308, 1e308], [0, 0]],
      [[0, 1], [0, 2], [0, 3]],
    ]
    for row in rows {
      for size in 1...3 {
        var survival = NicheSurvival(
          directions: ReferenceDirections.all(objectives: 2, divisions: 3))
        for _ in 0..<2 {
          let survivors = survival.survivors(
            try ObjectivePoints(row, objectives: 2), size: size
          ) { $0 }
          #expect(Set(survivors).count == min(size, row.count))
        }
      }
    }
  }

  @Test func directions() {
    #expect(ReferenceDirections.all(objectives: 1, divisions: 4) == [[1]])
    #expect(
      ReferenceDirections.all(objectives: 2, divisions: 2) == [[0, 1], [0.5, 0.5], [1, 0]])
    #expect(ReferenceDirections.count(objectives: 3, divisions: 12) == 91)
    #expect(ReferenceDirections.count(objectives: 40, divisions: 40) == nil)
    #expect(ReferenceDirections.divisions(objectives: 3, atMost: 92) == 12)
    #expect(ReferenceDirections.divisions(objectives: 3, atMost: 90) == 11)
    #expect(ReferenceDirections.divisions(objectives: 30, atMost: 5) == 1)
    #expect(ReferenceDirections.divisions(objectives: 1, atMost: 50) == 1)
  }

  // MARK: Constraints

  /// Feasible points by domination, then the others by how much they break; against all pairs.
  @Test(arguments: 0..<6)
  func constrainedDomination(seed: UInt64) throws {
    let n = 30
    let numbers = try RandomKey(seed: seed).uniform([n, 3], dtype: .float64)
      .scalars(Double.self)
    let rows = (0..<n).map { [numbers[3 * $0], numbers[3 * $0 + 1]] }
    let violations = (0..<n).map { max(0, ((numbers[3 * $0 + 2] - 0.5) * 4).rounded()) }
    let points = try ObjectivePoints(rows, objectives: 2)
    func dominates(_ a: Int, _ b: Int) -> Bool {
      if violations[a] > 0 || violations[b] > 0 { return violations[a] < violations[b] }
      return points.dominates(a, b)
    }
    var left = Set(0..<n)
    var want: [[Int]] = []
    while !left.isEmpty {
      let front = left.filter { a in !left.contains { dominates($0, a) } }.sorted()
      want.append(front)
      left.subtract(front)
    }
    #expect(try points.fronts(violations: violations) == want)
  }

  @Test func constraintsAtTheEdges() throws {
    let points = try ObjectivePoints([[0], [1], [2], [3]], objectives: 1)
    #expect(
      try points.fronts(violations: [.nan, -1, 0, .infinity]) == [[1], [2], [0, 3]])
    #expect(throws: ObjectivePointsError.wrongViolations(count: 1, points: 4)) {
      try points.fronts(violations: [0])
    }
    #expect(try ObjectivePoints([], objectives: 2).fronts(violations: []) == [])
  }
}
