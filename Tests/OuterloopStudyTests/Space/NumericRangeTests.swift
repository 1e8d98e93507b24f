import OuterloopStudy
import OuterloopText
import Testing

@Suite struct NumericRangeTests {
  /// The grid as decimals in a text, the truth that binary fractions are held against.
  @Test(
    arguments: [
      (0.0, 1.0, 0.1, "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0"),
      (0.0, 0.5, 0.2, "0.0 0.2 0.4"),
      (-0.3, 0.3, 0.1, "-0.3 -0.2 -0.1 0.0 0.1 0.2 0.3"),
      (-7, -1, 3, "-7.0 -4.0 -1.0"),
      (0.1, 0.7, 0.2, "0.1 0.3 0.5 0.7"),
      (1e-5, 5e-5, 1e-5, "1e-05 2e-05 3e-05 4e-05 5e-05"),
      (5, 5, 1, "5.0"), (5, 5.9, 1, "5.0"), (0, 1, 1e300, "0.0"),
      (1e15, 1e15 + 2, 1, "1000000000000000.0 1000000000000001.0 1000000000000002.0"),
    ] as [(Double, Double, Double, String)])
  func gridsAreDecimals(low: Double, high: Double, step: Double, grid: String) throws {
    let range = try NumericRange(low, high, step: step)
    let count = try #require(range.count)
    #expect((0..<count).map { "\(range.gridValue($0))" }.joined(separator: " ") == grid)
    #expect(range.high == range.gridValue(count - 1))
  }

  private static let ranges: [(Double, Double, Bool, Double?)] = [
    (0, 1, false, nil), (0, 1, false, 0.1), (0, 1, false, 1.0 / 3), (-5, 3, false, nil),
    (1e-5, 0.1, true, nil), (1, 1024, true, 1), (16, 1024, true, 16), (-1e300, 1e300, false, nil),
    (1e-300, 1e300, true, nil), (Double.leastNonzeroMagnitude, 1, true, nil), (3, 3, false, nil),
    (3, 3, true, 2),
    (0.3, 0.3, true, nil), (1e10, 1e10 + 1, false, 0.1), (0, 1e6, false, 0.001),
    (-9_007_199_254_740_992, -9_007_199_254_740_000, false, 1), (1e300, 1e300, false, 1e290),
    (0x0.1p-1022, 0x0.8p-1022, false, nil), (0, 1, false, 1e-15), (1e17, 1e17 + 640, false, 64),
  ]

