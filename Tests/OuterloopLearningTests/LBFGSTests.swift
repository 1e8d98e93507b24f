import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// L-BFGS against minima that are known: closed forms, Newton's method, eigenvalues.
@Suite struct LBFGSTests {
  private static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private static func distance(_ x: [Double], _ y: [Double]) -> Double {
    norm(zip(x, y).map { $0 - $1 })
  }

  /// sum_i c_i (x_i - i)^2 / 2 with a coupling x_i x_{i+1} / 10.
  private static func quadratic(
    _ c: [Double]
  ) -> (_ x: [Double], _ g: inout [Double]) -> Double {
    { x, g in
      var value = 0.0
      for i in x.indices {
        let d = x[i] - Double(i)
        value += 0.5 * c[i] * d * d
        g[i] = c[i] * d
      }
      for i in 0..<x.count - 1 {
        value += 0.1 * x[i] * x[i + 1]
        g[i] += 0.1 * x[i + 1]
        g[i + 1] += 0.1 * x[i]
      }
      return value
    }
  }

  /// The minimum of the same by elimination of its tridiagonal system.
  private static func quadraticMinimum(_ c: [Double]) -> [Double] {
    var diagonal = c
    var x = c.indices.map { c[$0] * Double($0) }
    for i in 1..<max(c.count, 1) {
      let factor = 0.1 / diagonal[i - 1]
      diagonal[i] -= factor * 0.1
      x[i] -= factor * x[i - 1]
    }
    x[c.count - 1] /= diagonal[c.count - 1]
    for i in (0..<c.count - 1).reversed() { x[i] = (x[i] - 0.1 * x[i + 1]) / diagonal[i] }
    return x
  }

