import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Losses and measures against sums over examples.
@Suite struct LossTests {
  static let logits = RandomKey(seed: 1, purpose: "logits").normal([5, 4], dtype: .float64) * 3
  static let labels = Tensor([Int32(3), 0, 2, 2, 1])

  private static func each() throws -> [Double] {
    let values = try logits.doubles()
    return try labels.scalars(Int32.self).enumerated().map { row, label in
      let own = values[(4 * row)..<(4 * row + 4)]
      return Foundation.log(own.reduce(0) { $0 + Foundation.exp($1) }) - own[4 * row + Int(label)]
    }
  }

  private func expectClose(_ a: Tensor, _ b: Double) throws {
    #expect(a.shape == [])
    #expect(abs(try a.item() - b) <= 1e-14 * max(1, abs(b)))
  }

  @Test func crossEntropy() throws {
    let each = try Self.each()
    try expectClose(
      Loss.crossEntropy(Self.logits, labels: Self.labels), each.reduce(0, +) / 5)
    let weights = [0.0, 1, 2, 0.5, 3]
    try expectClose(
      Loss.weightedCrossEntropy(Self.logits, labels: Self.labels, weights: Tensor(weights)),
      zip(each, weights).reduce(0) { $0 + $1.0 * $1.1 } / 5)
    // Weights of one are no weights, also for derivatives.
    let plain = try gradient(at: Self.logits) { Loss.crossEntropy($0, labels: Self.labels) }
    let weighted = try gradient(at: Self.logits) {
      Loss.weightedCrossEntropy(
        $0, labels: Self.labels, weights: Tensor.ones([5], dtype: .float64))
    }
    for (a, b) in zip(try plain.doubles(), try weighted.doubles()) { #expect(abs(a - b) < 1e-16) }
  }

  @Test(arguments: [1e3, 1e30]) func largeLogits(size: Double) throws {
    let logits = Tensor([0, size, -size, 0, size, -size], shape: [2, 3], dtype: .float64)
    let loss = Loss.crossEntropy(logits, labels: Tensor([Int32(1), 0]))
    #expect(try loss.item() == size / 2)
    let slope = try gradient(at: logits) { Loss.crossEntropy($0, labels: Tensor([Int32(1), 0])) }
    #expect(try slope.doubles() == [0, 0, 0, -0.5, 0.5, 0])
  }

  @Test(arguments: [Int32(-1), 4, .max]) func labelsOutOfRange(label: Int32) {
    let labels = Tensor([Int32(0), 1, 2, 3, label])
    #expect(Loss.crossEntropy(Self.logits, labels: labels).error != nil)
    #expect(throws: TensorError.self) {
      try gradient(at: Self.logits) { Loss.crossEntropy($0, labels: labels) }
    }
  }

  @Test func squaredErrorAndNorm() throws {
    let (a, b) = (
      Tensor([1.0, 2, 4, 8], shape: [2, 2], dtype: .float64),
      Tensor([0.0, 2, 5, 5], shape: [2, 2], dtype: .float64)
    )
    try expectClose(Loss.squaredError(a, b), (1 + 0 + 1 + 9) / 4)
    try expectClose(
      Loss.halfSquaredNorm([a, Tensor([3.0], dtype: .float64)]), 0.5 * (1 + 4 + 16 + 64 + 9))
    #expect(try Loss.halfSquaredNorm(NoTensors()).item() == 0)
  }

  @Test func logistic() throws {
    let (scores, signs) = ([0.3, -2, 800, -800], [1.0, 1, 1, 1])
    let expected =
      (Foundation.log(1 + Foundation.exp(-0.3)) + Foundation.log(1 + Foundation.exp(2.0)) + 800) / 4
    try expectClose(Loss.logistic(Tensor(scores), signs: Tensor(signs)), expected)
    try expectClose(
      Loss.logistic(-Tensor(scores), signs: -Tensor(signs)), expected)
  }

  @Test(arguments: [DType.float64, .float32]) func accuracy(_ dtype: DType) throws {
    let logits = Tensor([3.0, 1, 2, 0, 5, 5, -1, -2, -3, 4, 4, 4], shape: [4, 3], dtype: .float64)
      .cast(to: dtype)
    // The first of equal logits counts.
    let labels = Tensor([Int32(0), 1, 2, 1])
    let share = Loss.accuracy(logits, labels: labels)
    #expect(share.dtype == dtype)
    #expect(try share.item() == 0.5)
    let compiled = Compiled { (x: Pair<Tensor, Tensor>) in Loss.accuracy(x.first, labels: x.second)
    }
    #expect(try compiled(Pair(logits, labels)).item() == 0.5)
    #expect(try Loss.accuracy(logits, labels: Tensor([Int32(0), 1, 0, 0])).item() == 1)
    #expect(try Loss.accuracy(logits, labels: Tensor([Int32(2), 2, 2, 2])).item() == 0)
  }
}