  @Test(arguments: ranges)
  func quantilesAreMonotoneInsideAndInvertible(
    low: Double, high: Double, log: Bool, step: Double?
  ) throws {
    let range = try NumericRange(low, high, log: log, step: step)
    var last = -Double.infinity
    for i in 0...1000 {
      let u = Double(i) / 1000
      let value = range.value(atUnit: u)
      #expect(value >= range.low && value <= range.high && value >= last, "\(u)")
      last = value
      #expect(range.contains(value) && range.nearest(value) == value, "\(value)")
      let back = range.unit(of: value)
      #expect(back >= 0 && back <= 1)
      // Below 1e-307 numbers lose their digits.
      if abs(value) < 1e-307 && log { continue }
      #expect(
        range.count == nil
          ? abs(back - u) < 1e-9 : range.value(atUnit: back) == value, "\(u) \(value) \(back)")
    }
    #expect(range.value(atUnit: 0) == range.low && range.value(atUnit: 1) == range.high)
  }

  @Test(arguments: ranges)
  func theSameRangeComesFromItsOwnEnds(low: Double, high: Double, log: Bool, step: Double?) throws {
    let range = try NumericRange(low, high, log: log, step: step)
    #expect(try NumericRange(range.low, range.high, log: log, step: step) == range)
    guard let count = range.count, let step else { return }
    for index in Set([0, 1, 2, count / 3, count / 2, count - 2, count - 1]) where index >= 0 {
      guard index < count else { continue }
      let value = range.gridValue(index)
      #expect(range.nearest(value) == value && range.contains(value))
      // As someone computes it elsewhere.
      #expect(range.nearest(low + Double(index) * step) == value)
      #expect(index == 0 || range.gridValue(index - 1) < value)
      #expect(step < 16 * value.ulp || !range.contains(value + step * 0.3) || index == count - 1)
    }
  }

  @Test func widenedRangesGiveEachGridValueTheSameLength() throws {
    #expect(try NumericRange(0, 1).ends == [0, 1])
    #expect(try NumericRange(1, 5, step: 1).ends == [0.5, 5.5])
    #expect(try NumericRange(2, 8, step: 4).ends == [0, 8])  // the high end is 6
    let log = try NumericRange(1, 8, log: true, step: 1)
    #expect(
      abs(log.start + 0.6931471805599453) < 1e-15 && abs(log.end - 2.1400661634962708) < 1e-15)
    // Half a step below the first value lies zero: the low end stays.
    #expect(try NumericRange(1, 8, log: true, step: 2).start == 0)
    #expect(try NumericRange(3, 3, step: 1).ends == [3, 3])
  }

  @Test func onlyGridValuesAreContained() throws {
    let range = try NumericRange(0, 1, step: 0.1)
    for value in [0.3, 0.1 + 0.2, 0.30000001] { #expect(range.contains(value)) }
    for value in [0.35, -0.1, 1.1, .nan, .infinity] { #expect(!range.contains(value)) }
    let far = try NumericRange(1e10, 1e10 + 1, step: 0.1)
    #expect(far.contains(1e10 + 0.3) && !far.contains(1e10 + 0.35))
  }

  /// The one limit of integers, both ends included.
  @Test func integersReachTo2To53() throws {
    let most = 9_007_199_254_740_992
    for domain in [
      try Domain.int(0, most), try .int(-most, 0), try .int(1, most, log: true),
      try .int(1 - most, most, step: 2),
    ] {
      let range = try #require(domain.range)
      #expect(domain.value(atUnit: 0) == domain.numeric(range.low))
      #expect(domain.value(atUnit: 1) == domain.numeric(range.high))
      for u in [0.25, 0.5, 1 - 0x1p-53] {
        let value = domain.value(atUnit: u)
        #expect(domain.canonical(value) == value, "\(value) of \(domain)")
      }
    }
    #expect(throws: SpaceError.self) { try Domain.int(0, most + 1) }
    #expect(throws: SpaceError.self) { try Domain.int(-most, most) }
    for text in ["x=int(0, 9007199254740992)", "x=int(1, 9007199254740992, log)"] {
      #expect(try SearchSpace([ParameterDeclaration(parsing: text)]).parameters.count == 1)
    }
    // Ends that came as real numbers are no way around it.
    let far = ParameterDeclaration("x", .int(try NumericRange(1e17, 1e17 + 640, step: 64)))
    #expect(throws: SpaceError.self) { try SearchSpace([far]) }
  }

  private static let tooSmall =
    " is too small for the range; give a larger step: a range has 2^53 of them at most"

  @Test(
    arguments: [
      (1, 0, false, nil, "the low end 1.0 is above the high end 0.0; exchange them"),
      (.nan, 0, false, nil, "the ends nan and 0.0 are not finite; give two finite numbers"),
      (0, .infinity, false, nil, "the ends 0.0 and inf are not finite; give two finite numbers"),
      (
        -1e301, 1e301, false, nil,
        "the range reaches beyond 1e300; use a smaller range, or a scale factor"
      ),
      (
        0, 1, true, nil,
        "a log scale cannot start at 0.0; start above 0, or leave the log scale out"
      ),
      (0, 1, false, 0, "the step 0.0 is not above 0; give a positive step"),
      (0, 1, false, -1, "the step -1.0 is not above 0; give a positive step"),
      (0, 1, false, .nan, "the step nan is not above 0; give a positive step"),
      (-0x1p53, 0x1p53, false, 1, "the step 1.0" + tooSmall),
      (0, 1, false, 1e-300, "the step 1e-300" + tooSmall),
      (1e17, 1e17 + 64, false, 8, "the step 8.0" + tooSmall),
    ] as [(Double, Double, Bool, Double?, String)])
  func errors(low: Double, high: Double, log: Bool, step: Double?, text: String) {
    let error = #expect(throws: SpaceError.self) {
      try NumericRange(low, high, log: log, step: step)
    }
    #expect(error?.description == text)
  }

  /// Ranges longer than 2^53, whose differences a Double does not hold.
  @Test(arguments: [2.0, 3, 7, 1000]) func longGridsAreExact(_ step: Double) throws {
    let low = -9_007_199_254_740_991
    let range = try NumericRange(Double(low), 9_007_199_254_740_992, step: step)
    for index in stride(from: 1, to: 9_007_199_254_740_992 / Int(step), by: 123_456_789_012_345) {
      let value = range.gridValue(index)
      #expect(Int(exactly: value) == low + index * Int(step))
      #expect(range.index(nearest: value) == index)
      #expect(range.contains(value) && range.nearest(value) == value)
    }
  }
}

extension NumericRange {
  fileprivate var ends: [Double] { [start, end] }
}
