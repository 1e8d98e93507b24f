import OuterloopNumerics
import Testing

/// Against 400-digit arithmetic (Reference/normal_improvement.py).
@Suite struct NormalImprovementTests {
  @Test(arguments: NormalImprovementReference.scaledErfc.indices)
  func scaledErfc(_ row: Int) {
    let (x, want) = NormalImprovementReference.scaledErfc[row]
    #expect(abs(StandardNormal.scaledErfc(x) / want - 1) < 1e-13)
  }

  @Test(arguments: NormalImprovementReference.improvement.indices)
  func improvement(_ row: Int) {
    let (u, log, cdfRatio, densityRatio) = NormalImprovementReference.improvement[row]
    let value = NormalImprovement(u)
    #expect(abs(value.log - log) <= 1e-13 * abs(log))
    #expect(abs(value.cdfRatio - cdfRatio) <= 1e-12 * cdfRatio)
    #expect(abs(value.densityRatio - densityRatio) <= 1e-12 * densityRatio)
  }

  /// Finite and strictly increasing over the line, with the limit
  /// log h + u^2/2 + 2 log|u| -> -log sqrt(2 pi) from below.
  @Test func risesWithoutSteps() {
    var last = -Double.infinity
    // Close together around the changes of branch.
    var places: [Double] = (0...200).map { Double($0) / 20 }
    for step in 0...4000 {
      let share = 1 - Double(step) / 4000
      places.append(-1e6 * share * share - 1)
    }
    for step in -50...50 { places += [-25 + Double(step) * 1e-6, -1 + Double(step) * 1e-6] }
    for u: Double in places.sorted() {
      let value = NormalImprovement(u)
      #expect(value.log.isFinite && value.log >= last)
      if u < -2, u > -1e4 {
        let rest = value.log + 0.5 * u * u + 2 * logarithm(-u)
        #expect(rest < -0.9189385332046727 + 1e-9 * abs(value.log))
      }
      last = value.log
    }
  }

  @Test func endsOfTheLine() {
    #expect(NormalImprovement(-.infinity).log == -.infinity)
    #expect(NormalImprovement(-1e200).log == -.infinity)
    #expect(NormalImprovement(1e300).log.isFinite)
    #expect(StandardNormal.scaledErfc(.infinity) == 0)
    #expect(StandardNormal.scaledErfc(-40) == .infinity)
  }

  /// log x by Newton's method on e^y, y from the exponent, so that the tests need no C library.
  private func logarithm(_ x: Double) -> Double {
    let exponent = Double(x.exponent)
    let m = x.significand
    let z = (m - 1) / (m + 1)
    var (sum, power) = (0.0, z)
    for k in stride(from: 1, to: 60, by: 2) {
      sum += power / Double(k)
      power *= z * z
    }
    return 2 * sum + exponent * 0.693147180559945309417232
  }
}
