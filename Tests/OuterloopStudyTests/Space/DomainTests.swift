import Testing

@testable import OuterloopStudy

@Suite struct DomainTests {
  private func domain(_ text: String) throws -> Domain {
    try ParameterDeclaration(parsing: "x=" + text).domain
  }

  @Test(arguments: [
    "int(-3, 4)", "int(16, 128, log, step 16)", "float(0, 1, step 0.1)", "choice(a, b, c)",
    "ordinal(1, 2.5, big, true)", "constant(cpu)", "int(7, 7)", "float(3, 3)",
  ])
  func placesAndValuesOfCountableDomains(text: String) throws {
    let domain = try domain(text)
    let values = (0..<(try #require(domain.count))).map { domain.value(atIndex: $0) }
    #expect(Set(values).count == values.count)
    for (index, value) in values.enumerated() {
      #expect(domain.index(of: value) == index)
      #expect(domain.canonical(value) == value)
    }
    #expect(domain.index(of: "elsewhere") == nil && domain.index(of: 1000.5) == nil)
  }

  @Test func canonicalValuesHaveTheTypeOfTheDomain() throws {
    #expect(try domain("int(1, 5)").canonical(3.0) == .int(3))
    #expect(try domain("int(1, 5)").canonical(3.5) == nil)
    #expect(try domain("int(1, 5)").canonical("3") == nil)
    #expect(try domain("int(1, 5)").canonical(true) == nil)
    #expect(try domain("float(1, 5)").canonical(3) == .float(3))
    #expect(try domain("float(0, 1, step 0.1)").canonical(.float(0.1 + 0.2)) == .float(0.3))
    #expect(try domain("choice(1.0, 2)").canonical(1) == .int(1))
    #expect(try domain("choice('1', 2)").canonical(1) == nil)
    #expect(try domain("choice(true, 'true', 1)").canonical(true) == .bool(true))
    #expect(try domain("constant(4)").canonical(4.0) == .int(4))
  }

  /// Pearson's chi-square; the seed is fixed, the 0.001 quantiles are tabulated.
  @Test(arguments: [
    ("choice(a, b, c, d)", 16.27), ("int(1, 10)", 27.88), ("float(0, 1, step 0.1)", 29.59),
    ("ordinal(1, 2)", 10.83),
  ])
  func unitsAreUniform(text: String, critical: Double) throws {
    let domain = try domain(text)
    let count = try #require(domain.count)
    var random = SplitMix64(7)
    var seen = [Int](repeating: 0, count: count)
    let draws = 10_000 * count
    for _ in 0..<draws {
      let value = domain.value(atUnit: Double.random(in: 0..<1, using: &random))
      seen[try #require(domain.index(of: value))] += 1
    }
    let chiSquare = seen.reduce(0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 }
    #expect(chiSquare < critical)
    #expect(domain.value(atUnit: 1) == domain.value(atIndex: count - 1))
  }

  /// On a log scale each integer's share is that of its piece of the widened range, in logarithms.
  @Test func logIntegersAreUniformInLogarithms() throws {
    let domain = try domain("int(1, 8, log)")
    // log((k + 1/2) / (k - 1/2)) / log(17) for k = 1...8
    let shares = [
      0.38776, 0.18030, 0.11876, 0.08870, 0.07083, 0.05896, 0.05051, 0.04418,
    ]
    #expect(abs(shares.reduce(0, +) - 1) < 1e-4)
    var random = SplitMix64(11)
    var seen = [Double](repeating: 0, count: 8)
    for _ in 0..<100_000 {
      seen[domain.index(of: domain.value(atUnit: .random(in: 0..<1, using: &random)))!] += 1
    }
    let chiSquare = zip(seen, shares).reduce(0) {
      $0 + ($1.0 - 1e5 * $1.1) * ($1.0 - 1e5 * $1.1) / (1e5 * $1.1)
    }
    #expect(chiSquare < 24.32)  // 0.001 with 7 degrees of freedom
  }

  @Test func domainsBuiltByHandAreCheckedWhenDeclared() throws {
    let whole = try NumericRange(0.5, 1.5)
    for domain: Domain in [
      .int(whole), .int(try NumericRange(0.5, 2.5, step: 1)), .categorical([]), .ordinal([1, 1.0]),
      .constant(.float(.nan)), .categorical([.float(.infinity)]),
    ] {
      var space = SearchSpace()
      #expect(throws: SpaceError.self, "\(domain)") {
        try space.add(ParameterDeclaration("x", domain))
      }
      #expect(space.parameters.isEmpty)
    }
  }
}
