import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Relaxed choices: where they lie, their limits, their probabilities, their derivatives.
@Suite struct RelaxationTests {
  private static let logits = Tensor(
    [0.7, -1.2, 0.1, 2.0, -0.4, 0.3], shape: [2, 3], dtype: .float64)

  private func point(_ a: [Double], _ tau: Double) -> [Double] {
    let e = a.map { Foundation.exp($0 / tau) }
    return e.map { $0 / e.reduce(0, +) }
  }

  /// Derivatives of a scalar function by differences of fourth order.
  private func differences(
    _ x: [Double], _ f: (Tensor) throws -> Tensor
  ) throws -> [Double] {
    let h = 1e-3
    return try x.indices.map { index in
      func value(_ steps: Double) throws -> Double {
        var moved = x
        moved[index] += steps * h
        return try f(Tensor(moved)).item()
      }
      return try (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * h)
    }
  }

  // MARK: - Points and limits

  @Test(arguments: [0.3, 1, 4]) func simplexPoints(tau: Double) throws {
    let relaxation = SimplexRelaxation(temperature: Temperature(tau))
    let s = try relaxation(Self.logits).doubles()
    let rows = try Self.logits.doubles()
    expectClose(s, point(Array(rows[..<3]), tau) + point(Array(rows[3...]), tau), 1e-14)
    for row in [s[..<3], s[3...]] { #expect(abs(row.reduce(0, +) - 1) < 1e-15) }
    // The inverse gives the logits with mean 0.
    let back = try relaxation.logits(of: relaxation(Self.logits)).doubles()
    let centered = rows.enumerated().map { index, a in
      a - rows[(index / 3 * 3)..<(index / 3 * 3 + 3)].reduce(0, +) / 3
    }
    expectClose(back, centered, 1e-13)
  }

  @Test func simplexLimits() throws {
    for dtype in [DType.float32, .float64] {
      let logits = Self.logits.cast(to: dtype)
      let cold = SimplexRelaxation(temperature: 1e-30)
      #expect(try cold(logits).doubles() == [1, 0, 0, 1, 0, 0])
      #expect(try cold.entropy(logits).doubles() == [0, 0])
      let hot = SimplexRelaxation(temperature: 1e9)
      expectClose(try hot(logits).doubles(), [Double](repeating: 1 / 3, count: 6), 1e-7)
      expectClose(
        try hot.entropy(logits).doubles(), [Foundation.log(3), Foundation.log(3)], 1e-6)
    }
    // Ties stay ties.
    let tied = SimplexRelaxation(temperature: 1e-30)(Tensor([1.0, 3, 3], dtype: .float64))
    #expect(try tied.doubles() == [0, 0.5, 0.5])
  }

  @Test(arguments: [0.3, 1, 4]) func cubePoints(tau: Double) throws {
    let relaxation = CubeRelaxation(temperature: Temperature(tau))
    let z = relaxation(Self.logits)
    let expected = try Self.logits.doubles().map { 1 / (1 + Foundation.exp(-$0 / tau)) }
    expectClose(try z.doubles(), expected, 1e-14)
    expectClose(try relaxation.logits(of: z).doubles(), try Self.logits.doubles(), 1e-13)
    expectClose(
      try relaxation.entropy(Self.logits).doubles(),
      expected.map { -$0 * Foundation.log($0) - (1 - $0) * Foundation.log(1 - $0) }, 1e-14)
    #expect(
      try CubeRelaxation(temperature: 1e-30)(Self.logits).doubles() == [1, 0, 1, 1, 0, 1])
    #expect(try CubeRelaxation.choice(Self.logits).doubles() == [1, 0, 1, 1, 0, 1])
  }

