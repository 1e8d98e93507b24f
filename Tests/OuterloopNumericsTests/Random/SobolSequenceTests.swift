import OuterloopNumerics
import Testing

@Suite struct SobolSequenceTests {
  static let scrambled = [UInt64](0..<4).map { RandomKey(seed: $0, purpose: "sobol test") }

  // MARK: The plain sequence

  /// Words 2^32 x of scipy 1.17.1, as printed by Scripts/pack-sobol.py.
  static let indices: [UInt32] = [1, 2, 3, 4, 5, 6, 7, 100, 16383]
  static let reference: [Int: [UInt32]] = [
    0: [
      0x8000_0000, 0xc000_0000, 0x4000_0000, 0x6000_0000, 0xe000_0000, 0xa000_0000, 0x2000_0000,
      0x6a00_0000, 0x40000,
    ],
    1: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0x6000_0000, 0xe000_0000, 0x2000_0000, 0xa000_0000,
      0x4200_0000, 0xcccc_0000,
    ],
    2: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0xa000_0000, 0x2000_0000, 0xe000_0000, 0x6000_0000,
      0xc600_0000, 0xc09c_0000,
    ],
    3: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0xe000_0000, 0x6000_0000, 0xa000_0000, 0x2000_0000,
      0xba00_0000, 0xb40c_0000,
    ],
    7: [
      0x8000_0000, 0xc000_0000, 0x4000_0000, 0xe000_0000, 0x6000_0000, 0x2000_0000, 0xa000_0000,
      0x7a00_0000, 0x7d14_0000,
    ],
    40: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0xe000_0000, 0x6000_0000, 0xa000_0000, 0x2000_0000,
      0xb600_0000, 0x85c0000,
    ],
    479: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0x6000_0000, 0xe000_0000, 0x2000_0000, 0xa000_0000,
      0xca00_0000, 0x5b04_0000,
    ],
    480: [
      0x8000_0000, 0x4000_0000, 0xc000_0000, 0xe000_0000, 0x6000_0000, 0xa000_0000, 0x2000_0000,
      0xea00_0000, 0xda04_0000,
    ],
    999: [
      0x8000_0000, 0xc000_0000, 0x4000_0000, 0x2000_0000, 0xa000_0000, 0xe000_0000, 0x6000_0000,
      0xea00_0000, 0x837c_0000,
    ],
    1110: [
      0x8000_0000, 0xc000_0000, 0x4000_0000, 0xe000_0000, 0x6000_0000, 0x2000_0000, 0xa000_0000,
      0x7600_0000, 0x1cec_0000,
    ],
  ]

  @Test func plainPointsAreScipys() throws {
    let sequence = try SobolSequence(dimensions: SobolSequence.maximumDimensions)
    #expect(sequence.point(0).allSatisfy { $0 == 0 })
    for (place, index) in Self.indices.enumerated() {
      let point = sequence.point(index)
      for (dimension, words) in Self.reference {
        #expect(point[dimension] * 0x1p32 == Double(words[place]), "\(dimension)")
      }
    }
  }

  @Test func refusesDimensionsWithoutNumbers() {
    for dimensions in [-1, 0, 1112] {
      let plain = #expect(throws: SobolError.self) { try SobolSequence(dimensions: dimensions) }
      let scrambled = #expect(throws: SobolError.self) {
        try SobolSequence(dimensions: dimensions, key: RandomKey(seed: 1))
      }
      #expect(plain?.dimensions == dimensions && scrambled == plain)
    }
  }

  // MARK: Nets

  /// How many points fall into each cell of 2^a by 2^b, for the coordinates i and j.
  static func counts(
    _ points: [[Double]], _ i: Int, _ a: Int, _ j: Int = 0, _ b: Int = 0
  ) -> [Int] {
    var result = [Int](repeating: 0, count: 1 << (a + b))
    for point in points {
      let column = Int(point[i] * Double(1 << a))
      let row = Int(point[j] * Double(1 << b))
      result[column << b | row] += 1
    }
    return result
  }

  @Test(arguments: [0, 1, 4, 10]) func everyCoordinateIsANet(_ m: Int) throws {
    for key in Self.scrambled {
      let sequence = try SobolSequence(dimensions: SobolSequence.maximumDimensions, key: key)
      let points = sequence.points(count: 1 << m)
      for dimension in 0..<sequence.dimensions {
        #expect(Self.counts(points, dimension, m).allSatisfy { $0 == 1 }, "\(dimension)")
      }
    }
  }

  @Test func theFirstTwoCoordinatesAreANet() throws {
    for key in Self.scrambled {
      let points = try SobolSequence(dimensions: 2, key: key).points(count: 1 << 10)
      for a in 0...10 {
        #expect(Self.counts(points, 0, a, 1, 10 - a).allSatisfy { $0 == 1 }, "\(a)")
      }
    }
  }

  /// The least t for which every elementary interval of area 2^(t - m) holds 2^t points.
  static func quality(_ points: [[Double]], _ i: Int, _ j: Int, m: Int) -> Int {
    (0...m).first { t in
      (0...(m - t)).allSatisfy { a in
        counts(points, i, a, j, m - t - a).allSatisfy { $0 == 1 << t }
      }
    } ?? m
  }

  /// Nested scrambling moves points within elementary intervals, but none out of them.
  @Test func scramblingKeepsTheQualityOfEveryPair() throws {
    let plain = try SobolSequence(dimensions: 6).points(count: 256)
    let scrambled = try Self.scrambled.map {
      try SobolSequence(dimensions: 6, key: $0).points(count: 256)
    }
    for i in 0..<6 {
      for j in 0..<i {
        let quality = Self.quality(plain, i, j, m: 8)
        #expect(quality < 5)
        for points in scrambled { #expect(Self.quality(points, i, j, m: 8) == quality) }
      }
    }
  }

  // MARK: The scrambled sequence

  @Test func aPointIsAFunctionOfKeyAndIndex() throws {
    let key = RandomKey(seed: 5)
    let wide = try SobolSequence(dimensions: 50, key: key)
    let narrow = try SobolSequence(dimensions: 7, key: key)
    let points = narrow.points(from: 1000, count: 20)
    for (offset, point) in points.enumerated() {
      #expect(point == narrow.point(1000 + UInt32(offset)))
      #expect(point == Array(wide.point(1000 + UInt32(offset)).prefix(7)))
    }
    #expect(narrow.points(from: .max, count: 2) == [narrow.point(.max), narrow.point(0)])
    #expect(narrow.points(count: -3).isEmpty)
  }

  @Test func keysDiffer() throws {
    let points = try (0..<40).map {
      try SobolSequence(dimensions: 3, key: RandomKey(seed: 9, index: UInt64($0))).point(17)
    }
    #expect(Set(points).count == 40)
    #expect(Set(points.flatMap(\.self)).count == 120)
  }

  @Test func neverTouchesTheEdges() throws {
    let sequence = try SobolSequence(dimensions: 2, key: RandomKey(seed: 3))
    for index in [UInt32](0..<2000) + [.max] {
      #expect(sequence.point(index).allSatisfy { $0 > 0 && $0 < 1 })
    }
  }

  /// Over keys, a point is uniform and independent of another: 16 x 16 cells, chi-squared with 255
  /// degrees of freedom (standard deviation 22.6), ten pairs. P(> 370) is about 3e-6 for each.
  @Test func aPointIsUniformOverKeys() throws {
    let sequences = try (0..<4096).map {
      try SobolSequence(dimensions: 2, key: RandomKey(seed: UInt64($0), purpose: "uniform"))
    }
    for index: UInt32 in [0, 1, 2, 77, 1 << 20] {
      let points = sequences.map { $0.point(index) }
      // Low bits, too, where scrambling below the point's own resolution is at work.
      let fine = points.map { $0.map { ($0 * 4096).truncatingRemainder(dividingBy: 1) } }
      for sample in [points, fine] {
        let statistic = Self.counts(sample, 0, 4, 1, 4).reduce(0.0) {
          $0 + (Double($1) - 16) * (Double($1) - 16) / 16
        }
        #expect(statistic < 370 && statistic > 160, "point \(index): \(statistic)")
      }
    }
  }

  /// The root mean square error over 20 keys of the integral of prod (1 + (x_j - 1/2)) over five
  /// dimensions, which is 1: at least twenty times better than random points at n = 4096 (theory:
  /// random 2^-6 sigma, scrambled nets of smooth integrands near n^-1.5), and falling fast.
  @Test func integratesBetterThanRandomPoints() throws {
    let integrand = { (x: [Double]) in x.reduce(1) { $0 * (0.5 + $1) } }
    let error = { (n: Int, points: (RandomKey) throws -> [[Double]]) -> Double in
      let squares = try (0..<20).map { seed in
        let values = try points(RandomKey(seed: UInt64(seed), purpose: "integral")).map(integrand)
        let miss = values.reduce(0, +) / Double(n) - 1
        return miss * miss
      }
      return (squares.reduce(0, +) / 20).squareRoot()
    }
    let sobol = { (n: Int) in
      try error(n) { try SobolSequence(dimensions: 5, key: $0).points(count: n) }
    }
    let random = try error(4096) { key in
      let numbers = try key.uniform([4096 * 5], dtype: .float64).scalars(Double.self)
      return (0..<4096).map { Array(numbers[$0 * 5..<$0 * 5 + 5]) }
    }
    let (coarse, fine) = (try sobol(256), try sobol(4096))
    #expect(fine < random / 20)
    #expect(fine < coarse / 16)
  }
}
