import OuterloopNumerics
import Testing

@Suite struct BoundedLBFGSTests {
  private typealias Answer = (value: Double, gradient: [Double])

  private func rosenbrock(_ x: [Double]) -> Answer {
    var value = 0.0
    var gradient = x.map { _ in 0.0 }
    for i in 0..<x.count - 1 {
      let (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i])
      value += 100 * a * a + b * b
      gradient[i] += -400 * a * x[i] - 2 * b
      gradient[i + 1] += 200 * a
    }
    return (value, gradient)
  }

  private func box(_ start: [Double], _ low: Double, _ high: Double) -> BoundedLBFGS.Problem {
    .init(start: start, lower: start.map { _ in low }, upper: start.map { _ in high })
  }

  @Test func findsTheBottomOfTheValley() throws {
    var settings = BoundedLBFGS()
    settings.iterations = 500
    settings.decrease = 0
    settings.tolerance = 1e-8
    let result = settings.minimize([box([-1.2, 1, -1.2, 1], -5, 5)]) { points, _ in
      points.map(rosenbrock)
    }[0]
    #expect(result.isConverged)
    for x in result.point { #expect(abs(x - 1) < 1e-7) }
  }

  /// At the bounds the gradient pushes outwards, in between it vanishes (Karush-Kuhn-Tucker).
  @Test(arguments: 0..<12)
  func keepsTheBounds(_ seed: UInt64) throws {
    let n = 8
    let key = RandomKey(seed: seed, purpose: "quadratic")
    let b = try key.normal([n, n], dtype: .float64).scalars(Double.self)
    let center = try key.split(1)[0].normal([n], dtype: .float64).scalars(Double.self)
    var a = DenseProduct.of(b, b, bTransposed: true, m: n, n: n, k: n)
    for i in 0..<n { a[i * n + i] += 0.1 }
    func quadratic(_ x: [Double]) -> Answer {
      let d = zip(x, center).map(-)
      let gradient = DenseProduct.of(a, d, m: n, n: 1, k: n)
      return (0.5 * zip(d, gradient).reduce(0) { $0 + $1.0 * $1.1 }, gradient)
    }
    var settings = BoundedLBFGS()
    settings.iterations = 1000
    settings.decrease = 0
    settings.tolerance = 1e-6
    var problem = box([Double](repeating: 0.5, count: n), -0.6, 0.6)
    // One that may not move.
    (problem.lower[3], problem.upper[3]) = (0.25, 0.25)
    let result = settings.minimize([problem]) { points, _ in points.map(quadratic) }[0]
    #expect(result.isConverged)
    #expect(result.point[3] == 0.25)
    for i in 0..<n where i != 3 {
      let (x, g) = (result.point[i], result.gradient[i])
      #expect(x >= -0.6 && x <= 0.6)
      #expect(x > -0.6 ? (x < 0.6 ? abs(g) <= 1e-6 : g <= 1e-6) : g >= -1e-6)
    }
  }

  /// Problems side by side are the problems alone.
  @Test func problemsDoNotMix() {
    let starts = [[-1.2, 1], [0, 0], [3, -2.0]]
    let settings = BoundedLBFGS()
    let together = settings.minimize(starts.map { box($0, -4, 4) }) { points, _ in
      points.map(rosenbrock)
    }
    for (start, found) in zip(starts, together) {
      let alone = settings.minimize([box(start, -4, 4)]) { points, _ in points.map(rosenbrock) }[0]
      #expect(alone.point == found.point && alone.evaluations == found.evaluations)
      #expect(found.value <= rosenbrock(start).value)
    }
  }

  /// A wall of NaN is backed away from; a start on it stays.
  @Test func backsAwayFromWhatIsNotFinite() {
    func wall(_ x: [Double]) -> Answer {
      x[0] > 0.5 ? (.nan, [.nan]) : (-x[0], [-1])
    }
    let results = BoundedLBFGS().minimize([box([0], -1, 1), box([0.8], -1, 1)]) { points, _ in
      points.map(wall)
    }
    #expect(results[0].value < -0.4 && results[0].point[0] <= 0.5)
    #expect(results[1].point == [0.8])
    #expect(BoundedLBFGS().minimize([]) { _, _ in [] }.isEmpty)
    let point = BoundedLBFGS().minimize([box([7], -1, 1)]) { points, _ in
      points.map { _ in (1, [0]) }
    }
    #expect(point[0].point == [1] && point[0].isConverged)
  }
}
