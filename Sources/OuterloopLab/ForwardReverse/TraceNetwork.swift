internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// The three models of the forward-and-reverse comparison, for images of 28x28 pixels.
enum TraceModel: String, CaseIterable, Codable, Sendable {
  case logistic, mlp, cnn

  /// Published results: bytes of states in MiB, and test accuracy without and with real-time updates.
  struct Published: Sendable {
    var forwardMiB, reverseMiB, batchAccuracy, realTimeAccuracy, agreement: Double
  }

  var published: Published {
    switch self {
    case .logistic:
      .init(
        forwardMiB: 0.30, reverseMiB: 6.11, batchAccuracy: 0.826, realTimeAccuracy: 0.861,
        agreement: 1e-5)
    case .mlp:
      .init(
        forwardMiB: 4.70, reverseMiB: 36.9, batchAccuracy: 0.221, realTimeAccuracy: 0.262,
        agreement: 1e-5)
    case .cnn:
      .init(
        forwardMiB: 26.4, reverseMiB: 245, batchAccuracy: 0.339, realTimeAccuracy: 0.885,
        agreement: 4e-4)
    }
  }

  /// The number of layers with separate weight penalties.
  var layers: Int {
    switch self {
    case .logistic: 1
    case .mlp: 5
    case .cnn: 4
    }
  }

  /// Two penalties for each layer, the rate and the momentum.
  var hyperparameters: Int { 2 * layers + 2 }
}

/// Convolutions with 2x2 means, then dense layers with ReLU between them.
///
/// 784-10; 784-50-50-50-50-10; and 16 and 32 filters of 5x5, 191 hidden units. The source states 315,074 weights for
/// its convolutional network but not its layout; this one has 314,847.
struct TraceNetwork: Structure {
  var convolutions: [Convolution2D]
  var layers: [Dense]

  static let side = 28

  init(_ model: TraceModel, classes: Int, seed: UInt64) {
    let keys = RandomKey(seed: seed, purpose: "trace network").split(8)
    let pixels = Self.side * Self.side
    func dense(_ sizes: [Int], from first: Int) -> [Dense] {
      zip(sizes, sizes.dropFirst()).enumerated().map { place, pair in
        Dense(
          weights: Initializer.he([pair.0, pair.1], fanIn: pair.0, key: keys[first + place]),
          bias: Tensor.zeros([pair.1]))
      }
    }
    switch model {
    case .logistic:
      convolutions = []
      layers = [Dense(weights: Tensor.zeros([pixels, classes]), bias: Tensor.zeros([classes]))]
    case .mlp:
      convolutions = []
      layers = dense([pixels, 50, 50, 50, 50, classes], from: 0)
    case .cnn:
      convolutions = [
        Convolution2D(channels: 1, filters: 16, kernel: [5, 5], key: keys[0]),
        Convolution2D(channels: 16, filters: 32, kernel: [5, 5], key: keys[1]),
      ]
      layers = dense([pixels / 16 * 32, 191, classes], from: 2)
    }
  }

  /// Logits of pictures (n, 784).
  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    if !convolutions.isEmpty {
      y = x.reshaped([x.shape[0], Self.side, Self.side, 1])
      for convolution in convolutions { y = averagePool(relu(convolution(y)), window: [2, 2]) }
      y = y.reshaped([x.shape[0], -1])
    }
    for (place, layer) in layers.enumerated() {
      y = layer(y)
      if place < layers.count - 1 { y = relu(y) }
    }
    return y
  }

  /// The weights of each layer, without biases.
  var penalized: [Tensor] { convolutions.map(\.filter) + layers.map(\.weights) }

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try convolutions.visit(path + ".convolutions", body)
    try layers.visit(path + ".layers", body)
  }
}
