import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Regularisation tuned while the model trains, on regressions whose best regularisation is known.
@Suite struct SelfTuningTests {
  /// c are least-squares weights on few examples, d on many, so that shrinking c is right:
  /// with `w = c / (1 + r)` the error `|w - d|^2` is smallest at `1 / (1 + r) = c.d / c.c`.
  private static let c = [1.3, -0.9, 0.8, 0.5]
  private static let d = [0.9, -0.4, 0.6, 0.2]
  private static let best: Double = {
    let cc = c.reduce(0) { $0 + $1 * $1 }
    return cc / zip(c, d).reduce(0) { $0 + $1.0 * $1.1 } - 1
  }()

  /// Weight decay exp(l) by a hypernetwork: one training run finds the best one, from both sides.
  @Test(arguments: [-2.5, 1.5]) func weightDecay(start: Double) throws {
    let (c, d) = (Tensor(Self.c), Tensor(Self.d))
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 2000, weights: { _ in Tensor.zeros([4], dtype: .float64) },
      optimizer: { _, _ in .momentum(rate: 0.02, momentum: 0.9) },
      loss: { w, l in (w - c).square().sum() + exp(l) * w.square().sum() },
      outer: { w, _ in (w - d).square().sum() })
    let settings = HypernetworkSettings(scale: 0.2, scaleRate: nil, warmUp: 100)
    let end = try problem.minimize(
      from: number(start), by: .hypernetwork(settings), updates: 1000,
      with: OuterLoop(.adam(rate: 0.02)))
    let found = try end.hyper.item()
    #expect(abs(found - log(Self.best)) < 0.1, "\(found), best \(log(Self.best))")
  }

  /// Noise exp(l) on the inputs through a self-tuning layer: each example of a step has a noise of its
  /// own, and what the layer is told about it. With white inputs noise of variance r is a decay of r,
  /// so the best is `l = log(r) / 2`. The outer loss reads l through the layer: its direct term is
  /// the whole hypergradient.
  @Test(arguments: [-2.0, 0.8]) func inputNoise(start: Double) throws {
    let (n, inputs, s) = (256, 4, 0.3)
    let x = try Self.white(n, inputs)
    let (y, target) = (
      matmul(x, Tensor(Self.c, shape: [4, 1])), matmul(x, Tensor(Self.d, shape: [4, 1]))
    )
    var layer = SelfTuningDense(
      inputs, 1, hyperparameters: 1, key: RandomKey(seed: 4), dtype: .float64)
    layer.weightScales = Tensor([0.1], shape: [1, 1], dtype: .float64)
    let initial = layer
    let problem = BilevelProblem<TrainingState<SelfTuningDense>, Tensor, [Tensor]>(
      steps: 3000,
      batches: Batches { step in
        ["inputs", "levels"].map {
          RandomKey(seed: 9, purpose: $0, index: UInt64(step)).tensor
        }
      },
      weights: { _ in initial }, optimizer: { _, _ in .momentum(rate: 0.03, momentum: 0.9) },
      loss: { layer, l, keys in
        let levels = l + s * Tensor.normal([n, 1], key: keys[1], dtype: .float64)
        let noise = exp(levels) * Tensor.normal([n, inputs], key: keys[0], dtype: .float64)
        return Loss.squaredError(layer(x + noise, levels), y)
      },
      outer: { layer, l in Loss.squaredError(layer(x, l), target) })
    let end = try problem.minimize(
      from: Tensor([start]), by: .firstOrder, updates: 1500,
      with: OuterLoop(.adam(rate: 0.01)), training: .online(every: 2, trainings: 1))
    let found = try end.hyper.item()
    #expect(abs(found - log(Self.best) / 2) < 0.15, "\(found), best \(log(Self.best) / 2)")
  }

  /// Inputs (n, k) with mean product exactly the identity, by Gram and Schmidt.
  private static func white(_ n: Int, _ k: Int) throws -> Tensor {
    let values = try RandomKey(seed: 3, purpose: "white").normal([k, n], dtype: .float64).doubles()
    var columns: [[Double]] = []
    for index in 0..<k {
      var column = Array(values[(index * n)..<((index + 1) * n)])
      for other in columns {
        let share = zip(column, other).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
        for i in 0..<n { column[i] -= share * other[i] }
      }
      let size = (column.reduce(0) { $0 + $1 * $1 } / Double(n)).squareRoot()
      columns.append(column.map { $0 / size })
    }
    return Tensor((0..<n).flatMap { row in columns.map { $0[row] } }, shape: [n, k])
  }
}
