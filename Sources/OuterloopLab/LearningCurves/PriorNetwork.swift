internal import OuterloopAutodiff
internal import OuterloopNumerics

/// A random tanh network, through which FT-PFN's prior couples the curves of a task: similar configurations
/// have similar curves. Layers, widths, weights and noise are drawn as in `ifbo/priors/ftpfn_prior.py`
/// (Rakotoarison et al. 2024): 8 to 15 layers, width 36 to 149, weights N(0, s^2) with s from U(.089, .193),
/// .145 of the inner weights 0 and the others scaled up accordingly, noise of standard deviation U(.0003,
/// .0014) before each tanh and U(.0004, .0013) at the end.
struct PriorNetwork {
  static let outputs = 23
  private let layers: [(weights: Tensor, bias: Tensor)]
  private let noise, outputNoise: Double

  init(inputs: Int, key: RandomKey) {
    let (setup, weightKey) = (key.split(2)[0], key.split(2)[1])
    let draws = setup.split(5).map { $0.uniform() }
    let depth = 8 + Int(draws[0] * 8)
    let width = 36 + Int(draws[1] * 114)
    let scale = 0.089 + draws[2] * (0.193 - 0.089)
    noise = 0.0003 + draws[3] * (0.0014 - 0.0003)
    outputNoise = 0.0004 + draws[4] * (0.0013 - 0.0004)
    let sizes = [inputs] + Array(repeating: width, count: depth - 1) + [Self.outputs]
    let keys = weightKey.split(3 * depth)
    let kept = 1 - 0.145
    layers = (0..<depth).map { layer in
      let shape = [sizes[layer], sizes[layer + 1]]
      var weights = keys[3 * layer].normal(shape) * scale
      if layer > 0, layer < depth - 1 {
        // floor(u + kept) is 1 with probability `kept`.
        let mask = (keys[3 * layer + 2].uniform(shape) + kept).floor()
        weights = weights * mask * (1 / kept.squareRoot())
      }
      return (weights, keys[3 * layer + 1].normal([shape[1]]) * scale)
    }
  }

  /// The outputs for points of the unit cube: `(n, 23)`, row by row.
  ///
  /// - Parameter points: `(n, inputs)`.
  /// - Complexity: O(n layers width^2).
  func callAsFunction(_ points: Tensor, key: RandomKey) throws -> [Float] {
    let keys = key.split(layers.count)
    var x = (points.cast(to: .float32) - 0.5) * 12.0.squareRoot()
    for (layer, part) in layers.enumerated() {
      x = matmul(x, part.weights) + part.bias
      let isLast = layer == layers.count - 1
      x = x + keys[layer].normal(x.shape) * (isLast ? outputNoise : noise)
      if !isLast { x = tanh(x) }
      // Only one layer at a time is held.
      x = Tensor(try x.scalars(Float.self), shape: x.shape)
    }
    return try x.scalars(Float.self)
  }
}
