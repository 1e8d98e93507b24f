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

  /// Losses are told apart up to the quantile of the first ones that is asked for.
  @Test func clipsWhereItIsAsked() {
    let first = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    for (quantile, mark) in [(0.5, 6.0), (0.8, 9), (1, 10), (0, 1)] {
      let scale = LossScale(first: first, all: first + [0.5], quantile: quantile)
      #expect(scale.value(mark) == scale.worst && scale.value(mark - 0.25) > scale.worst)
    }
  }

  /// Halving a loss is as much whatever the loss, far from the floor of delta; the unit does not show.
  @Test func ratios() {
    let all = [2.4, 2.4, 2.4, 0.8, 0.4, 0.2]
    let scale = LossScale(first: [2.4, 2.4, 2.4], all: all, byRatio: true)
    // delta = 0.2/2.2, so that u + delta is the loss itself but for a factor.
    let (once, twice) = (scale.value(0.4) - scale.value(0.8), scale.value(0.2) - scale.value(0.4))
    #expect(abs(once - twice) < 1e-8 && once > 0)
    let scaled = LossScale(
      first: [2.4e-9, 2.4e-9, 2.4e-9], all: all.map { $0 * 1e-9 }, byRatio: true)
    let large = LossScale(
      first: [2.4e9, 2.4e9, 2.4e9], all: all.map { $0 * 1e9 }, byRatio: true)
    for loss in all + [0.1, 0] {
      #expect(abs(scaled.value(loss * 1e-9) - scale.value(loss)) < 1e-8)
      #expect(abs(large.value(loss * 1e9) - scale.value(loss)) < 1e-8)
    }
    // Below the least loss it goes on as its tangent.
    let tangent = [0.2, 0.1, 0].map { scale.value($0) }
    #expect(abs(tangent[2] - 2 * tangent[1] + tangent[0]) < 1e-8)
    // An accuracy is at most 1: from 0.9 to 0.95 is half of the errors, as from 0.8 to 0.9.
    let accuracy = LossScale(
      first: [-0.2, -0.2, -0.2], all: [-0.2, -0.2, -0.8, -0.9, -0.95], byRatio: true)
    let halves = [0.8, 0.9, 0.95].map { accuracy.value(-$0) }
    #expect(abs(halves[2] - 2 * halves[1] + halves[0]) < 1e-8)
    // Without a floor it is linear.
    let linear = LossScale(first: [-500, -500], all: [-500, -500, -600, -700], byRatio: true)
    let steps = [500.0, 600, 700, 800].map { linear.value(-$0) }
    #expect(abs(steps[3] - steps[2] - steps[1] + steps[0]) < 1e-8)
  }

  @Test func extremes() {
    let small = LossScale(first: [1, 1], all: [1, 1, 1e-300, 0], byRatio: true)
    #expect(small.value(0).isFinite && small.value(0) > small.worst)
    let wide = LossScale(first: [1e308, 9e307], all: [1e308, 9e307, 1e-308], byRatio: true)
    #expect(wide.value(-1e308).isFinite && wide.value(1e-308) > wide.worst)
    let huge = LossScale(first: [1e308, 9e307], all: [1e308, 9e307, -1e308])
    #expect(huge.value(-1e308).isFinite && huge.value(-1e308) > huge.worst)
    #expect(!LossScale(first: [], all: []).isInformative)
    #expect(!LossScale(first: [.infinity], all: [.infinity, .nan]).isInformative)
    #expect(!LossScale(first: [2, 2], all: [2, 2, 3]).isInformative)
  }

  @Test func horizonsAndThresholds() {
    for limit in [1, 2, 50] {
      let rules = (0..<2000).map {
        RandomThreshold(
          best: 2, worst: -1, upTo: limit,
          ((Double($0) + 0.5) / 2000, (Double($0) + 0.5) / 2000))
      }
      #expect(Set(rules.map(\.horizon)) == Set(1...limit))
      #expect(rules.allSatisfy { $0.threshold > 2 && $0.threshold <= 3.2 })
    }
    let rule = RandomThreshold(best: 0, worst: 0, upTo: 0, (0.5, 0.5))
    #expect(rule.horizon == 1 && rule.threshold == 0)
    #expect(rule.score(mean: 1, variance: 4) == 0.5)
  }
}
