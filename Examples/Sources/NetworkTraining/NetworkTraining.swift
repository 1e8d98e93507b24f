import Outerloop

/// A network of dense layers, trained epoch by epoch; a training can rest after any epoch and goes on from
/// there exactly as if it had not.
///
/// The numbers among the hyperparameters are inputs of the compiled step: trials that agree in optimizer,
/// layers, units and batch share one program.
public final class NetworkTraining: Sendable {
  private let data: ImageSplit
  /// Epochs of a full training, which the learning rate is scheduled for.
  private let epochs: Int
  private let steps: [NetworkSettings.Rule: Compiled<Step, TrainingState<MultilayerPerceptron>>]
  private let evaluation: Compiled<MultilayerPerceptron, [Tensor]>

  public init(_ data: ImageSplit, epochs: Int) {
    self.data = data
    self.epochs = epochs
    steps = [
      .sgd: Self.step(.sgd, data, epochs: epochs), .adam: Self.step(.adam, data, epochs: epochs),
    ]
    evaluation = Compiled { [validation = data.validation, test = data.test] network in
      let outputs = [validation, test].map { network.logits($0.pixels) }
      return [
        Loss.crossEntropy(outputs[0], labels: validation.labels),
        Loss.accuracy(outputs[1], labels: test.labels),
      ]
    }
  }

  /// What is needed to go on after an epoch.
  public struct Checkpoint: Sendable {
    public let epoch: Int
    let state: TrainingState<MultilayerPerceptron>

    /// All weights, one after the other.
    public var weights: [[Float]] {
      get throws { try state.weights.leaves.map { try $0.scalars(Float.self) } }
    }
  }

  /// What the network is worth after an epoch.
  public struct Score: Sendable, Hashable {
    /// Mean cross-entropy on the validation part, in nats; NaN where the training has diverged.
    public var loss: Double
    /// The share of wrong answers on the test part, which nothing is chosen by.
    public var testError: Double
  }

  /// Trains from a checkpoint, or from the start, through an epoch; hands every epoch's checkpoint and score
  /// out, and ends early where `report` returns false.
  public func train(
    _ settings: NetworkSettings, seed: UInt64, from checkpoint: Checkpoint?, through last: Int,
    report: (Checkpoint, Score) async throws -> Bool
  ) async throws {
    var state = checkpoint?.state ?? initialState(settings, seed: seed)
    let first = (checkpoint?.epoch ?? 0) + 1
    guard let step = steps[settings.optimizer], first <= last else { return }
    let perEpoch = data.train.count / settings.batch
    for epoch in first...last {
      // All randomness is named by the epoch and the step, so a checkpoint has no generator to keep.
      let order = RandomKey(seed: seed, purpose: "order", index: UInt64(epoch))
        .permutation(data.train.count)
      for batch in 0..<perEpoch {
        let number = (epoch - 1) * perEpoch + batch
        let rows = order[batch * settings.batch..<(batch + 1) * settings.batch]
        let keys = RandomKey(seed: seed, purpose: "dropout", index: UInt64(number))
          .split(settings.layers)
        state = try step(
          Step(
            state: state, time: Time(step: number), rows: Tensor(rows.map { Int32($0) }),
            keys: keys.map(\.tensor),
            numbers: [
              settings.rate, settings.momentum, settings.decay, settings.dropout,
              settings.smoothing,
            ].map { Tensor($0, dtype: .float32) }))
      }
      let measured = try evaluation(state.weights).map { Double(try $0.item()) }
      let score = Score(loss: measured[0], testError: 1 - measured[1])
      guard try await report(Checkpoint(epoch: epoch, state: state), score) else { return }
    }
  }

  private func initialState(
    _ settings: NetworkSettings, seed: UInt64
  ) -> TrainingState<MultilayerPerceptron> {
    let hidden = Array(repeating: settings.units, count: settings.layers)
    let network = MultilayerPerceptron(
      [data.pixels] + hidden + [data.classes], activation: .relu,
      key: RandomKey(seed: seed, purpose: "weights"))
    return Self.optimizer(settings.optimizer, rate: Tensor(0), momentum: Tensor(0)).initialState(
      network)
  }

  private static func optimizer(
    _ rule: NetworkSettings.Rule, rate: Tensor, momentum: Tensor
  ) -> Optimizer {
    switch rule {
    case .sgd: .momentum(rate: .init(rate), momentum: .init(momentum))
    case .adam: .adam(rate: .init(rate))
    }
  }

  private static func step(
    _ rule: NetworkSettings.Rule, _ data: ImageSplit, epochs: Int
  ) -> Compiled<Step, TrainingState<MultilayerPerceptron>> {
    Compiled { [train = data.train, classes = data.classes] (step: Step) in
      let (rate, momentum, decay) = (step.numbers[0], step.numbers[1], step.numbers[2])
      let (dropout, smoothing) = (step.numbers[3], step.numbers[4])
      // As many steps as a full training has, wherever this one ends.
      let total = train.count / step.rows.count * epochs
      let optimizer = optimizer(
        rule, rate: Schedule.cosine(rate, steps: total, step.time), momentum: momentum)
      let images = train.pixels.gathered(at: step.rows)
      let labels = train.labels.gathered(at: step.rows).oneHot(classes)
      let targets = (1 - smoothing) * labels + smoothing / Double(classes)
      let gradient = try gradient(at: step.state.weights) { network in
        let logits = network.logits(images, dropping: dropout, keys: step.keys)
        return softmaxCrossEntropy(logits, targets: targets).mean()
          + decay * Loss.halfSquaredNorm(network)
      }
      return optimizer.update(step.state, gradient: gradient, time: step.time)
    }
  }
}

/// The inputs of a training step.
private struct Step: Structure {
  var state: TrainingState<MultilayerPerceptron>
  var time: Time
  /// The examples of the batch (batch).
  var rows: Tensor
  /// A random key for each hidden layer.
  var keys: [Tensor]
  /// Rate, momentum, decay, dropout, smoothing.
  var numbers: [Tensor]

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try state.visit(path + ".state", body)
    try time.visit(path + ".time", body)
    try rows.visit(path + ".rows", body)
    try keys.visit(path + ".keys", body)
    try numbers.visit(path + ".numbers", body)
  }
}

extension MultilayerPerceptron {
  /// (n, pixels) -> (n, classes). With `keys`, one for each hidden layer, a share of the hidden units is left
  /// out at random, and the others count for more, so that their sum stays the same on average.
  fileprivate func logits(
    _ images: Tensor, dropping share: Tensor = Tensor(0), keys: [Tensor] = []
  ) -> Tensor {
    var y = images
    for (index, layer) in layers.enumerated() {
      y = layer(y)
      guard index < layers.count - 1 else { break }
      y = activation(y)
      if keys.indices.contains(index) {
        y = y * Tensor.uniform(y.shape, key: keys[index]).isAtLeast(share) / (1 - share)
      }
    }
    return y
  }
}
