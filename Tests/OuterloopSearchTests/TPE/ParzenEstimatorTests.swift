import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import Testing

@Suite struct ParzenEstimatorTests {
  private func log(_ domain: NumericRange, _ observations: [Double], at points: [Double])
    -> [Double]
  {
    ParzenEstimator(domains: [.numeric(domain)], observations: [observations])
      .logDensity(at: [points])
  }

  // Literals of Optuna 5.0.0.
  @Test func floatLiterals() throws {
    let got = log(try NumericRange(0, 1), [0.2, 0.5, 0.9], at: [0.3, 0, 1])
    let want = [0.09093257995532955, -0.26608249715327736, -0.22386293319736772]
    for (got, want) in zip(got, want) { #expect(abs(got - want) < 1e-12) }
  }

  @Test func logFloatLiteral() throws {
    let domain = try NumericRange(1e-3, 1, log: true)
    #expect(abs(log(domain, [0.01, 0.1], at: [0.05])[0] + 1.7553349274049066) < 1e-12)
  }

  @Test func intLiterals() throws {
    let got = log(try NumericRange(0, 4, step: 1), [1, 3], at: [0, 2])
    #expect(abs(got[0] + 1.7530987556780993) < 1e-12)
    #expect(abs(got[1] + 1.4778328786638968) < 1e-12)
  }

  @Test func choiceLiterals() {
    let estimator = ParzenEstimator(
      domains: [.categorical(count: 3)], observations: [[0, 2, 2]])
    let got = estimator.logDensity(at: [[0, 1, 2]])
    let want = [-1.0986122886681098, -1.6582280766035324, -0.7419373447293772]
    for (got, want) in zip(got, want) { #expect(abs(got - want) < 1e-12) }
  }

  static let domains: [ParameterDomain] = [
    .numeric(try! NumericRange(-2, 3)),
    .numeric(try! NumericRange(1e-4, 100, log: true)),
    .numeric(try! NumericRange(0, 1, step: 0.1)),
    .numeric(try! NumericRange(1, 500, log: true, step: 1)),
    .numeric(try! NumericRange(0, 4, step: 1)),
    .categorical(count: 4),
  ]

  @Test(arguments: domains.indices, [0, 1, 2, 40, 200])
  func integratesToOne(_ index: Int, _ count: Int) throws {
    let domain = Self.domains[index]
    let observed = History.values(domain, count, seed: 3)
    let estimator = ParzenEstimator(domains: [domain], observations: [observed])
    var total = 0.0
    switch domain {
    case .categorical(let choices):
      for value in estimator.logDensity(at: [(0..<choices).map(Double.init)]) {
        total += exponential(value)
      }
    case .numeric(let domain):
      if let points = domain.count {
        let grid = (0..<points).map(domain.gridValue)
        for value in estimator.logDensity(at: [grid]) { total += exponential(value) }
      } else {
        // The midpoint rule, in coordinates.
        let cells = 20_000
        let points = (0..<cells).map {
          domain.value(
            atCoordinate: domain.start + (Double($0) + 0.5) / Double(cells) * domain.width)
        }
        for value in estimator.logDensity(at: [points]) { total += exponential(value) }
        total *= domain.width / Double(cells)
      }
    }
    #expect(abs(total - 1) < 1e-5)
  }

  /// Draws fall into the quarters of the range as often as the density says (chi-square with three
  /// degrees of freedom, at most 21.1 in 9,999 of 10,000 cases; the streams are fixed).
  @Test(arguments: domains.indices, [2, 150])
  func drawsFollowTheDensity(_ index: Int, _ count: Int) throws {
    let domain = Self.domains[index]
    let observed = History.values(domain, count, seed: 4)
    let estimator = ParzenEstimator(domains: [domain], observations: [observed])
    var incremental = IncrementalParzen(domain: domain)
    var joint = JointParzen(domains: [domain])
    for (arrival, value) in observed.enumerated() {
      incremental.insert(value, arrival: arrival)
      joint.insert([value], arrival: arrival)
    }
    let draws = 20_000
    var uniforms = UniformStream(key: RandomKey(seed: 5), expecting: 6 * draws)
    for sample in [
      estimator.sample(draws, from: &uniforms)[0], incremental.sample(draws, from: &uniforms),
      joint.sample(draws, from: &uniforms)[0],
    ] {
      let (bins, expected) = try partition(domain, estimator)
      var seen = [Double](repeating: 0, count: expected.count)
      for value in sample { seen[bins(value)] += 1 }
      var statistic = 0.0
      for (seen, expected) in zip(seen, expected) where expected > 0 {
        let mean = expected * Double(draws)
        statistic += (seen - mean) * (seen - mean) / mean
      }
      #expect(statistic < 21.1)
    }
  }

  private func partition(
    _ domain: ParameterDomain, _ estimator: ParzenEstimator
  ) throws -> (bin: (Double) -> Int, mass: [Double]) {
    var mass = [0.0, 0, 0, 0]
    switch domain {
    case .categorical(let count):
      for choice in 0..<count {
        mass[choice] = exponential(estimator.logDensity(at: [[Double(choice)]])[0])
      }
      return ({ Int($0) }, mass)
    case .numeric(let numeric):
      let bin = { (value: Double) in
        min(Int(4 * (numeric.coordinate(of: value) - numeric.start) / numeric.width), 3)
      }
      if let points = numeric.count {
        let grid = (0..<points).map(numeric.gridValue)
        for (value, log) in zip(grid, estimator.logDensity(at: [grid])) {
          mass[bin(value)] += exponential(log)
        }
      } else {
        let cells = 20_000
        for cell in 0..<cells {
          let place = (Double(cell) + 0.5) / Double(cells)
          let value = numeric.value(atCoordinate: numeric.start + place * numeric.width)
          mass[bin(value)] +=
            exponential(estimator.logDensity(at: [[value]])[0]) * numeric.width / Double(cells)
        }
      }
      return (bin, mass)
    }
  }

  @Test func sampleOfProductsSharesTheKernel() throws {
    // Heaps in opposite corners: draws of a mixture of products lie near the diagonal, but for the
    // two wide kernels at the gap.
    let unit = ParameterDomain.numeric(try NumericRange(0, 1))
    var joint = JointParzen(domains: [unit, unit])
    for k in 0..<200 {
      let at = (k % 2 == 0 ? 0.01 : 0.98) + 1e-4 * Double(k / 2)
      joint.insert([at, at], arrival: k)
    }
    var uniforms = UniformStream(key: RandomKey(seed: 1))
    let exact = joint.estimator().sample(1000, from: &uniforms)
    let sample = joint.sample(1000, from: &uniforms)
    for points in [exact, sample] {
      let agreeing = zip(points[0], points[1]).count { ($0 < 0.5) == ($1 < 0.5) }
      #expect(agreeing > 950)
      #expect(points[0].count { $0 < 0.5 } > 300 && points[0].count { $0 > 0.5 } > 300)
    }
  }

  @Test func explicitWeights() throws {
    let unit = ParameterDomain.numeric(try NumericRange(0, 1))
    let weighted = ParzenEstimator(
      domains: [unit], observations: [[0.2, 0.7]], weights: [3, 1])
    // Weights are per kernel: 3, 1 and the prior's 1.
    let equal = ParzenEstimator(domains: [unit], observations: [[0.2, 0.7]], weights: [1, 1])
    #expect(weighted.logDensity(at: [[0.2]])[0] > equal.logDensity(at: [[0.2]])[0])
    #expect(weighted.logDensity(at: [[0.7]])[0] < equal.logDensity(at: [[0.7]])[0])
  }

  @Test func densityOutsideIsZero() throws {
    let unit = ParameterDomain.numeric(try NumericRange(0, 1))
    for count in [0, 3, 200] {
      let observed = History.values(unit, count, seed: 9)
      var density = IncrementalParzen(domain: unit)
      for (k, value) in observed.enumerated() { density.insert(value, arrival: k) }
      #expect(density.logDensity(at: [-0.1, 1.1]) == [-.infinity, -.infinity])
    }
  }
}

/// e^x by (e^(x/1024))^1024.
func exponential(_ x: Double) -> Double {
  guard x > -700 else { return 0 }
  let y = x / 1024
  var sum = 1.0
  var term = 1.0
  for n in 1..<25 {
    term *= y / Double(n)
    sum += term
  }
  for _ in 0..<10 { sum *= sum }
  return sum
}
