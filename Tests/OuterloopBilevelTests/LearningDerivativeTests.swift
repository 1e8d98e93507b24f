import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Layers, losses and optimizer steps at order 2: what hypergradients are made of. A new layer is a
/// new row.
@Suite struct LearningDerivativeTests {
  @Test(arguments: layers + losses + optimizers + schedules)
  func derivatives(_ test: DerivativeCase) throws { try DerivativeLaws.check(test) }

  @Test(arguments: layers + losses) func batching(_ test: DerivativeCase) throws {
    try DerivativeLaws.checkBatching(test)
  }

  static func draw(_ shape: [Int], _ name: String) -> Tensor {
    RandomKey(seed: 13, purpose: name).uniform(shape, dtype: .float64) * 2 - 1
  }

  /// A layer as a function of its parameters and its input.
  static func layer<Layer: Structure>(
    _ name: String, _ layer: Layer, _ input: [Int], tolerance: Double = 1e-6,
    _ apply: @escaping @Sendable (Layer, Tensor) -> Tensor
  ) -> DerivativeCase {
    let moved = layer.leaves.map { $0 + 0.2 * draw($0.shape, name) }
    return DerivativeCase(name, moved + [draw(input, name + " x")], tolerance: tolerance) { x in
      apply(layer.replacingLeaves(x.dropLast()), x[x.count - 1])
    }
  }

  static let key = RandomKey(seed: 14)
  static let layers: [DerivativeCase] = [
    layer("dense", Dense(3, 2, key: key, dtype: .float64), [4, 3]) { $0($1).square() },
    layer(
      "perceptron",
      MultilayerPerceptron([3, 4, 2], activation: .softplus, key: key, dtype: .float64), [3, 3]
    ) { $0($1) },
    layer(
      "convolution", Convolution2D(channels: 2, filters: 2, key: key, dtype: .float64),
      [1, 4, 3, 2]
    ) { tanh($0($1)) },
    layer(
      "strided convolution",
      Convolution2D(
        channels: 1, filters: 2, kernel: [2, 2], stride: [2, 2], padding: .valid, key: key,
        dtype: .float64), [1, 5, 4, 1]
    ) { $0($1).square() },
    layer(
      "batch normalisation", BatchNorm(features: 2, epsilon: 0.1, dtype: .float64), [5, 2],
      tolerance: 1e-5
    ) { $0($1).square() },
    layer("LSTM", LSTMCell(inputs: 2, units: 2, key: key, dtype: .float64), [3, 2, 2]) { cell, x in
      let states = cell(sequence: x)
      return concatenate(states.map(\.hidden) + [states[2].cell])
    },
  ]

  static let labels = Tensor([Int32(1), 3, 0])
  static let losses: [DerivativeCase] = [
    DerivativeCase("cross-entropy", [draw([3, 4], "logits")]) {
      Loss.crossEntropy($0[0], labels: labels)
    },
    DerivativeCase("weighted cross-entropy", [draw([3, 4], "logits"), draw([3], "weights")]) {
      Loss.weightedCrossEntropy($0[0], labels: labels, weights: $0[1])
    },
    DerivativeCase("squared error", [draw([3, 2], "a"), draw([3, 2], "b")]) {
      Loss.squaredError($0[0], $0[1])
    },
    DerivativeCase("logistic", [draw([4], "scores")]) {
      Loss.logistic($0[0], signs: Tensor([1.0, -1, -1, 1], dtype: .float64))
    },
    DerivativeCase("half squared norm", [draw([3, 2], "a"), draw([2], "b")]) {
      Loss.halfSquaredNorm($0)
    },
  ]

  /// One update as a function of weights, gradient, buffers and the optimizer's hyperparameters; also where
  /// gradient and buffers are zero, as at the start of training.
  static let optimizers: [DerivativeCase] = TrialOptimizer.all.flatMap { optimizer in
    let slots = optimizer.make(optimizer.numbers.map { .init($0) }).slotCount
    return [1.0, 0].map { scale in
      let buffers = (0..<slots).map { scale * draw([3], "slot \($0)").square() }
      return DerivativeCase(
        "\(optimizer.name)\(scale == 0 ? " at zero" : "")",
        [draw([3], "w"), scale * draw([3], "g"), Tensor(optimizer.numbers)] + buffers,
        // At zero the third derivative by Adam's second moment is of the order of eps^-7: the error
        // of the differences. `OptimizerTests` has the values to rounding.
        order: 2, tolerance: scale == 0 ? 1e-3 : 1e-5
      ) { x in
        let made = optimizer.make(optimizer.numbers.indices.map { .init(x[2].example($0)) })
        let next = made.update(
          TrainingState(weights: x[0], slots: Array(x[3...])), gradient: x[1], time: Time(step: 2))
        return concatenate(next.leaves)
      }
    }
  }

  static let schedules: [DerivativeCase] = [
    DerivativeCase(
      "exponential",
      [Tensor([0.3], shape: [], dtype: .float64), Tensor([0.6], shape: [], dtype: .float64)]
    ) {
      Schedule.exponential($0[0], factor: $0[1], every: 2, Time(step: 3))
    },
    DerivativeCase(
      "inverse time",
      [Tensor([0.3], shape: [], dtype: .float64), Tensor([0.6], shape: [], dtype: .float64)]
    ) {
      Schedule.inverseTime($0[0], decay: $0[1], Time(step: 3))
    },
    DerivativeCase("cosine", [Tensor([0.3], shape: [], dtype: .float64)]) {
      Schedule.cosine($0[0], floor: 0.1, steps: 7, Time(step: 3)).square()
    },
    DerivativeCase("warm-up", [Tensor([0.3], shape: [], dtype: .float64)]) {
      Schedule.warmUp($0[0], steps: 7, Time(step: 3)).square()
    },
    DerivativeCase("per step", [draw([5], "rates")]) {
      Schedule.perStep($0[0], Time(step: 3)).square()
    },
  ]
}
