import OuterloopStudy
import Testing

@testable import OuterloopLab

/// Snapping, regret, ranks and levels.
@Suite struct CurveComparisonTests {
  @Test func snapsToTheNearest() throws {
    var space = SearchSpace()
    try space.add(ParameterDeclaration("lr", .float(try NumericRange(0.001, 1, log: true))))
    try space.add(ParameterDeclaration("act", .categorical(["a", "b", "c"])))
    try space.add(ParameterDeclaration("size", .ordinal([1, 10, 100])))
    let rows: [(Double, ParameterValue, ParameterValue)] = [
      (0.001, "a", 1), (0.03, "a", 1), (0.03, "c", 1), (0.5, "a", 100), (0.03, "a", 1),
    ]
    func assignment(_ row: (Double, ParameterValue, ParameterValue)) throws -> Assignment {
      try space.assignment(["lr": .float(row.0), "act": row.1, "size": row.2])
    }
    let table = try CurveTable(
      name: "t", space: space, objective: .minimize("loss"),
      candidates: try rows.enumerated().map {
        .init(id: $0, assignment: try assignment($1), values: [0])
      })
    var untried = UntriedCandidates(table)
    let point = try assignment((0.02, "a", 1))
    // Its logarithm is nearest; its twin comes next; then 1/2 of the scale and of the ordinal's.
    #expect((0..<6).map { _ in untried.take(nearest: point) } == [1, 4, 0, 2, 3, nil])
    #expect(untried.count == 0)
  }

  @Test func snappingNeverRepeats() throws {
    let table = try CurveSamples.crossing(50, epochs: 1)
    var untried = UntriedCandidates(table)
    let taken = (0..<50).compactMap { untried.take(nearest: table.candidates[$0 / 3].assignment) }
    #expect(Set(taken).count == 50)
  }

  @Test func regretByHand() throws {
    // Best of each curve: 4, 2, 1, 5, 3; ends: 4, 6, 1, 5, 3.
    let table = try CurveSamples.table([[6, 4], [2, 6], [3, 1], [7, 5], [8, 3]])
    let regret = CurveRegret(table)
    let order = [(3, 1), (3, 2), (1, 1), (1, 2), (4, 1), (2, 1), (2, 2)]
    let trace = regret.trace(order.map { .init(candidate: $0, epoch: $1) }, of: table.candidates)
    // Seen: 7, 5, 2, 2, 2, 2, 1 between 1 and 3; the ends' median is 4.
    #expect(trace.values(8, of: \.seen) == [1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0])
    #expect(trace.values(8, of: \.full) == [1, 1, 1, 1, 1, 1, 0, 0])
    let (marks, area) = RegretTrace.figures(trace.values(8, of: \.seen))
    #expect(marks == [1, 1, 0.5, 0] && area == 0.5)
  }

  @Test func regretOfUnusualTables() throws {
    for curves in [[[1.0], [1]], [[.nan], [.nan], [2]], [[.nan], [.nan]]] {
      let table = try CurveSamples.table(curves)
      let all = curves.indices.map { SimulatedStudy.Observation(candidate: $0, epoch: 1) }
      let end = try #require(
        CurveRegret(table).trace(all, of: table.candidates).values(3, of: \.seen).last)
      #expect(end == 0 || curves.allSatisfy { $0[0].isNaN } && end == 1)
    }
    #expect(RegretTrace().values(2, of: \.seen) == [1, 1])
  }

  @Test func ranks() {
    #expect(PairedComparison.meanRanks([[1, 2, 3], [2, 1, 3]]) == [1.5, 1.5])
  }

  /// Levels as SciPy's `wilcoxon(a, b, alternative="less", method="exact")` has them.
  @Test func levels() {
    let b = [1.0, 2, 3, 4, 5, 6]
    #expect(PairedComparison.wilcoxon([0, 0, 0, 0, 0, 0], below: b) == 1 / 64.0)
    #expect(PairedComparison.wilcoxon(b, below: [0, 0, 0, 0, 0, 0]) == 1)
    // Differences -1, -2, 3, -4, -5, -6: W = 3; of the 64 signs, 5 give 0, 1, 2 or 3.
    #expect(PairedComparison.wilcoxon([0, 0, 6, 0, 0, 0], below: b) == 5 / 64.0)
    #expect(PairedComparison.wilcoxon(b, below: b) == 1)
    let many = (1...40).map(Double.init)
    #expect(PairedComparison.wilcoxon(many, below: many.map { $0 + $0 }) < 1e-10)
  }

  @Test func priorIsRepeatableAndInRange() throws {
    let prior = try CurvePrior(networks: 40)
    let table = try prior.table(seed: 5, candidates: 60, epochs: 20)
    let again = try CurvePrior(networks: 40).table(seed: 5, candidates: 60, epochs: 20)
    #expect(table.candidates.map(\.values) == again.candidates.map(\.values))
    #expect(table.candidates.map(\.assignment) == again.candidates.map(\.assignment))
    let other = try prior.table(seed: 6, candidates: 60, epochs: 20)
    #expect(table.candidates.map(\.values) != other.candidates.map(\.values))
    for table in [table, other] {
      let values = table.candidates.flatMap(\.values)
      #expect(values.count == 1_200)
      #expect(values.allSatisfy { (0...1).contains($0) })
      #expect(Set(values).count > 600)
    }
    #expect(throws: LabError.self) { try prior.table(seed: 1, candidates: 0) }
  }

  /// What the network's outputs become is uniform, over many networks.
  @Test func marginalIsUniform() throws {
    let prior = try CurvePrior(networks: 150)
    #expect(prior.uniform(-.infinity) > 0 && prior.uniform(.infinity) < 1)
    #expect(abs(prior.uniform(0) - 0.5) < 0.03)
  }

  /// At its saturation each basis leaves the gap D / P, and curves begin at y0.
  @Test func priorCurves() {
    var u = [Double](repeating: 0.5, count: 23)
    for basis in 0..<4 {
      // All weight on one basis, all saturations at t = 0.5, no turning back.
      for other in 0..<4 { u[1 + other] = other == basis ? 0.5 : 1e-12 }
      (u[9], u[14 + basis]) = (0.3817, 0.4)
      for other in 0..<4 { u[18 + other] = 1e-9 }
      let curve = PriorCurve(u, start: 0.2, ceiling: 1)
      let precision = 63.0957  // 10^(3 (1 - 0.4))
      #expect(abs(curve.mean(at: 1e-12) - 0.2) < 0.01)
      #expect(abs(curve.mean(at: 0.5) - (0.6 - 0.4 / precision)) < 1e-3)
    }
  }
}