  @Test func entropies() throws {
    let relaxation = SimplexRelaxation(temperature: 0.7)
    let rows = try Self.logits.doubles()
    let expected = [Array(rows[..<3]), Array(rows[3...])].map { row in
      point(row, 0.7).reduce(0) { $0 - $1 * Foundation.log($1) }
    }
    expectClose(try relaxation.entropy(Self.logits).doubles(), expected, 1e-14)
    // Where the weights are rounded to 0 and where they are not: finite, and -s (log s + H) / tau.
    for logits in [[0.4, -0.9, 0.2], [0, -300.0, 2], [0, 1e6, -1e6]] {
      let gradient = try gradient(at: Tensor(logits)) { relaxation.entropy($0).sum() }.doubles()
      let s = point(logits.map { $0 - logits.max()! }, 0.7)
      let logs = s.map { $0 > 0 ? Foundation.log($0) : 0 }
      let entropy = zip(s, logs).reduce(0) { $0 - $1.0 * $1.1 }
      expectClose(gradient, zip(s, logs).map { -$0 * ($1 + entropy) / 0.7 }, 1e-13)
    }
    let far = CubeRelaxation().entropy(Tensor([1e4, -1e4, 40, -40], dtype: .float64))
    let tail = 41 * Foundation.exp(-40.0)
    for (value, expected) in zip(try far.doubles(), [0, 0, tail, tail]) {
      #expect(abs(value - expected) <= 1e-13 * tail)
    }
  }

