import OuterloopSearch
import Testing

@Suite struct HypervolumeSubsetTests {
  /// Each choice adds as much as any other point would; the order is what greed says.
  @Test(arguments: RandomPoints.table(counts: [1, 7, 24], seeds: 3))
  func isGreedy(_ sample: RandomPoints) throws {
    let (rows, reference) = (sample.rows, sample.reference)
    let size = (sample.count + 1) / 2
    let chosen = try sample.points().hypervolumeSubset(size: size, reference: reference)
    #expect(chosen.count == size && Set(chosen).count == size)
    var subset: [[Double]] = []
    for index in chosen {
      let gain = { (row: [Double]) in
        try HypervolumeTests.hypervolume(subset + [row], reference)
      }
      let most = try rows.map(gain).max() ?? 0
      #expect(try gain(rows[index]) >= most - 1e-12)
      subset.append(rows[index])
    }
  }

  @Test(arguments: RandomPoints.table(counts: [10], seeds: 3))
  func isNearTheBestSubset(_ sample: RandomPoints) throws {
    let (rows, reference) = (sample.rows, sample.reference)
    let points = try sample.points()
    for size in [2, 4] {
      let chosen = try points.hypervolumeSubset(size: size, reference: reference)
      let volume = try HypervolumeTests.hypervolume(chosen.map { rows[$0] }, reference)
      var best = 0.0
      for subset in 0..<(1 << rows.count) where subset.nonzeroBitCount == size {
        let some = rows.indices.filter { subset >> $0 & 1 == 1 }.map { rows[$0] }
        best = max(best, try HypervolumeTests.hypervolume(some, reference))
      }
      #expect(volume >= (1 - 1 / 2.718281828459045) * best)
      #expect(volume <= best + 1e-12)
    }
  }

  @Test func sizesAndEquals() throws {
    let points = try ObjectivePoints([[1, 3], [1, 3], [2, 2], [9, 9], [3, 1]], objectives: 2)
    let choose = { try points.hypervolumeSubset(size: $0, reference: [4, 4]) }
    #expect(try choose(-1) == [] && choose(0) == [])
    #expect(try choose(1) == [2])
    // The ends of the staircase add 1 each: the lexicographically smaller first, then the rest.
    #expect(try choose(3) == [2, 0, 4])
    #expect(try choose(99) == [2, 0, 4, 1, 3])
    let none = try ObjectivePoints([], objectives: 4)
    #expect(try none.hypervolumeSubset(size: 2, reference: [1, 1, 1, 1]) == [])
  }
}
