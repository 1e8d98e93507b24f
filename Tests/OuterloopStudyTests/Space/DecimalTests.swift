import Testing

@testable import OuterloopStudy

/// Arithmetic in formulas is that of the decimals that are written.
@Suite struct DecimalTests {
  private static let space: SearchSpace = try! SearchSpace(
    ["a", "b", "c", "d"].map { name in
      try ParameterDeclaration(parsing: "\(name)=float(-1e6, 1e6)")
    } + [ParameterDeclaration(parsing: "n=int(-9007199254740992, -1)")])

  private func holds(_ text: String, _ values: [ParameterValue?]) throws -> Bool? {
    let predicate = try Predicate(text, over: Self.space)
    let truth = predicate.expression.evaluate { $0 < values.count ? values[$0] : nil }
    guard case .bool(let truth) = truth else { return nil }
    return truth
  }

  @Test(
    arguments: [
      ("a + b == 0.3", [0.1, 0.2], true), ("a + b > 0.3", [0.1, 0.2], false),
      ("a + b <= 0.3", [0.1, 0.2], true), ("a + b + c == 1", [0.6, 0.3, 0.1], true),
      ("a - b == 0.1", [0.3, 0.2], true), ("a * b == 0.02", [0.1, 0.2], true),
      ("a * 3 == 0.3", [0.1], true), ("a / 3 == 0.1", [0.3], true),
      ("a / b == 3", [0.3, 0.1], true),
      ("a / 3 + b / 3 + c / 3 == 1", [1, 1, 1], true), ("a + 0.1 >= b", [0.2, 0.3], true),
      ("a + 0.1 < b", [0.2, 0.3], false), ("a + b in [0.3, 0.5]", [0.1, 0.2], true),
      ("a + b not in [0.3, 0.5]", [0.1, 0.2], false),
      ("a * b * c * d == 1e-20", Array(repeating: 1e-5, count: 4), true),
      ("a + b == 1e-7", [4e-8, 6e-8], true),
      // More than 15 digits are taken for rounding.
      ("a + b != 0.3", [0.1, 0.2000000000000001], false),
      ("a + b == 0.30000000000001", [0.1, 0.2], false),
      ("1 / (a + b - 0.3) > 0", [0.1, 0.2], nil), ("a + b - c == 0", [0.1, 0.7, 0.8], true),
    ] as [(String, [Double], Bool?)])
  func decimals(text: String, values: [Double], truth: Bool?) throws {
    #expect(try holds(text, values.map { .float($0) }) == truth)
  }

  /// Where digits are missing, what rounding cannot tell apart is equal.
  @Test func numbersThatAreNoDecimals() throws {
    let third = 1.0 / 3
    #expect(try holds("a + b + c == 1", [.float(third), .float(third), .float(third)]) == true)
    #expect(try holds("a + b + c < 1", [.float(third), .float(third), .float(third)]) == false)
    #expect(try holds("a + b == c", [.float(third), .float(third), .float(0.6667)]) == false)
    // Too many digits for 128 bits.
    let digits = 0.123456789012345
    #expect(
      try holds("a * b * c * d == d * c * b * a", Array(repeating: .float(digits), count: 4))
        == true)
    #expect(
      try holds("a * b * c * d < d * c * b * a", Array(repeating: .float(digits), count: 4))
        == false)
  }

  @Test func wholeNumbersAreExact() throws {
    let most: ParameterValue = .int(-9_007_199_254_740_992)
    #expect(try holds("n - 1 < -9007199254740992", [nil, nil, nil, nil, most]) == true)
    #expect(try holds("n - 1 == n", [nil, nil, nil, nil, most]) == false)
    #expect(try holds("n + a > n", [.float(0.1), nil, nil, nil, most]) == true)
  }

  /// All sums of three on a grid of tenths, thirds of hundreds, ... against whole numbers.
  @Test(arguments: [(0.1, 10, 10), (0.05, 20, 7), (0.001, 1000, 613), (2.5, 8, 3)])
  func sumsOnGrids(step: Double, count: Int, target: Int) throws {
    let range = try NumericRange(0, Double(count) * step, step: step)
    #expect(range.count == count + 1)
    let goal = range.gridValue(target)
    let predicate = try Predicate("a + b + c == \(goal)", over: Self.space)
    for i in stride(from: 0, through: target, by: max(target / 40, 1)) {
      for j in stride(from: 0, through: target - i, by: max(target / 40, 1)) {
        for (k, isRight) in [(target - i - j, true), (target - i - j + 1, false)] where k <= count {
          let values = [i, j, k].map { ParameterValue.float(range.gridValue($0)) }
          #expect(predicate.holds { $0 < 3 ? values[$0] : nil } == isRight, "\(values)")
        }
      }
    }
  }
}
