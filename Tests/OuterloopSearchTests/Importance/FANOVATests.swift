import OuterloopNumerics
import OuterloopStudy
import Testing

@testable import OuterloopSearch

@Suite struct FANOVATests {
  private func uniform(_ count: Int, _ columns: Int, seed: UInt64) throws -> [[Double]] {
    let numbers = try RandomKey(seed: seed).uniform([count, columns], dtype: .float64)
      .scalars(Double.self)
    return (0..<count).map { Array(numbers[$0 * columns..<($0 + 1) * columns]) }
  }

  /// Variances of a tree are those of its function, added up over all cells of the space.
  @Test(arguments: 0..<4)
  func variancesAreExact(seed: UInt64) throws {
    let counts = [5, 4, 3]
    let rows = try uniform(60, 4, seed: seed)
    let features = counts.indices.map { index in
      let widths = (0..<counts[index]).map { Double($0 + 1) }
      let sum = widths.reduce(0, +)
      return RegressionTree.Feature(
        count: counts[index], isChoice: index == 1, widths: widths.map { $0 / sum },
        places: rows.enumerated().map { number, row in
          // Some rows lack the third feature.
          index == 2 && number % 5 == 0
            ? -1 : Int32(min(Int(row[index] * Double(counts[index])), counts[index] - 1))
        })
    }
    let values = rows.map { $0[3] + $0[0] }
    let tree = RegressionTree(
      features, values, weights: rows.map { _ in 1 }, leastWeight: 2)
    #expect(tree.leaves.count > 5)
    func value(_ cell: [Int]) -> Double {
      let holding = tree.leaves.filter { leaf in
        cell.indices.allSatisfy { leaf.limits[$0]?.contains(cell[$0]) ?? true }
      }
      // Boxes do not overlap.
      #expect(holding.count == 1)
      return holding[0].value
    }
    var cells: [(cell: [Int], volume: Double)] = [([], 1)]
    for feature in features {
      cells = cells.flatMap { cell in
        (0..<feature.count).map { (cell.cell + [$0], cell.volume * feature.widths[$0]) }
      }
    }
    let mean = cells.reduce(0) { $0 + $1.volume * value($1.cell) }
    let variance = cells.reduce(0) {
      $0 + $1.volume * (value($1.cell) - mean) * (value($1.cell) - mean)
    }
    let moments = tree.moments
    #expect(abs(moments.mean - mean) < 1e-12 && abs(moments.variance - variance) < 1e-12)
    for index in features.indices {
      let want = (0..<features[index].count).reduce(0.0) { sum, place in
        let slice = cells.filter { $0.cell[index] == place }
        let width = features[index].widths[place]
        let average = slice.reduce(0) { $0 + $1.volume * value($1.cell) } / width
        return sum + width * (average - mean) * (average - mean)
      }
      #expect(abs(tree.variance(of: index, mean: moments.mean) - want) < 1e-12)
    }
  }

  /// A tree of one split, by hand.
  @Test func oneSplit() {
    let feature = RegressionTree.Feature(
      count: 4, isChoice: false, widths: [0.1, 0.2, 0.3, 0.4], places: [0, 1, 2, 3])
    let tree = RegressionTree(
      [feature], [0, 0, 1, 1], weights: [1, 1, 1, 1], leastWeight: 1)
    #expect(tree.leaves.map(\.value) == [0, 1])
    #expect(tree.leaves.map(\.volume).reduce(0, +) == 1)
    let (mean, variance) = tree.moments
    #expect(abs(mean - 0.7) < 1e-15 && abs(variance - 0.21) < 1e-15)
    #expect(abs(tree.variance(of: 0, mean: mean) - 0.21) < 1e-15)
  }

  private func study(
    _ declarations: [String], _ rows: [[String: ParameterValue]], _ losses: [Double]
  ) throws -> (StudySpecification, [Trial]) {
    let space = try SearchSpace(parsing: declarations)
    let trials = try zip(rows, losses).enumerated().map { number, pair in
      Trial.complete(number, try space.assignment(pair.0), [pair.1])
    }
    return (try .small(space, [.minimize("f")]), trials)
  }

