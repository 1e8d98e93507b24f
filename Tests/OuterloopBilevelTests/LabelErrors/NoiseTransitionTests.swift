import Foundation
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

@Suite struct NoiseTransitionTests {
  /// Rows whose classes have the probabilities that logits say, labelled by a known transition.
  private struct Sample {
    var logits: [Double] = []
    var classes: [Int32] = []
    var labels: [Int32] = []

    init(_ matrix: [[Double]], rows: Int, spread: Double, seed: UInt64) throws {
      let k = matrix.count
      let normal = try RandomKey(seed: seed, purpose: "z").normal([rows, k], dtype: .float64)
        .doubles()
      let uniform = try RandomKey(seed: seed, purpose: "u").uniform([rows, 2], dtype: .float64)
        .doubles()
      func draw(_ probabilities: [Double], _ u: Double) -> Int32 {
        var sum = 0.0
        for (index, p) in probabilities.enumerated() {
          sum += p
          if u < sum { return Int32(index) }
        }
        return Int32(probabilities.count - 1)
      }
      for row in 0..<rows {
        let z = (0..<k).map { spread * normal[row * k + $0] }
        logits += z
        let largest = z.max() ?? 0
        let e = z.map { exp($0 - largest) }
        let sum = e.reduce(0, +)
        let c = draw(e.map { $0 / sum }, uniform[2 * row])
        classes.append(c)
        labels.append(draw(matrix[Int(c)], uniform[2 * row + 1]))
      }
    }
  }

  private static let rates: [[Double]] = [[0.9, 0.1, 0], [0.05, 0.8, 0.15], [0.3, 0, 0.7]]

  /// The models of the test are three times less sure than they could be.
  @Test func findsScaleAndRates() throws {
    let sample = try Sample(Self.rates, rows: 20_000, spread: 6, seed: 1)
    let found = NoiseTransition(
      logits: sample.logits.map { $0 / 3 }, labels: sample.labels,
      trusted: [Bool](repeating: false, count: sample.labels.count), classes: 3)
    #expect(abs(found.scale - 3) < 0.15)
    for k in 0..<3 {
      for j in 0..<3 {
        #expect(abs(found.probability(of: j, given: k) - Self.rates[k][j]) < 0.02)
      }
    }
  }

  /// Rows of probability p are wrong p of the time: in each of ten groups the number of wrong labels is
  /// within four standard deviations of the sum of probabilities.
  @Test func isCalibrated() throws {
    let sample = try Sample(Self.rates, rows: 20_000, spread: 3, seed: 2)
    let trusted = [Bool](repeating: false, count: sample.labels.count)
    let found = NoiseTransition(
      logits: sample.logits, labels: sample.labels, trusted: trusted, classes: 3)
    let posterior = found.posterior(
      found.probabilities(sample.logits), labels: sample.labels, trusted: trusted)
    var sums = [Double](repeating: 0, count: 10)
    var variances = sums
    var counts = sums
    for (row, label) in sample.labels.enumerated() {
      let p = 1 - posterior[3 * row + Int(label)]
      let group = min(9, Int(p * 10))
      sums[group] += p
      variances[group] += p * (1 - p)
      if sample.classes[row] != label { counts[group] += 1 }
    }
    for group in 0..<10 where sums[group] > 5 {
      #expect(abs(counts[group] - sums[group]) < 4 * variances[group].squareRoot() + 3)
    }
  }

  /// Half of the labels of one class point to another: without trusted rows two explanations are as
  /// good, with some the right one is found.
  @Test func trustedRowsDecide() throws {
    let rates: [[Double]] = [[0.45, 0.55, 0], [0, 1, 0], [0, 0, 1]]
    let sample = try Sample(rates, rows: 6000, spread: 8, seed: 3)
    var labels = sample.labels
    var trusted = [Bool](repeating: false, count: labels.count)
    for row in 0..<600 {
      labels[row] = sample.classes[row]
      trusted[row] = true
    }
    let found = NoiseTransition(
      logits: sample.logits, labels: labels, trusted: trusted, classes: 3)
    #expect(abs(found.probability(of: 1, given: 0) - 0.55) < 0.04)
    let posterior = found.posterior(
      found.probabilities(sample.logits), labels: labels, trusted: trusted)
    for row in 0..<600 { #expect(posterior[3 * row + Int(labels[row])] == 1) }
  }

  @Test func rowsThatNothingExplainsKeepTheirLabel() {
    let noise = NoiseTransition(
      logits: [0, 0, 0, 0], labels: [0, 1], trusted: [false, false], classes: 2)
    #expect(
      noise.posterior([0, 0, 0, 0], labels: [0, 1], trusted: [true, true]) == [1, 0, 0, 1])
  }
}
