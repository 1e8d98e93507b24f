import Foundation
import Testing

@testable import OuterloopNumerics

@Suite struct BetaDistributionTests {
  /// I_x(1, 1) = x, I_x(2, 3) = 6 x^2 - 8 x^3 + 3 x^4, I_x(1/2, 1/2) = (2/pi) asin sqrt x, I_x(a, 1) = x^a.
  @Test(arguments: [1e-12, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.999, 1 - 1e-12])
  func closedForms(_ x: Double) {
    func isEqual(_ distribution: BetaDistribution, _ value: Double) -> Bool {
      abs(distribution.cumulative(x) - value) <= 1e-13 * max(value, 1e-3)
    }
    func arc(_ x: Double) -> Double { 2 / .pi * asin(x.squareRoot()) }
    #expect(isEqual(BetaDistribution(1, 1), x))
    #expect(isEqual(BetaDistribution(2, 3), x * x * (6 - 8 * x + 3 * x * x)))
    #expect(isEqual(BetaDistribution(0.5, 0.5), x < 0.5 ? arc(x) : 1 - arc(1 - x)))
    #expect(isEqual(BetaDistribution(7.5, 1), pow(x, 7.5)))
  }

  @Test func symmetry() {
    let (one, other) = (BetaDistribution(0.4, 3), BetaDistribution(3, 0.4))
    for x in stride(from: 0.01, to: 1, by: 0.07) {
      #expect(abs(one.cumulative(x) + other.cumulative(1 - x) - 1) < 1e-14)
    }
    #expect(one.cumulative(0) == 0 && one.cumulative(1) == 1)
    #expect(abs(BetaDistribution(exp(-1), exp(-1)).cumulative(0.5) - 0.5) < 1e-14)
  }
}
