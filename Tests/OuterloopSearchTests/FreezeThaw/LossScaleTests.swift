import Foundation
import OuterloopSearch
import Testing

@Suite struct LossScaleTests {
  @Test func clipsAtTheMedianFirstLoss() {
    let scale = LossScale(
      first: [0.7, 0.9, 1e18, 0.8, .infinity], all: [0.7, 0.9, 1e18, 0.8, .infinity, 0.5, 0.3])
    #expect(scale.isInformative)
    for loss in [0.9, 1e18, .infinity, .nan, -.infinity, 5] {
      #expect(scale.value(loss) == scale.worst)
    }
    #expect(scale.value(0.3) > scale.value(0.5) && scale.value(0.5) > scale.worst)
    let values = [0.7, 0.9, 1e18, 0.8, .infinity, 0.5, 0.3].map { scale.value($0) }
    #expect(abs(values.reduce(0, +)) < 1e-8)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 6 - 1) < 1e-8)
  }

  @Test func extremes() {
    let huge = LossScale(first: [1e308, 9e307], all: [1e308, 9e307, -1e308])
    #expect(huge.value(-1e308).isFinite && huge.value(-1e308) > huge.worst)
    #expect(!LossScale(first: [], all: []).isInformative)
    #expect(!LossScale(first: [.infinity], all: [.infinity, .nan]).isInformative)
    #expect(!LossScale(first: [2, 2], all: [2, 2, 3]).isInformative)
  }

  @Test func horizonsAndThresholds() {
    for limit in [1, 2, 50] {
      let rules = (0..<200).map {
        RandomThreshold(
          best: 2, worst: -1, upTo: limit,
          ((Double($0) + 0.5) / 200, (Double($0) + 0.5) / 200))
      }
      #expect(Set(rules.map(\.horizon)) == Set(1...limit))
      #expect(rules.allSatisfy { $0.threshold > 2 && $0.threshold <= 2.6 })
    }
    let rule = RandomThreshold(best: 0, worst: 0, upTo: 0, (0.5, 0.5))
    #expect(rule.horizon == 1 && rule.threshold == 0)
    #expect(rule.score(mean: 1, variance: 4) == 0.5)
  }
}
