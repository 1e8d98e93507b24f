internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// A small classifier of the bundled digits: trained on 1,000 of them for 60 full-batch steps,
/// evaluated on the 797 others. A search chooses its architecture and training.
public struct DigitsNetwork: Sendable {
  /// The hyperparameters.
  public struct Settings: Sendable {
    public enum Descent: Sendable {
      case sgd(momentum: Double)
      case adam
    }

    public var descent = Descent.adam
    public var rate = 0.01
    public var layers = 1
    public var units = 32
    /// By the name of an `Activation`.
    public var activation = "relu"
    /// The factor of half the squared norm of the weights.
    public var decay = 1e-4

    public init() {}
  }

  public static let activations = ["relu", "tanh", "sigmoid"]
  private static let steps = 60
  private let pixels, labels, heldPixels, heldLabels: Tensor

  public init() throws {
    let digits = try Digits.load()
    let order = RandomKey(seed: 1, purpose: "split").permutation(digits.count)
    let train = try digits.selecting(Array(order[..<1000]))
    let held = try digits.selecting(Array(order[1000...]))
    (pixels, labels) = (train.featureTensor(flat: true) / 16, train.labelTensor)
    (heldPixels, heldLabels) = (held.featureTensor(flat: true) / 16, held.labelTensor)
  }

  /// The fraction of held-out digits that the trained network misclassifies.
  ///
  /// - Throws: `LabError` with cause `diverged` if training diverges.
  public func error(_ settings: Settings, seed: UInt64) throws -> Double {
    let network = MultilayerPerceptron(
      [64] + Array(repeating: settings.units, count: settings.layers) + [10],
      activation: Activation(rawValue: settings.activation) ?? .relu,
      key: RandomKey(seed: seed, purpose: "weights"))
    let problem = BilevelProblem(
      steps: Self.steps, weights: { (_: Tensor) in network },
      optimizer: { _, _ in settings.optimizer },
      loss: { [pixels, labels] network, decay in
        Loss.crossEntropy(network(pixels), labels: labels) + decay * Loss.halfSquaredNorm(network)
      },
      outer: { [heldPixels, heldLabels] network, _ in
        Loss.crossEntropy(network(heldPixels), labels: heldLabels)
      })
    do {
      let trained = try problem.solve(at: Tensor(settings.decay)).state.weights
      return 1 - Double(try Loss.accuracy(trained(heldPixels), labels: heldLabels).item())
    } catch BilevelError.nonFinite(_, let step, _, _) {
      throw LabError(
        .diverged, "training diverged" + (step.map { " at step \($0)" } ?? ""),
        remedy: "a smaller rate")
    }
  }
}

extension DigitsNetwork.Settings {
  fileprivate var optimizer: Optimizer {
    switch descent {
    case .sgd(let momentum): .momentum(rate: .init(rate), momentum: .init(momentum))
    case .adam: .adam(rate: .init(rate))
    }
  }
}