  /// f = 3 x + 2 y + z on the unit cube: variances in proportion to 9, 4 and 1.
  @Test func linearFunction() throws {
    let rows = try uniform(600, 4, seed: 5)
    let (specification, trials) = try study(
      ["x=float(0, 1)", "y=float(0, 1)", "z=float(0, 1)", "w=float(0, 1)"],
      rows.map {
        ["x": .float($0[0]), "y": .float($0[1]), "z": .float($0[2]), "w": .float($0[3])]
      },
      rows.map { 3 * $0[0] + 2 * $0[1] + $0[2] })
    let found = try FANOVA().importances(trials, specification)
    #expect(found.map(\.name) == ["x", "y", "z", "w"])
    for (one, want) in zip(found, [9.0 / 14, 4.0 / 14, 1.0 / 14, 0]) {
      #expect(abs(one.value - want) < 0.06, "\(one)")
      let interval = try #require(one.interval)
      #expect(interval.contains(one.value))
    }
    #expect(try FANOVA().importances(trials, specification) == found)
  }

  /// x y on [-1, 1]^2 is all interaction.
  @Test func interactionsAreNobodys() throws {
    let rows = try uniform(500, 2, seed: 6).map { $0.map { 2 * $0 - 1 } }
    let (specification, trials) = try study(
      ["x=float(-1, 1)", "y=float(-1, 1)"],
      rows.map { ["x": .float($0[0]), "y": .float($0[1])] }, rows.map { $0[0] * $0[1] })
    let found = try FANOVA().importances(trials, specification)
    #expect(found.reduce(0) { $0 + $1.value } < 0.15)
  }

  /// Where a branch matters and what is in it does not, the importance is that of the choice.
  @Test func conditionsAreTheirParents() throws {
    let rows = try uniform(400, 3, seed: 7)
    let declarations = [
      "opt=choice(sgd, adam)", "m=float(0, 1) if opt == sgd", "lr=log(1e-4, 1)",
    ]
    func given(_ row: [Double]) -> [String: ParameterValue] {
      let rate = ParameterValue.float(1e-4 + 0.9 * row[2])
      return row[0] < 0.5
        ? [
          "opt": "sgd", "m": .float(row[1]), "lr": rate,
        ]
        : ["opt": "adam", "lr": rate]
    }
    let (first, parent) = try study(
      declarations, rows.map(given), rows.map { ($0[0] < 0.5 ? 1 : 0) + 0.05 * $0[2] })
    let branch = try FANOVA().importances(parent, first)
    #expect(branch[0].name == "opt" && branch[0].value > 0.9)
    #expect(branch.first { $0.name == "m" }.map { $0.value < 0.02 } == true)
    let (second, child) = try study(
      declarations, rows.map(given), rows.map { $0[0] < 0.5 ? ($0[1] - 0.5) * 4 : 0 })
    let inside = try FANOVA().importances(child, second)
    #expect(inside[0].name == "m" && inside[0].share > 0.8)
  }

  @Test func ranksTameEnormousLosses() throws {
    let rows = try uniform(200, 2, seed: 8)
    let (specification, trials) = try study(
      ["x=float(0, 1)", "y=float(0, 1)"], rows.map { ["x": .float($0[0]), "y": .float($0[1])] },
      rows.enumerated().map { $0 == 7 ? 1e300 : $1[0] })
    var method = FANOVA()
    method.usesRanks = true
    #expect(try method.importances(trials, specification)[0].share > 0.9)
    #expect(try FANOVA().importances(trials, specification).allSatisfy { $0.value.isFinite })
  }

  @Test func nothingToExplain() throws {
    let (specification, trials) = try study(
      ["x=float(0, 1)", "k=constant(a)"], [["x": 0.5], ["x": 0.25]], [1, 1])
    #expect(try FANOVA().importances(trials, specification).map(\.value) == [0, 0])
    #expect(try FANOVA().importances([], specification).map(\.value) == [0, 0])
    for (trees, least) in [(0, 2), (-1, 2), (.max, 2), (3, 0), (3, .min)] {
      var method = FANOVA()
      (method.trees, method.leastTrials) = (trees, least)
      let chosen = method
      #expect(throws: StudyError.self) { try chosen.importances(trials, specification) }
    }
  }
}
