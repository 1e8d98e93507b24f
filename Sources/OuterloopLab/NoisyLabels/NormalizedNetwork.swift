internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// The network of the generalized greedy paper's noisy-label experiments: three times a 3x3 convolution
/// of 8 channels without bias, batch normalisation, ReLU and a 2x2 mean; then 32 hidden units with
/// ReLU and the classes.
struct NormalizedNetwork: Structure {
  /// (3, 3, channels, 8) each
  var filters: [Tensor]
  var norms: [BatchNorm]
  var hidden, last: Dense

  /// Moments of each normalisation: means, then variances, (8) each.
  struct Moments: Structure {
    var means, variances: [Tensor]

    mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try means.visit(path + ".means", body)
      try variances.visit(path + ".variances", body)
    }
  }

  static let channels = 8

  /// Truncated normal of standard deviation 1/sqrt(inputs), truncated at two of them; biases zero.
  init(height: Int, width: Int, classes: Int, seed: UInt64) {
    let keys = RandomKey(seed: seed, purpose: "normalized network").split(5)
    let channels = Self.channels
    filters = (0..<3).map { index in
      let inputs = index == 0 ? 1 : channels
      return Self.truncatedNormal([3, 3, inputs, channels], inputs: 9 * inputs, keys[index])
    }
    norms = (0..<3).map { _ in BatchNorm(features: channels) }
    let flat = (height / 2 / 2 / 2) * (width / 2 / 2 / 2) * channels
    hidden = Dense(
      weights: Self.truncatedNormal([flat, 32], inputs: flat, keys[3]), bias: Tensor.zeros([32]))
    last = Dense(
      weights: Self.truncatedNormal([32, classes], inputs: 32, keys[4]),
      bias: Tensor.zeros([classes]))
  }

  private static func truncatedNormal(_ shape: [Int], inputs: Int, _ key: RandomKey) -> Tensor {
    // Draws beyond two deviations are redrawn; after eight rounds 1 in 10^10 is left.
    let rounds = key.split(8)
    var draw = rounds[0].normal(shape)
    for round in rounds.dropFirst() {
      draw = select(OuterloopAutodiff.abs(draw).isGreater(than: 2), round.normal(shape), draw)
    }
    return draw * (1 / Double(inputs).squareRoot())
  }

  /// Logits (n, classes) of pictures (n, h, w, 1), with the batch's own moments, and these moments.
  func train(_ x: Tensor) -> (logits: Tensor, moments: Moments) {
    var moments = Moments(means: [], variances: [])
    let logits = forward(x) { norm, z in
      let (mean, variance) = norm.statistics(of: z)
      moments.means.append(mean)
      moments.variances.append(variance)
      return norm.infer(z, mean: mean, variance: variance)
    }
    return (logits, moments)
  }

  /// Logits with given moments.
  func infer(_ x: Tensor, _ moments: Moments) -> Tensor {
    var index = 0
    return forward(x) { norm, z in
      defer { index += 1 }
      return norm.infer(z, mean: moments.means[index], variance: moments.variances[index])
    }
  }

  private func forward(_ x: Tensor, _ normalize: (BatchNorm, Tensor) -> Tensor) -> Tensor {
    var z = x
    for (filter, norm) in zip(filters, norms) {
      z = relu(normalize(norm, convolution(z, filter, padding: .same)))
      z = averagePool(z, window: [2, 2])
    }
    return last(relu(hidden(z.reshaped([x.shape[0], -1]))))
  }

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try filters.visit(path + ".filters", body)
    try norms.visit(path + ".norms", body)
    try hidden.visit(path + ".hidden", body)
    try last.visit(path + ".last", body)
  }
}
