import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct HypervolumeTests {
  static func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
    abs(a - b) <= tolerance * max(1, abs(a), abs(b))
  }

  static func hypervolume(_ rows: [[Double]], _ reference: [Double]) throws -> Double {
    try ObjectivePoints(rows, objectives: reference.count).hypervolume(reference: reference)
  }

  // MARK: Known values

  @Test(
    arguments: [
      ([[1, 3], [2, 2], [3, 1]], 6), ([[1, 2, 3], [2, 3, 1], [3, 1, 2]], 13),
      ([[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0]], 57), ([[1]], 3), ([[5, 5]], 0),
      ([[-1, -1, -1, -1, -1]], 3125),
    ] as [([[Double]], Double)])
  func smallCases(_ rows: [[Double]], _ volume: Double) throws {
    #expect(try Self.hypervolume(rows, [Double](repeating: 4, count: rows[0].count)) == volume)
  }

  /// Fronts with a closed form, sampled: from points on the front the volume is approached from
  /// below, with the step of the sample.
  @Test func frontsOfThePlane() throws {
    let grid = (0...20_000).map { Double($0) / 20_000 }
    let fronts: [(name: String, limit: Double, front: (Double) -> Double)] = [
      ("ZDT1", 1.21 - 1.0 / 3, { 1 - $0.squareRoot() }),
      ("ZDT2", 1.21 - 2.0 / 3, { 1 - $0 * $0 }),
      ("DTLZ2", 1.21 - Double.pi / 4, { (1 - $0 * $0).squareRoot() }),
    ]
    for (name, limit, front) in fronts {
      let volume = try Self.hypervolume(grid.map { [$0, front($0)] }, [1.1, 1.1])
      #expect(volume < limit && volume > limit - 1e-4, "\(name): \(volume)")
    }
  }

  @Test func frontOfSpace() throws {
    // DTLZ2 on the points of a sphere above a grid of the plane.
    let grid = (0...150).map { Double($0) / 150 }
    let rows = grid.flatMap { x in
      grid.compactMap { y in
        let rest = 1 - x * x - y * y
        return rest >= 0 ? [x, y, rest.squareRoot()] : nil
      }
    }
    let limit = 1.331 - Double.pi / 6
    let volume = try Self.hypervolume(rows, [1.1, 1.1, 1.1])
    #expect(volume < limit && volume > limit - 0.015, "\(volume)")
  }

  // MARK: Against the definition

  @Test(arguments: RandomPoints.table(counts: [1, 2, 5, 9], seeds: 4))
  func isInclusionAndExclusion(_ sample: RandomPoints) throws {
    let volume = try sample.points().hypervolume(reference: sample.reference)
    let want = Naive.hypervolume(sample.rows, sample.reference)
    #expect(Self.isClose(volume, want), "\(volume) \(want)")
  }

  /// Cells between the coordinates of the points, counted one by one; whole numbers, so exact.
  @Test(arguments: [(2, 60), (3, 40), (4, 30), (5, 20)])
  func isTheNumberOfCells(_ objectives: Int, _ count: Int) throws {
    for seed: UInt64 in 0..<3 {
      let sample = RandomPoints(objectives: objectives, count: count, levels: 6, seed: seed)
      var cells = 0
      var power = 1
      for _ in 0..<objectives { power *= 6 }
      for cell in 0..<power {
        var (rest, corner) = (cell, [Double]())
        for _ in 0..<objectives {
          corner.append(Double(rest % 6 - 1))
          rest /= 6
        }
        if sample.rows.contains(where: { zip($0, corner).allSatisfy { $0 <= $1 } }) { cells += 1 }
      }
      let reference = [Double](repeating: 5, count: objectives)
      #expect(try sample.points().hypervolume(reference: reference) == Double(cells))
    }
  }

  @Test(arguments: RandomPoints.table(counts: [25], seeds: 3))
  func keepsItsInvariants(_ sample: RandomPoints) throws {
    let (rows, reference) = (sample.rows, sample.reference)
    let volume = try Self.hypervolume(rows, reference)
    let order = RandomKey(seed: 3).permutation(rows.count)
    #expect(Self.isClose(try Self.hypervolume(order.map { rows[$0] }, reference), volume))
    // The order of the objectives means nothing.
    let turned = try Self.hypervolume(rows.map { $0.reversed() }, reference.reversed())
    #expect(Self.isClose(turned, volume))
    // Powers of two scale exactly; a shift moves all.
    let scaled = try Self.hypervolume(rows.map { $0.map { $0 * 4 } }, reference.map { $0 * 4 })
    #expect(scaled == volume * Double(1 << (2 * sample.objectives)))
    let moved = try Self.hypervolume(rows.map { $0.map { $0 + 3 } }, reference.map { $0 + 3 })
    #expect(Self.isClose(moved, volume, 1e-11))
    // Dominated points, equal points and points beyond the reference add nothing.
    let worse = rows.map { $0.map { $0 + 0.25 } } + rows + [reference, reference.map { $0 + 1 }]
    #expect(Self.isClose(try Self.hypervolume(rows + worse, reference), volume))
    // A better point adds something.
    let best = [Double](repeating: -1.5, count: sample.objectives)
    #expect(try Self.hypervolume(rows + [best], reference) > volume)
  }

  /// Lengths whose products overflow or vanish half way change nothing but the exponent.
  @Test(arguments: RandomPoints.table(counts: [12], seeds: 2))
  func anyMagnitudeWill(_ sample: RandomPoints) throws {
    let exponents = [600, -500, 700, -800, 0]
    let stretch = { (row: [Double]) in
      zip(row, exponents).map { Double(sign: .plus, exponent: $1, significand: $0) }
    }
    let shift = exponents.prefix(sample.objectives).reduce(0, +)
    let plain = try sample.points()
    let points = try ObjectivePoints(sample.rows.map(stretch), objectives: sample.objectives)
    let reference = stretch(sample.reference)
    let volume = try plain.hypervolume(reference: sample.reference)
    #expect(
      try points.hypervolume(reference: reference)
        == Double(sign: .plus, exponent: shift, significand: volume))
    let contributions = try plain.hypervolumeContributions(reference: sample.reference)
    #expect(
      try points.hypervolumeContributions(reference: reference)
        == contributions.map { Double(sign: .plus, exponent: shift, significand: $0) })
    #expect(
      try points.hypervolumeSubset(size: 6, reference: reference)
        == plain.hypervolumeSubset(size: 6, reference: sample.reference))
    let huge = [Double](repeating: -1e308, count: sample.objectives)
    #expect(try Self.hypervolume([huge], huge.map { -$0 }) == .infinity)
    let tiny = [Double](repeating: -.leastNonzeroMagnitude, count: sample.objectives)
    #expect(try Self.hypervolume([tiny], huge.map { _ in 0 }) == 0)
  }

  @Test func infinities() throws {
    #expect(try Self.hypervolume([[-.infinity, 0], [0, -1]], [1, 1]) == .infinity)
    #expect(try Self.hypervolume([[-.infinity, 1]], [1, 1]) == 0)
    #expect(try Self.hypervolume([[0, 0]], [.infinity, 1]) == .infinity)
    #expect(try Self.hypervolume([[.infinity, 0]], [.infinity, 1]) == 0)
    #expect(try Self.hypervolume([[.nan, 0], [0, 0.5]], [1, 1]) == 0.5)
    #expect(try Self.hypervolume([], [1, 1, 1, 1]) == 0)
    let points = try ObjectivePoints(
      [[-.infinity, 0], [0, -.infinity], [-.infinity, 0.5]], objectives: 2)
    #expect(
      try points.hypervolumeContributions(reference: [1, 1]) == [.infinity, .infinity, 0])
    #expect(try points.hypervolumeSubset(size: 3, reference: [1, 1]) == [0, 1, 2])
  }

  @Test func refusesReferencesThatDoNotFit() throws {
    let points = try ObjectivePoints([[1, 2]], objectives: 2)
    #expect(throws: ObjectivePointsError.wrongReference(count: 1, objectives: 2)) {
      try points.hypervolume(reference: [1])
    }
    #expect(throws: ObjectivePointsError.referenceIsNotANumber(objective: 1)) {
      try points.hypervolumeContributions(reference: [1, .nan])
    }
    #expect(throws: ObjectivePointsError.wrongReference(count: 3, objectives: 2)) {
      try points.hypervolumeSubset(size: 1, reference: [1, 2, 3])
    }
  }

  // MARK: Contributions

  @Test(arguments: RandomPoints.table(counts: [1, 2, 12, 30], seeds: 2))
  func contributionsAreWhatIsLostWithoutAPoint(_ sample: RandomPoints) throws {
    let points = try sample.points()
    let volume = try points.hypervolume(reference: sample.reference)
    let contributions = try points.hypervolumeContributions(reference: sample.reference)
    for (index, contribution) in contributions.enumerated() {
      var rows = sample.rows
      rows.remove(at: index)
      let loss = volume - (try Self.hypervolume(rows, sample.reference))
      #expect(Self.isClose(contribution, loss, 1e-11), "\(contribution) \(loss)")
    }
  }
}