  @Test func errors() throws {
    #expect(SimplexRelaxation(temperature: 0)(Self.logits).error != nil)
    #expect(CubeRelaxation(temperature: -1)(Self.logits).error != nil)
    #expect(SimplexRelaxation(temperature: Temperature(.nan))(Self.logits).error != nil)
    #expect(SimplexRelaxation()(Tensor(1)).error != nil)
    #expect(throws: TensorError.self) {
      try SimplexRelaxation().logits(of: Tensor([0.0, 1], dtype: .float64))
    }
    #expect(throws: TensorError.self) {
      try SimplexRelaxation().logits(of: Tensor([0.5, 1], dtype: .float64))
    }
    #expect(throws: TensorError.self) {
      try CubeRelaxation().logits(of: Tensor([0.5, 1], dtype: .float64))
    }
    #expect(
      RandomKey.tensor(seed: 1, purpose: "", index: Tensor([Int32(1), 2])).error != nil)
  }

  // MARK: - Derivatives

  /// The point, its entropy and a sample with fixed noise, by logits and by temperature.
  @Test func derivatives() throws {
    let key = RandomKey(seed: 3, purpose: "derivatives").tensor
    let c = Tensor([0.3, -1.1, 1.8], dtype: .float64)
    /// Three logits and a temperature, in one tensor.
    @Sendable func logits(_ x: Tensor) -> Tensor { x.sliced(axis: 0, 0..<3) }
    @Sendable func simplex(_ x: Tensor) -> SimplexRelaxation {
      SimplexRelaxation(temperature: Temperature(x.example(3)))
    }
    @Sendable func cube(_ x: Tensor) -> CubeRelaxation {
      CubeRelaxation(temperature: Temperature(x.example(3)))
    }
    let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
      ("simplex", { simplex($0)(logits($0)) }),
      ("simplex entropy", { simplex($0).entropy(logits($0)) }),
      ("Gumbel", { simplex($0).sample(logits($0), key: key) }),
      ("cube", { cube($0)(logits($0)) }), ("cube entropy", { cube($0).entropy(logits($0)) }),
      ("binary concrete", { cube($0).sample(logits($0), key: key) }),
    ]
    for (name, function) in functions {
      let scalar = Compiled { (x: Tensor) in (function(x) * c).sum() }
      let slope = Compiled { (x: Tensor) in try gradient(at: x) { (function($0) * c).sum() } }
      let x = [0.7, -1.2, 0.1, 0.6]
      let expected = try differences(x) { try scalar($0) }
      #expect(expected.contains { abs($0) > 1e-2 }, "\(name)")
      let given = try slope(Tensor(x)).doubles()
      for (a, b) in zip(given, expected) { #expect(abs(a - b) < 1e-8, "\(name): \(a) \(b)") }
    }
  }

  /// Forward the choice to the last bit, backward the derivative of the relaxed one.
  @Test(arguments: [DType.float32, .float64]) func straightThrough(_ dtype: DType) throws {
    let c = Tensor([0.3, -1.1, 0.8], dtype: .float64).cast(to: dtype)
    let key = RandomKey(seed: 4, purpose: "straight through")
    let logits = key.normal([50, 3], dtype: dtype)
    let relaxation = SimplexRelaxation(temperature: 0.7)
    let hard = Compiled { (a: Tensor) in SimplexRelaxation.straightThrough(relaxation(a)) }
    let values = try hard(logits).doubles()
    let a = try logits.doubles()
    for row in 0..<50 {
      let best = (0..<3).max { a[3 * row + $0] < a[3 * row + $1] }!
      #expect(Array(values[(3 * row)..<(3 * row + 3)]) == (0..<3).map { $0 == best ? 1 : 0 })
    }
    let through = try gradient(at: logits) {
      (SimplexRelaxation.straightThrough(relaxation($0)) * c).sum()
    }
    let soft = try gradient(at: logits) { (relaxation($0) * c).sum() }
    #expect(try through.doubles() == soft.doubles())
    #expect(try soft.doubles().contains { abs($0) > 0.1 })

    let cube = CubeRelaxation(temperature: 0.7)
    let steps = Compiled { (a: Tensor) in CubeRelaxation.straightThrough(cube(a)) }
    #expect(try steps(logits).doubles() == a.map { $0 > 0 ? 1 : 0 })
    let throughCube = try gradient(at: logits) {
      (CubeRelaxation.straightThrough(cube($0)) * c).sum()
    }
    #expect(
      try throughCube.doubles() == gradient(at: logits) { (cube($0) * c).sum() }.doubles())
    // Of equals the first.
    let tied = SimplexRelaxation.straightThrough(Tensor([0.2, 0.4, 0.4], dtype: .float64))
    #expect(try tied.doubles() == [0, 1, 0])
  }

  // MARK: - Probabilities

  /// Pearson's statistic of 100,000 choices against softmax(a), at alpha = 1e-3 (4 degrees of
  /// freedom: 18.467), for the noise and through a sample at two temperatures.
  @Test(arguments: [DType.float32, .float64], [11, 12, 13] as [UInt64])
  func gumbelChoices(_ dtype: DType, seed: UInt64) throws {
    let draws = 100_000
    let a = [0.5, -1.0, 1.5, 0.0, -2.0]
    let logits = Tensor(a).cast(to: dtype).broadcast(to: [draws, 5])
    for (tau, purpose) in [(0.1, "cold"), (5, "hot")] {
      let counts = Compiled { (key: Tensor) in
        let sample = SimplexRelaxation(temperature: Temperature(tau)).sample(logits, key: key)
        return SimplexRelaxation.choice(sample).oneHot(5, dtype: .float64).sum(axes: [0])
      }
      let counted = try counts(RandomKey(seed: seed, purpose: purpose).tensor).doubles()
      let statistic = zip(counted, point(a, 1)).reduce(0) { sum, pair in
        let expected = pair.1 * Double(draws)
        return sum + (pair.0 - expected) * (pair.0 - expected) / expected
      }
      #expect(statistic < 18.467, "seed \(seed) \(purpose): \(statistic)")
      #expect(counted.reduce(0, +) == Double(draws))
    }
  }

  /// P(z > 1/2) = sigmoid(a), at alpha = 1e-3 (1 degree of freedom: 10.828) a number.
  @Test(arguments: [DType.float32, .float64]) func binaryChoices(_ dtype: DType) throws {
    let draws = 100_000
    let a = [-1.5, -0.2, 0.0, 2.0]
    let logits = Tensor(a).cast(to: dtype).broadcast(to: [draws, 4])
    let counts = Compiled { (key: Tensor) in
      CubeRelaxation(temperature: 0.3).sample(logits, key: key).isGreater(than: 0.5)
        .cast(to: .float64).sum(axes: [0])
    }
    let counted = try counts(RandomKey(seed: 21, purpose: "binary").tensor).doubles()
    for (count, logit) in zip(counted, a) {
      let p = 1 / (1 + Foundation.exp(-logit))
      let difference = count - p * Double(draws)
      #expect(difference * difference / (Double(draws) * p * (1 - p)) < 10.828, "\(logit)")
    }
  }

  /// The moments of Gumbel numbers, to five standard errors: mean Euler's constant, variance pi^2/6,
  /// whose own variance is (kurtosis 5.4 - 1) (pi^2/6)^2 / n.
  @Test func gumbelMoments() throws {
    let key = RandomKey(seed: 31, purpose: "moments").tensor
    let noise = try RelaxationNoise.gumbel([200_000], key: key).doubles()
    let n = Double(noise.count)
    let variance = Double.pi * Double.pi / 6
    let mean = noise.reduce(0, +) / n
    #expect(abs(mean - 0.5772156649) < 5 * (variance / n).squareRoot())
    let spread = noise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    #expect(abs(spread / variance - 1) < 5 * (4.4 / n).squareRoot())
  }

  /// A stream with a uniform number that is exactly 0: its logarithm would be infinite.
  @Test func noiseIsFinite() throws {
    let key = RandomKey(seed: 7, purpose: "zero", index: 33)
    let uniform = try key.uniform([1 << 20]).scalars(Float.self)
    let place = try #require(uniform.firstIndex(of: 0))
    let gumbel = try RelaxationNoise.gumbel([1 << 20], key: key.tensor).scalars(Float.self)
    // -log(25 log 2)
    #expect(abs(gumbel[place] + 2.852363) < 1e-5)
    let largest = try #require(gumbel.max())
    #expect(gumbel.allSatisfy { $0.isFinite } && largest < 16.7)
    let logistic = try RelaxationNoise.logistic([1 << 20], key: key.tensor).scalars(Float.self)
    #expect(logistic.allSatisfy { $0.isFinite })
    #expect(abs(logistic[place] + 17.32868) < 1e-4)
  }

  // MARK: - Steps

  @Test func temperatures() throws {
    let schedules: [(TemperatureSchedule, (Int) -> Double)] = [
      (.constant(0.7), { _ in 0.7 }),
      (
        .exponential(start: 2, factor: 0.5, every: 4, floor: 0.5),
        { max(0.5, 2 * Foundation.pow(0.5, Double($0 - 1) / 4)) }
      ),
      (.linear(start: 3, end: 1, steps: 5), { 3 - 2 * min(1, Double($0 - 1) / 4) }),
    ]
    let logits = Tensor([0.0, 1], dtype: .float64)
    for (schedule, expected) in schedules {
      let compiled = Compiled { (time: Time) in
        SimplexRelaxation(temperature: schedule(time))(logits)
      }
      for t in 1...12 {
        expectClose(
          try compiled(Time(step: t - 1)).doubles(), point([0, 1], expected(t)), 1e-14)
      }
    }
    for wrong in [
      TemperatureSchedule.constant(0), .linear(start: 1, end: 0, steps: 3),
      .exponential(start: 1, factor: 0.9, every: 0, floor: 0.1),
      .exponential(start: 1, factor: 0.9, every: 1, floor: 0),
    ] {
      #expect(SimplexRelaxation(temperature: wrong(Time(step: 0)))(logits).error != nil)
    }
  }

  /// One compiled step draws anew at each step index, the numbers that the key of that step names.
  @Test func drawsByStep() throws {
    let draw = Compiled { (time: Time) in
      Tensor.uniform(
        [4], key: RandomKey.tensor(seed: 9, purpose: "draw", index: time.index))
    }
    for step in [0, 1, 77] {
      let expected = RandomKey(seed: 9, purpose: "draw", index: UInt64(step)).uniform([4])
      #expect(try draw(Time(step: step)).doubles() == expected.doubles())
    }
  }
}
