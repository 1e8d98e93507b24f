import OuterloopNumerics
import OuterloopSearch
import Testing

/// The split for several objectives, kept up to date, against the fronts of all trials.
@Suite struct GoodTrialsTests {
  private struct Recorded: Decodable {
    var values: [[Double]]
    var good: [Int]
  }

  /// Those that Optuna chooses, of two to four objectives, with equal trials; of equal ones either may
  /// be good. `Benchmarks/peers/optuna/dump_splits.py` records them.
  @Test func equalsOptuna() throws {
    let cases: [Recorded] = try Golden.load("splits")
    #expect(cases.count == 27)
    for (index, one) in cases.enumerated() {
      var good = GoodTrials(objectives: one.values[0].count)
      for (trial, row) in one.values.enumerated() {
        _ = good.insert(trial, losses: row, prunedAt: nil)
      }
      let found = Set(good.settle().filter(\.isBelow).map(\.trial))
      func rows(_ trials: some Sequence<Int>) -> [[Double]] {
        trials.map { one.values[$0] }.sorted { $0.lexicographicallyPrecedes($1) }
      }
      #expect(rows(found) == rows(one.good), "case \(index)")
    }
  }

  /// Losses of a search that gets better, that stands still, that has few values, and one whose
  /// points are all on one front; settled now and then.
  @Test(arguments: 0..<4, [2, 3]) func equalsFronts(_ kind: Int, _ objectives: Int) throws {
    var good = GoodTrials(objectives: objectives)
    var uniforms = UniformStream(key: RandomKey(seed: 9, purpose: "losses"), expecting: 8192)
    var losses: [[Double]] = []
    var pruned: [Int] = []
    var below: Set<Int> = []
    for trial in 0..<900 {
      if uniforms.next() < 0.05 {
        _ = good.insert(trial, losses: nil, prunedAt: 1)
        pruned.append(trial)
        losses.append([])
      } else {
        var row = (0..<objectives).map { _ in uniforms.next() }
        switch kind {
        case 0: row = row.map { $0 + 300 / Double(trial + 100) }
        case 2: row = row.map { ($0 * 6).rounded() }
        case 3: row[0] = Double(objectives) - row.dropFirst().reduce(0, +)
        default: break
        }
        _ = good.insert(trial, losses: row, prunedAt: nil)
        losses.append(row)
      }
      guard uniforms.next() < 0.2 || trial == 899 else { continue }
      for move in good.settle() {
        #expect(below.contains(move.trial) != move.isBelow)
        if move.isBelow { below.insert(move.trial) } else { below.remove(move.trial) }
      }
      #expect(try below == Self.expected(losses, pruned, objectives), "\(trial + 1) trials")
    }
  }

  private static func expected(
    _ losses: [[Double]], _ pruned: [Int], _ objectives: Int
  ) throws -> Set<Int> {
    let size = (losses.count + 9) / 10
    let complete = losses.indices.filter { !losses[$0].isEmpty }
    let points = try ObjectivePoints(complete.map { losses[$0] }, objectives: objectives)
    var chosen: [Int] = []
    for front in points.fronts() where chosen.count < size {
      let room = size - chosen.count
      if front.count <= room {
        chosen += front
      } else {
        let tie = try ObjectivePoints(
          front.map { losses[complete[$0]] }, objectives: objectives)
        chosen += try tie.hypervolumeSubset(size: room, reference: tie.referencePoint()).map {
          front[$0]
        }
      }
    }
    return Set(chosen.map { complete[$0] } + pruned.prefix(size - chosen.count))
  }
}
