import Foundation
import OuterloopSearch
import OuterloopStudy
import Testing

@testable import OuterloopLab

/// Freeze-thaw search that weighs what an epoch costs, on curves of the prior whose costs differ thirtyfold and say
/// nothing of how good a configuration is.
@Suite struct CostAwareCurvesTests {
  /// The cost of an epoch is a function of the first parameter, from e^(-c) to e^c or the other way.
  static func costly(_ table: CurveTable, spread: Double = 1.7) throws -> CurveTable {
    let name = table.space.parameters[0].name
    let numbers = table.candidates.map { $0.assignment[name]?.number ?? 0 }
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    var candidates = table.candidates
    for (rank, place) in order.enumerated() {
      candidates[place].epochCost = exp(
        spread * (2 * Double(rank) / Double(max(order.count - 1, 1)) - 1))
    }
    return try CurveTable(
      name: table.name, space: table.space, objective: table.objective, candidates: candidates)
  }

  /// The share of epochs that go to configurations below the mean cost.
  private static func cheapShare(_ table: CurveTable, cost: TrialCost?, seed: UInt64) throws
    -> Double
  {
    var study = try SimulatedStudy(
      table, .freezeThaw(), budget: 100, cost: cost, seed: seed)
    try study.run()
    let cheap = study.observations.count { table.candidates[$0.candidate].epochCost < 1 }
    return Double(cheap) / Double(study.observations.count)
  }

  /// Where costs count more epochs go to what is cheap. With the costs both ways, a search that does not look at
  /// them spends half of its epochs there. Where all cost the same they change nothing.
  @Test func spendsWhereItIsCheap() throws {
    let prior = try CurvePrior()
    var share = 0.0
    for seed in 0..<4 as Range<UInt64> {
      let table = try prior.table(seed: seed, candidates: 200)
      for spread in [1.7, -1.7] {
        let costly = try Self.costly(table, spread: spread)
        share += try Self.cheapShare(costly, cost: TrialCost(), seed: seed) / 8
      }
    }
    #expect(share > 0.6, "\(share) of the epochs")

    let table = try prior.table(seed: 5, candidates: 100)
    func trained(_ cost: TrialCost?) throws -> [SimulatedStudy.Observation] {
      var study = try SimulatedStudy(table, .freezeThaw(), budget: 60, cost: cost, seed: 1)
      try study.run()
      return study.observations
    }
    #expect(try trained(nil) == trained(TrialCost()))
  }
}
