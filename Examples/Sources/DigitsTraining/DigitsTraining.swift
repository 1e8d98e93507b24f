import Outerloop

/// A network for handwritten digits, and what can be chosen about its training.
public struct DigitsSettings: Sendable, Codable {
  public var optimizer = "adam"
  public var rate = 0.01
  /// Only for `sgd`.
  public var momentum: Double?
  public var layers = 1
  public var units = 64
  public var activation = "relu"
  public var decay = 1e-4
  public var batch = 64

  public init() {}
}

/// Trains on 1,000 of the digits that come with the package, and validates on the others.
public struct DigitsTraining: Sendable {
  public static let epochs = 8

  private let pixels, labels, heldPixels, heldLabels: Tensor
  private let count = 1000

  public init() throws {
    let digits = try Digits.load()
    let order = RandomKey(seed: 1, purpose: "split").permutation(digits.count)
    let train = try digits.selecting(Array(order[..<count]))
    let held = try digits.selecting(Array(order[count...]))
    (pixels, labels) = (train.featureTensor(flat: true) / 16, train.labelTensor)
    (heldPixels, heldLabels) = (held.featureTensor(flat: true) / 16, held.labelTensor)
  }

  /// Loss and error, as a share, on the digits held out.
  public struct Score: Sendable {
    public var loss: Double
    public var error: Double
  }

  private struct Step: Structure {
    var state: TrainingState<MultilayerPerceptron>
    var time: Time
    var rows: Tensor

    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows {
      try state.visit(path + ".state", body)
      try time.visit(path + ".time", body)
      try rows.visit(path + ".rows", body)
    }
  }

  /// Trains epoch after epoch and hands each epoch's score out; false from `report` ends it.
  public func train(
    _ settings: DigitsSettings, seed: UInt64, report: (Int, Score) async throws -> Bool
  ) async throws {
    let sizes = [64] + Array(repeating: settings.units, count: settings.layers) + [10]
    let network = MultilayerPerceptron(
      sizes, activation: Activation(rawValue: settings.activation) ?? .relu,
      key: RandomKey(seed: seed, purpose: "weights"))
    let optimizer: Optimizer =
      settings.optimizer == "sgd"
      ? .momentum(rate: .init(settings.rate), momentum: .init(settings.momentum ?? 0))
      : .adam(rate: .init(settings.rate))
    let decay = settings.decay
    let step = Compiled { [pixels, labels] (step: Step) in
      let gradient = try gradient(at: step.state.weights) { network in
        Loss.crossEntropy(
          network(pixels.gathered(at: step.rows)), labels: labels.gathered(at: step.rows))
          + decay * Loss.halfSquaredNorm(network)
      }
      return optimizer.update(step.state, gradient: gradient, time: step.time)
    }
    let logits = Compiled { [heldPixels] (network: MultilayerPerceptron) in network(heldPixels) }

    var state = optimizer.initialState(network)
    var number = 0
    for epoch in 1...Self.epochs {
      let order = RandomKey(seed: seed, purpose: "order", index: UInt64(epoch)).permutation(count)
      for start in stride(from: 0, through: count - settings.batch, by: settings.batch) {
        let rows = Tensor(order[start..<start + settings.batch].map { Int32($0) })
        state = try step(Step(state: state, time: Time(step: number), rows: rows))
        number += 1
      }
      let output = try logits(state.weights)
      let score = Score(
        loss: Double(try Loss.crossEntropy(output, labels: heldLabels).item()),
        error: 1 - Double(try Loss.accuracy(output, labels: heldLabels).item()))
      guard try await report(epoch, score) else { return }
    }
  }
}