  @Test(arguments: [1e-3, 1e-8, 1e-12], [1, 3, 10]) func quadratics(
    tolerance: Double, memory: Int
  ) throws {
    let c = (0..<20).map { 1 + 0.5 * Double($0) }
    let found = try LBFGS(tolerance: tolerance, memory: memory).minimize(
      from: [Double](repeating: -3, count: 20), Self.quadratic(c))
    #expect(found.outcome == .converged)
    #expect(found.gradientNorm <= tolerance)
    var gradient = found.point
    let value = Self.quadratic(c)(found.point, &gradient)
    #expect(found.value == value && found.gradient == gradient)
    #expect(abs(found.gradientNorm - Self.norm(gradient)) <= 1e-15)
    // |x - x*| <= |g| / least eigenvalue, which is above .8.
    #expect(
      Self.distance(found.point, Self.quadraticMinimum(c)) <= 1.25 * found.gradientNorm + 1e-13)
    #expect(found.evaluations <= 2 * found.iterations + 2 && found.iterations < 120)
  }

  /// Ten decades between curvatures.
  @Test func badScaling() throws {
    let c = (0..<11).map { i in (0..<i).reduce(1e-3) { value, _ in value * 10 } }
    let found = try LBFGS(tolerance: 1e-6, memory: 12).minimize(
      from: [Double](repeating: 1, count: 11)
    ) { x, g in
      var value = 0.0
      for i in x.indices {
        value += 0.5 * c[i] * (x[i] - 2) * (x[i] - 2)
        g[i] = c[i] * (x[i] - 2)
      }
      return value
    }
    #expect(found.outcome == .converged && found.evaluations < 6000)
    #expect(Self.distance(found.point, [Double](repeating: 2, count: 11)) < 1e-3)
  }

  private static func rosenbrock(_ x: [Double], _ g: inout [Double]) -> Double {
    var value = 0.0
    for i in g.indices { g[i] = 0 }
    for i in 0..<x.count - 1 {
      let (a, b) = (1 - x[i], x[i + 1] - x[i] * x[i])
      value += a * a + 100 * b * b
      g[i] += -2 * a - 400 * b * x[i]
      g[i + 1] += 200 * b
    }
    return value
  }

  @Test(arguments: [2, 10]) func rosenbrock(count: Int) throws {
    let start = (0..<count).map { $0 % 2 == 0 ? -1.2 : 1 }
    let found = try LBFGS(tolerance: 1e-10).minimize(from: start, Self.rosenbrock)
    #expect(found.outcome == .converged && found.gradientNorm <= 1e-10)
    if count == 2 {
      #expect(Self.distance(found.point, [1, 1]) < 1e-9 && found.evaluations < 80)
    }
    #expect(found.value < 4)
  }

  // MARK: - Logistic regression

  private static let count = 60
  private static let features = 5
  private static let inputs: [Double] =
    (try? RandomKey(seed: 5, purpose: "logistic").normal([count * features], dtype: .float64)
      .doubles()) ?? []
  private static let labels: [Double] = (0..<count).map { i in
    inputs[i * features] - 0.5 * inputs[i * features + 1] + (i % 4 == 0 ? 0.8 : 0) > 0 ? 1 : -1
  }

  /// mean log(1 + exp(-y x.w)) + .05 |w|^2, its gradient and its Hessian.
  private static func logistic(_ w: [Double]) -> (Double, [Double], [[Double]]) {
    var value = 0.05 * w.reduce(0) { $0 + $1 * $1 }
    var g = w.map { 0.1 * $0 }
    var h = w.indices.map { i in w.indices.map { $0 == i ? 0.1 : 0 } }
    for i in 0..<count {
      let x = Array(inputs[i * features..<(i + 1) * features])
      let margin = labels[i] * zip(x, w).reduce(0) { $0 + $1.0 * $1.1 }
      let p = 1 / (1 + exponential(margin))
      value += logarithm(1 + exponential(-margin)) / Double(count)
      for j in w.indices {
        g[j] -= labels[i] * p * x[j] / Double(count)
        for k in w.indices { h[j][k] += p * (1 - p) * x[j] * x[k] / Double(count) }
      }
    }
    return (value, g, h)
  }

  private static func exponential(_ x: Double) -> Double {
    (try? exp(Tensor(x, dtype: .float64)).item()) ?? .nan
  }

  private static func logarithm(_ x: Double) -> Double {
    (try? log(Tensor(x, dtype: .float64)).item()) ?? .nan
  }

  /// Newton's method with elimination, to rounding.
  private static func newton() -> [Double] {
    var w = [Double](repeating: 0, count: features)
    for _ in 0..<12 {
      var (_, x, a) = logistic(w)
      for k in 0..<features {
        for i in (k + 1)..<max(features, k + 1) {
          let factor = a[i][k] / a[k][k]
          for j in k..<features { a[i][j] -= factor * a[k][j] }
          x[i] -= factor * x[k]
        }
      }
      for k in (0..<features).reversed() {
        for j in (k + 1)..<max(features, k + 1) { x[k] -= a[k][j] * x[j] }
        x[k] /= a[k][k]
      }
      for i in w.indices { w[i] -= x[i] }
    }
    return w
  }

  /// A loss of tensors, in both precisions, against Newton's method.
  @Test(arguments: [DType.float64, .float32]) func logisticRegression(dtype: DType) throws {
    let x = try Tensor(Self.inputs, shape: [Self.count, Self.features]).converted(to: dtype)
    let y = try Tensor(Self.labels).converted(to: dtype)
    let tolerance = dtype == .float64 ? 1e-11 : 2e-6
    let start = Pair(
      Tensor.zeros([2], dtype: dtype), Tensor.zeros([Self.features - 2], dtype: dtype))
    let found = try LBFGS(tolerance: tolerance).minimize(from: start) { pair in
      let w = concatenate([pair.first, pair.second], axis: 0)
      return softplus(-y * matmul(x, w)).mean() + 0.05 * w.square().sum()
    }
    #expect(found.outcome == .converged && found.gradientNorm <= tolerance)
    let w = try found.point.leaves.flatMap { try $0.doubles() }
    #expect(found.point.leafTypes == start.leafTypes)
    // The least eigenvalue of the Hessian is .1 at least.
    #expect(Self.distance(w, Self.newton()) < 10 * tolerance)
    #expect(found.evaluations < 60)
  }

  // MARK: - Trouble

  /// log has no value left of 0: trial points there are backed away from. x - log x has its minimum at
  /// 1; from 20 it bends so little that the second step lands left of 0.
  @Test(arguments: [Double.nan, .infinity]) func backsAway(bad: Double) throws {
    var refused = 0
    let found = try LBFGS(tolerance: 1e-9).minimize(from: [20, 30]) { x, g in
      guard x[0] > 0, x[1] > 0 else {
        refused += 1
        g = [.nan, .nan]
        return bad
      }
      g = [2 * (1 - 1 / x[0]), 1 - 1 / x[1]]
      return 2 * (x[0] - Self.logarithm(x[0])) + x[1] - Self.logarithm(x[1])
    }
    #expect(found.outcome == .converged && Self.distance(found.point, [1, 1]) < 1e-8)
    #expect(refused > 0, "no trial point was outside: the test shows nothing")
  }

  @Test func nonFiniteStart() throws {
    let found = try LBFGS().minimize(from: [1, 2]) { _, g in
      g = [1, .nan]
      return 3
    }
    #expect(found.outcome == .nonFinite && found.point == [1, 2] && found.evaluations == 1)
    #expect(found.outcome.advice != nil)
  }

  /// Tolerance 0 ends cleanly, at rounding, and never above the start.
  @Test func noTolerance() throws {
    let c = (0..<8).map { 1 + Double($0) }
    let found = try LBFGS(tolerance: 0).minimize(
      from: [Double](repeating: 5, count: 8), Self.quadratic(c))
    #expect(found.outcome == .roundingLimit || found.outcome == .converged, "\(found.outcome)")
    #expect(found.gradientNorm < 1e-12 && found.evaluations < 300)
    // Again from there: nothing is lost.
    let again = try LBFGS(tolerance: 0).minimize(from: found.point, Self.quadratic(c))
    #expect(again.value <= found.value + 0x1p-47 * abs(found.value))
    #expect(again.gradientNorm <= found.gradientNorm)
  }

  /// At the solution nothing is done; near it, a tolerance far below the root of rounding is met.
  @Test func warmStart() throws {
    let c = (0..<8).map { 1 + Double($0) }
    let solution = Self.quadraticMinimum(c)
    let at = try LBFGS(tolerance: 1e-10).minimize(from: solution, Self.quadratic(c))
    #expect(at.outcome == .converged && at.iterations == 0 && at.evaluations == 1)
    #expect(at.point == solution)
    let near = try LBFGS(tolerance: 1e-12).minimize(
      from: solution.map { $0 + 1e-8 }, Self.quadratic(c))
    #expect(near.outcome == .converged && near.gradientNorm <= 1e-12)
  }

  /// |x| has no slope at its minimum that a line search could end on; a wrong gradient points uphill.
  @Test func lineSearchFails() throws {
    let kink = try LBFGS(tolerance: 1e-8).minimize(from: [0.3]) { x, g in
      g = [x[0] < 0 ? -1 : 1]
      return abs(x[0]) + 1
    }
    #expect(!kink.outcome.isConverged && kink.value <= 1.3 && kink.value >= 1)
    #expect(kink.evaluations < 500)
    let wrong = try LBFGS().minimize(from: [1, 1]) { x, g in
      g = [-2 * x[0], -2 * x[1]]
      return x[0] * x[0] + x[1] * x[1]
    }
    #expect(wrong.outcome == .lineSearchFailed && wrong.point == [1, 1] && wrong.value == 2)
    #expect(wrong.outcome.advice?.contains("gradient") == true)
  }

  @Test func unbounded() throws {
    let found = try LBFGS().minimize(from: [0, 1]) { x, g in
      g = [1, 0]
      return x[0]
    }
    #expect(found.outcome == .unbounded && found.value < -1e6)
  }

  @Test func iterationLimit() throws {
    let start = [-1.2, 1, -1.2, 1]
    var gradient = start
    var last = Self.rosenbrock(start, &gradient)
    for iterations in 0..<12 {
      let found = try LBFGS(iterations: iterations).minimize(from: start, Self.rosenbrock)
      #expect(found.outcome == .iterationLimit && found.iterations == iterations)
      #expect(found.value <= last)
      last = found.value
    }
  }

  @Test func misuse() {
    for method in [
      LBFGS(tolerance: -1), LBFGS(tolerance: .nan), LBFGS(memory: 0), LBFGS(iterations: -1),
      LBFGS(rounding: 1),
    ] {
      #expect(throws: LBFGSError.self) { try method.minimize(from: [1]) { _, _ in 0 } }
    }
    #expect(throws: LBFGSError.gradientLength(1, expected: 2)) {
      try LBFGS().minimize(from: [1, 2]) { _, g in
        g = [0]
        return 0
      }
    }
    #expect(throws: TensorError.self) {
      try LBFGS().minimize(from: Tensor([1, 2] as [Double])) { $0.square() }
    }
    #expect(throws: LBFGSError.self) {
      try LBFGS().minimize(from: Tensor([1, 2] as [Int32])) { _ in Tensor(0, dtype: .float64) }
    }
    struct Broken: Error {}
    #expect(throws: Broken.self) { try LBFGS().minimize(from: [1]) { _, _ in throw Broken() } }
  }

  /// No unknowns: nothing to do.
  @Test func empty() throws {
    let found = try LBFGS().minimize(from: []) { _, _ in 7 }
    #expect(found.outcome == .converged && found.value == 7 && found.evaluations == 1)
  }
}
