import Foundation
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

/// What every cross-fitted model has to keep.
@Suite struct CrossFittedTests {
  private static let rows = 40

  private static func given(_ labels: [Int32], trusted: Int = 0) -> GivenLabels {
    GivenLabels(labels: labels, trusted: labels.indices.map { $0 < trusted }, classes: 2)
  }

  private static let labels = (0..<rows).map { Int32($0 % 2) }
  private static let foldOfRow = given(labels).stratifiedFolds(
    4, key: RandomKey(seed: 2, purpose: "folds"))

  /// Rows of counts, and their sparse form.
  private static func data() throws -> LabeledData {
    let u = try RandomKey(seed: 1).uniform([rows, 6]).scalars(Float.self)
    return try LabeledData(
      shape: [6], features: u.map { $0 < 0.5 ? 0 : (4 * $0).rounded() }, labels: labels,
      classNames: ["a", "b"], source: "counts")
  }

  /// Each kind of model, as a function of the labels.
  enum Kind: String, CaseIterable { case softmax, naiveBayes }

  private static func logits(
    _ kind: Kind, _ given: GivenLabels, _ belief: GivenLabels.Belief = .all,
    smoothing: Double = 0.1
  ) throws -> [Double] {
    switch kind {
    case .softmax:
      var fitting = SoftmaxFitting(
        LabelFeatures.standardized(try data()), given, folds: 4, foldOfRow: foldOfRow)
      fitting.iterations = 200
      return try fitting.fit(belief, smoothing: smoothing, from: fitting.start).logits
    case .naiveBayes:
      let fitting = try #require(
        NaiveBayesFitting(SparseRows(data()), given, folds: 4, foldOfRow: foldOfRow))
      return fitting.fit(belief, smoothing: smoothing, from: fitting.start).logits
    }
  }

  /// What a row is labelled does not reach the model that judges it.
  @Test(arguments: Kind.allCases) func ownLabelIsNotSeen(_ kind: Kind) throws {
    let before = try Self.logits(kind, Self.given(Self.labels))
    var changed = Self.labels
    changed[7] = 1 - changed[7]
    let after = try Self.logits(kind, Self.given(changed))
    // All folds are minimised together, to a tolerance.
    #expect(abs(before[14] - after[14]) < 5e-3)
    #expect(abs(before[15] - after[15]) < 5e-3)
    let others = (0..<Self.rows).filter { Self.foldOfRow[$0] != Self.foldOfRow[7] }
    #expect(others.contains { abs(before[2 * $0] - after[2 * $0]) > 2e-2 })
  }

  /// Of trusted rows alone, the other labels say nothing.
  @Test(arguments: Kind.allCases) func onlyTrustedLabelsAreSeen(_ kind: Kind) throws {
    let before = try Self.logits(kind, Self.given(Self.labels, trusted: 20), .trusted)
    var changed = Self.labels
    for row in 20..<Self.rows where row % 3 == 0 { changed[row] = 1 - changed[row] }
    #expect(try Self.logits(kind, Self.given(changed, trusted: 20), .trusted) == before)
    changed[1] = 1 - changed[1]
    #expect(try Self.logits(kind, Self.given(changed, trusted: 20), .trusted) != before)
  }

  /// No noise, as a transition, is the same as no noise.
  @Test(arguments: Kind.allCases) func theIdentityIsNoNoise(_ kind: Kind) throws {
    let given = Self.given(Self.labels)
    let all = try Self.logits(kind, given)
    let none = NoiseTransition(
      logits: [60, -60, -60, 60], labels: [0, 1], trusted: [false, false], classes: 2
    ).replacingMatrix(counts: [1e9, 0, 0, 1e9])
    let same = try Self.logits(kind, given, .noise(none, logits: all))
    for (a, b) in zip(all, same) { #expect(abs(a - b) < 1e-2) }
  }

  /// The definition, row by row.
  @Test func naiveBayesIsItsDefinition() throws {
    let given = Self.given(Self.labels)
    let x = try Self.data().features.map(Double.init)
    let positive = x.filter { $0 > 0 }
    let least = 0.3 * positive.reduce(0, +) / Double(positive.count)
    let found = try Self.logits(.naiveBayes, given, smoothing: 0.3)
    for row in 0..<Self.rows {
      let outside = (0..<Self.rows).filter { Self.foldOfRow[$0] != Self.foldOfRow[row] }
      for k in 0..<2 {
        let own = outside.filter { Self.labels[$0] == Int32(k) }
        let sums = (0..<6).map { w in own.reduce(least) { $0 + x[6 * $1 + w] } }
        let total = sums.reduce(0, +)
        var expected = log(Double(own.count) + 0.5)
        for w in 0..<6 { expected += x[6 * row + w] * log(sums[w] / total) }
        #expect(abs(found[2 * row + k] - expected) < 1e-3)
      }
    }
  }

  @Test func naiveBayesNeedsCounts() throws {
    let negative = try LabeledData(
      shape: [1], features: [1, -1], labels: [0, 1], classNames: ["a", "b"], source: "x")
    let given = GivenLabels(labels: [0, 1], trusted: [false, false], classes: 2)
    #expect(
      NaiveBayesFitting(SparseRows(negative), given, folds: 2, foldOfRow: [0, 1]) == nil)
  }

  @Test func foldsAreBalanced() {
    let labels = (0..<103).map { Int32($0 % 3) }
    let given = GivenLabels(labels: labels, trusted: labels.map { _ in false }, classes: 3)
    let foldOfRow = given.stratifiedFolds(5, key: RandomKey(seed: 3))
    for label in 0..<3 {
      var sizes = [Int](repeating: 0, count: 5)
      for row in labels.indices where labels[row] == label { sizes[Int(foldOfRow[row])] += 1 }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test func wideDataKeepInnerProducts() throws {
    // Rank 5 in 2,000 columns, most of them 0.
    let left = try RandomKey(seed: 1).normal([40, 5]).scalars(Float.self)
    var features = [Float](repeating: 0, count: 40 * 2000)
    for row in 0..<40 {
      for column in 0..<100 {
        for k in 0..<5 {
          features[row * 2000 + 17 * column] +=
            left[row * 5 + k] * Float((column * (k + 3)) % 7 - 3)
        }
      }
    }
    let data = try LabeledData(
      shape: [2000], features: features, labels: [Int32](repeating: 0, count: 40),
      classNames: ["a"], source: "wide")
    let z = try WideFeatures.projected(SparseRows(data), count: 10, key: RandomKey(seed: 2))
    let (values, r) = (try z.doubles(), z.shape[1])
    func distance(_ x: [Double], _ width: Int, _ a: Int, _ b: Int) -> Double {
      (0..<width).reduce(0) {
        let d = x[a * width + $1] - x[b * width + $1]
        return $0 + d * d
      }
    }
    let wide = features.map(Double.init)
    let scale = distance(values, r, 0, 1) / distance(wide, 2000, 0, 1)
    for (a, b) in [(2, 3), (4, 30), (11, 39)] {
      let ratio = distance(values, r, a, b) / distance(wide, 2000, a, b)
      #expect(abs(ratio / scale - 1) < 1e-3)
    }
  }
}
