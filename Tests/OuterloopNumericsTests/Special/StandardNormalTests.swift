import OuterloopNumerics
import Testing

/// Against 400-digit arithmetic (Reference/standard_normal.py).
@Suite struct StandardNormalTests {
  @Test(arguments: StandardNormalReference.logCDF.indices)
  func logCDF(_ row: Int) {
    let (x, want) = StandardNormalReference.logCDF[row]
    #expect(close(StandardNormal.logCDF(x), want, 4e-15))
  }

  @Test(arguments: StandardNormalReference.logMass.indices)
  func logMass(_ row: Int) {
    let (a, b, want) = StandardNormalReference.logMass[row]
    #expect(close(StandardNormal.logMass(a, b), want, 2e-13))
    #expect(close(StandardNormal.logMass(-b, -a), want, 2e-13), "mirrored")
  }

  @Test(arguments: StandardNormalReference.logMass.indices)
  func mass(_ row: Int) {
    let (a, b, want) = StandardNormalReference.logMass[row]
    guard want > -600 else { return }
    #expect(abs(StandardNormal.mass(a, b) / exponential(want) - 1) < 1e-11)
  }

  @Test(arguments: StandardNormalReference.quantile.indices)
  func quantile(_ row: Int) {
    let (y, want) = StandardNormalReference.quantile[row]
    #expect(abs(StandardNormal.quantile(logProbability: y) - want) < 1e-12 * max(1, abs(want)))
  }

  @Test(arguments: StandardNormalReference.truncatedQuantile.indices)
  func truncatedQuantile(_ row: Int) {
    let (q, a, b, want) = StandardNormalReference.truncatedQuantile[row]
    #expect(abs(StandardNormal.truncatedQuantile(q, a, b) - want) < 2e-13 * max(1, abs(want)))
  }

  /// The mass left of a quantile is the share asked for, and that right of it the rest.
  @Test(arguments: [(-40.0, 60.0), (-1, 2), (-0.2, 0.4), (-0.3, 30), (0, 5), (-9, 0), (-6, 7)])
  func truncatedQuantileInvertsMass(_ a: Double, _ b: Double) {
    for step in 1..<200 {
      let q = step < 50 ? Double(step * step * step) * 0x1p-40 : Double(step) / 200
      let x = StandardNormal.truncatedQuantile(q, a, b)
      let whole = StandardNormal.mass(a, b)
      let left = StandardNormal.mass(-.infinity, a) / whole
      #expect(abs(StandardNormal.mass(a, x) / whole - q) < 1e-14 * (1 + x * x) * (left + q))
      #expect(abs(StandardNormal.mass(x, b) / whole - (1 - q)) < 1e-14)
    }
  }

  @Test func endsOfTheLine() {
    #expect(StandardNormal.logCDF(-.infinity) == -.infinity)
    #expect(StandardNormal.logCDF(.infinity) == 0)
    #expect(StandardNormal.logMass(1, 1) == -.infinity)
    #expect(StandardNormal.logMass(-.infinity, .infinity) == 0)
    #expect(StandardNormal.quantile(logProbability: 0) == .infinity)
    #expect(StandardNormal.quantile(logProbability: -.infinity) == -.infinity)
    #expect(StandardNormal.truncatedQuantile(0, -2, 5) == -2)
    #expect(StandardNormal.truncatedQuantile(1, -2, 5) == 5)
  }

  private func close(_ value: Double, _ want: Double, _ tolerance: Double) -> Bool {
    abs(value - want) <= tolerance * max(abs(want), 1e-300)
      || abs(value - want) <= tolerance * 1e-3
  }

  /// e^x by (e^(x/1024))^1024, so that the tests need no C library.
  private func exponential(_ x: Double) -> Double {
    let y = x / 1024
    var sum = 1.0
    var term = 1.0
    for n in 1..<30 {
      term *= y / Double(n)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }
}
